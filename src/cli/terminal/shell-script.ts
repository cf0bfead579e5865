/** Completion scripts, generated from the command tree so that they never lag behind it. */
import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Word {
  readonly word: string;
  readonly description: string;
}

/** What may follow the words of `path`, `config` or `config print`. */
interface Place {
  readonly path: readonly string[];
  readonly words: readonly Word[];
}

export function shellScript(shell: Shell, program: Command): string {
  const places = placesOf(program, []);
  switch (shell) {
    case 'bash':
      return bash(places);
    case 'zsh':
      return zsh(places);
    case 'fish':
      return fish(places);
  }
}

function placesOf(command: Command, path: readonly string[]): Place[] {
  const children = command.commands.filter((child) => child.name() !== 'help');
  return [
    {
      path,
      words: [
        ...children.map((child) => ({ word: child.name(), description: child.description() })),
        ...command.registeredArguments.flatMap((argument) =>
          (argument.argChoices ?? []).map((word) => ({ word, description: argument.description })),
        ),
        ...optionsOf(command),
      ],
    },
    ...children.flatMap((child) => placesOf(child, [...path, child.name()])),
  ];
}

function optionsOf(command: Command): Word[] {
  const words: Word[] = [{ word: '--help', description: 'explain this command' }];
  for (let at: Command | null = command; at !== null; at = at.parent) {
    for (const { long, description, hidden } of at.options) {
      if (long !== undefined && !hidden) words.push({ word: long, description });
    }
  }
  return words;
}

function bash(places: readonly Place[]): string {
  const cases = places
    .map(({ path, words }) => {
      const list = words.map(({ word }) => word).join(' ');
      return `    ${quote(path.join(' '))}) words=${quote(list)} ;;`;
    })
    .join('\n');
  return `# bash completion for tierd
_tierd() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word
  case "$previous" in
    -c|--config|--output) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${commandWords(places)} " in
      *" $word "*) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _tierd tierd`;
}

function zsh(places: readonly Place[]): string {
  const cases = places
    .map(({ path, words }) => {
      const list = words.map(({ word, description }) =>
        quote(`${word.replaceAll(':', '\\:')}:${oneLine(description)}`),
      );
      return `    ${quote(path.join(' '))}) candidates=(${list.join(' ')}) ;;`;
    })
    .join('\n');
  return `#compdef tierd
_tierd() {
  local path_words="" word
  local -a candidates
  if [[ "\${words[CURRENT-1]}" == (-c|--config|--output) ]]; then
    _files
    return
  fi
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case " ${commandWords(places)} " in
      *" $word "*) path_words="\${path_words:+$path_words }$word" ;;
    esac
  done
  case "$path_words" in
${cases}
  esac
  _describe 'tierd' candidates
}
if [ "$funcstack[1]" = "_tierd" ]; then
  _tierd "$@"
else
  compdef _tierd tierd
fi`;
}

function fish(places: readonly Place[]): string {
  const all = commandWords(places).split(' ');
  const lines = places.flatMap(({ path, words }) => {
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const deeper = places
      .filter((other) => other.path.length === path.length + 1 && isBelow(other.path, path))
      .map((other) => other.path.at(-1) ?? '');
    const none = path.length === 0 ? all : deeper;
    const not = none.length === 0 ? [] : [`not __fish_seen_subcommand_from ${none.join(' ')}`];
    const condition = quote([...seen, ...not].join('; and '));
    return words.map(({ word, description }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      const file = word === '--config' || word === '--output' ? ' -r -F' : '';
      return `complete -c tierd -n ${condition} ${what}${file} -d ${quote(oneLine(description))}`;
    });
  });
  return ['# fish completion for tierd', 'complete -c tierd -f', ...lines].join('\n');
}

function isBelow(path: readonly string[], above: readonly string[]): boolean {
  return above.every((word, index) => path[index] === word);
}

/** Every word that names a command, so that dataset names and files are not taken for one. */
function commandWords(places: readonly Place[]): string {
  return [...new Set(places.flatMap(({ path }) => path))].join(' ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** In single quotes, for all three shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
