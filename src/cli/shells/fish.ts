import {
  type CommandTree,
  commandWords,
  type Place,
  quote,
  type ValueOption,
} from './command-tree.ts';

export function fishScript(tree: CommandTree): string {
  const lines = tree.places.flatMap((place) => {
    const complete = `complete -c tierd -n ${quote(conditionOf(place, tree))}`;
    const words = place.words.map(({ word, description }) => {
      const what = word.startsWith('--')
        ? `-l ${word.slice(2)}${valueOf(word, tree.valueOptions)}`
        : `-a ${word}`;
      return `${complete} ${what} -d ${quote(description)}`;
    });
    return place.names === null ? words : [...words, `${complete} -a ${quote(`(${place.names})`)}`];
  });
  return ['# fish completion for tierd', 'complete -c tierd -f', ...lines].join('\n');
}

/** True where exactly the words of `path` have been typed, and no command below it. */
function conditionOf({ path }: Place, tree: CommandTree): string {
  const below = tree.places
    .filter((other) => other.path.length === path.length + 1 && startsWith(other.path, path))
    .map((other) => other.path.at(-1) ?? '');
  const later = path.length === 0 ? commandWords(tree).split(' ') : below;
  return [
    ...path.map((word) => `__fish_seen_subcommand_from ${word}`),
    ...(later.length === 0 ? [] : [`not __fish_seen_subcommand_from ${later.join(' ')}`]),
  ].join('; and ');
}

function valueOf(flag: string, options: readonly ValueOption[]): string {
  const values = options.find(({ flags }) => flags.includes(flag))?.values;
  if (values === undefined) return '';
  if (values === 'file') return ' -r -F';
  return values.length === 0 ? ' -x' : ` -x -a ${quote(values.join(' '))}`;
}

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.every((word, index) => path[index] === word);
}
