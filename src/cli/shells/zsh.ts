import {
  CONFIG_FLAGS,
  type CommandTree,
  flagsWithValue,
  isOption,
  placeList,
  quote,
  type ValueOption,
  type Word,
} from './command-tree.ts';

/** What begins with a dash is offered to who types one: names and commands are not to be sought among it. */
export function zshScript(tree: CommandTree): string {
  const values = tree.valueOptions.map(
    ({ flags, values: offered }) => `    ${flags.join('|')}) ${answer(offered)}; return ;;`,
  );
  const places = tree.places.map(({ path, words, names }) => {
    const named = names === null ? '' : `; names=${names}`;
    const options = listOf(words.filter(isOption));
    const others = listOf(words.filter((word) => !isOption(word)));
    return `    ${quote(path.join(' '))}) commands=(${others}); options=(${options})${named} ;;`;
  });
  return `#compdef tierd
_tierd_names() { print -rl -- \${(f)"$(tierd $config config $1 2>/dev/null)"} }
_tierd_path() { [[ "$1" == "~/"* ]] && print -r -- "$HOME/\${1[3,-1]}" || print -r -- "$1" }
_tierd() {
  local command_path="" names="" before="" word following flag="\${words[CURRENT-1]}"
  local -a commands options config
  if [[ "$PREFIX" == --*=* ]]; then
    flag="\${PREFIX%%=*}"
    compset -P '*='
  fi
  for word in "\${(@Q)words[2,CURRENT-1]}"; do
    case "$before" in
      ${CONFIG_FLAGS.join('|')}) config=(--config "$(_tierd_path $word)"); before=""; continue ;;
      ${flagsWithValue(tree).join('|')}) before=""; continue ;;
    esac
    [[ "$word" == --config=* ]] && config=(--config "$(_tierd_path \${word#*=})")
    before="$word" following="\${command_path:+$command_path }$word"
    case ${quote(placeList(tree))} in
      *"|$following|"*) command_path="$following" ;;
    esac
  done
  case "$flag" in
${values.join('\n')}
  esac
  case "$command_path" in
${places.join('\n')}
  esac
  if [[ "$PREFIX" == -* ]]; then
    _describe 'option' options
  else
    (( $#commands )) && _describe 'command' commands
    [[ -n "$names" ]] && compadd -- \${(f)"$(_tierd_names $names)"}
  fi
}
if [ "$funcstack[1]" = "_tierd" ]; then
  _tierd "$@"
else
  compdef _tierd tierd
fi`;
}

function answer(values: ValueOption['values']): string {
  if (values === 'file') return '_files';
  if (typeof values === 'string') return `compadd -- \${(f)"$(_tierd_names ${values})"}`;
  // zsh would go on to offer what a command may be followed by, if nothing were said.
  return values.length === 0 ? '_message value' : `compadd -- ${values.join(' ')}`;
}

const listOf = (words: readonly Word[]): string => words.map(described).join(' ');

/** `word:what it does`, the form that _describe reads. */
function described({ word, description }: Word): string {
  return quote(`${word.replaceAll(':', '\\:')}:${description}`);
}
