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
export function bashScript(tree: CommandTree): string {
  const values = tree.valueOptions.map(
    ({ flags, values: offered }) => `    ${flags.join('|')}) ${answer(offered)}; return ;;`,
  );
  const places = tree.places.map(({ path, words, names }) => {
    const named = names === null ? '' : `; names=${names}`;
    const options = listOf(words.filter(isOption));
    const others = listOf(words.filter((word) => !isOption(word)));
    return `    ${quote(path.join(' '))}) words=${others}; options=${options}${named} ;;`;
  });
  return `# bash completion for tierd
_tierd_offer() { mapfile -t COMPREPLY < <(compgen "$@"); }
_tierd_names() { tierd "\${config[@]}" config "$1" 2>/dev/null; }
_tierd() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" words="" options="" names="" before="" word following
  local -a config=()
  # bash takes --flag=value for three words.
  if [[ "$current" == "=" ]]; then current=""
  elif [[ "$previous" == "=" ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ "$word" == "=" ]] && continue
    case "$before" in
      ${CONFIG_FLAGS.join('|')}) config=(--config "\${word/#\~/$HOME}"); before=""; continue ;;
      ${flagsWithValue(tree).join('|')}) before=""; continue ;;
    esac
    before="$word" following="\${path:+$path }$word"
    case ${quote(placeList(tree))} in
      *"|$following|"*) path="$following" ;;
    esac
  done
  case "$previous" in
${values.join('\n')}
  esac
  case "$path" in
${places.join('\n')}
  esac
  if [[ "$current" == -* ]]; then words="$options"
  elif [[ -n "$names" ]]; then words="$words $(_tierd_names "$names")"; fi
  _tierd_offer -W "$words" -- "$current"
}
complete -F _tierd tierd`;
}

function answer(values: ValueOption['values']): string {
  if (values === 'file')
    return '_tierd_offer -f -- "$current"; compopt -o filenames 2>/dev/null || :';
  const words =
    typeof values === 'string' ? `"$(_tierd_names ${values})"` : quote(values.join(' '));
  return `_tierd_offer -W ${words} -- "$current"`;
}

const listOf = (words: readonly Word[]): string => quote(words.map(({ word }) => word).join(' '));
