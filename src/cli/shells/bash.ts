import { type CommandTree, placeList, quote } from './command-tree.ts';

export function bashScript(tree: CommandTree): string {
  const values = tree.valueOptions.map(({ flags, values }) => {
    const compgen = values === 'file' ? '-f' : `-W ${quote(values.join(' '))}`;
    return `    ${flags.join('|')}) mapfile -t COMPREPLY < <(compgen ${compgen} -- "$current"); return ;;`;
  });
  const words = tree.places.map(({ path, words: following, names }) => {
    const list = quote(following.map(({ word }) => word).join(' '));
    const named = names === null ? '' : `" $(${names})"`;
    return `    ${quote(path.join(' '))}) words=${list}${named} ;;`;
  });
  return `# bash completion for tierd
_tierd() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" words="" word following
  case "$previous" in
${values.join('\n')}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    following="\${path:+$path }$word"
    case ${quote(placeList(tree))} in
      *"|$following|"*) path="$following" ;;
    esac
  done
  case "$path" in
${words.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _tierd tierd`;
}
