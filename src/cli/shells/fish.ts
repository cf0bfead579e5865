import {
  CONFIG_FLAGS,
  type CommandTree,
  flagsWithValue,
  isOption,
  quote,
  type ValueOption,
  type Word,
} from './command-tree.ts';

export function fishScript(tree: CommandTree): string {
  const places = tree.places.map(({ path }) => quote(path.join(' '))).join(' ');
  const lines = tree.places.flatMap(({ path, words, names }) => {
    // Of one condition fish asks once while it completes a word.
    const complete = `complete -c tierd -n ${quote(`__tierd_at ${quote(path.join(' '))}`)}`;
    const offered = words.map(
      (word) =>
        `${complete} ${isOption(word) ? optionOf(word, tree.valueOptions) : `-a ${word.word}`} -d ${quote(word.description)}`,
    );
    return names === null ? offered : [...offered, `${complete} -a ${quote(namesOf(names))}`];
  });
  return `# fish completion for tierd
function __tierd_read
  set -g __tierd_path
  set -g __tierd_config
  set -l before
  for word in (commandline -opc)
    switch "$before"
      case ${CONFIG_FLAGS.join(' ')}
        set -g __tierd_config --config (string replace -r '^~/' $HOME/ -- $word)
        set before
        continue
      case ${flagsWithValue(tree).join(' ')}
        set before
        continue
    end
    string match -q -- '--config=*' $word
    and set -g __tierd_config (string replace -r '=~/' =$HOME/ -- $word)
    set before $word
    set -l following (string trim -- "$__tierd_path $word")
    contains -- $following ${places}
    and set -g __tierd_path $following
  end
end
function __tierd_at
  __tierd_read
  test "$__tierd_path" = "$argv[1]"
end
function __tierd_names
  __tierd_read
  tierd $__tierd_config config $argv[1] 2>/dev/null
end
complete -c tierd -f
${lines.join('\n')}`;
}

function optionOf({ word }: Word, options: readonly ValueOption[]): string {
  const option = options.find(({ flags }) => flags.includes(word));
  const short = option?.flags.find((flag) => /^-[^-]$/.test(flag));
  const flags = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${word.slice(2)}`;
  return `${flags}${option === undefined ? '' : valueOf(option.values)}`;
}

function valueOf(values: ValueOption['values']): string {
  if (values === 'file') return ' -r -F';
  if (typeof values === 'string') return ` -x -a ${quote(namesOf(values))}`;
  return values.length === 0 ? ' -x' : ` -x -a ${quote(values.join(' '))}`;
}

const namesOf = (names: string): string => `(__tierd_names ${names})`;
