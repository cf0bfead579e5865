import { type CommandTree, placeList, quote, type Word } from './command-tree.ts';

export function zshScript(tree: CommandTree): string {
  const values = tree.valueOptions.map(({ flags, values }) => {
    const action = values === 'file' ? '_files' : `compadd -- ${values.join(' ')}`;
    return `    ${flags.join('|')}) ${action}; return ;;`;
  });
  const words = tree.places.map(({ path, words: following, names }) => {
    const named = names === null ? '' : ` \${(f)"$(${names})"}`;
    const list = following.map(described).join(' ');
    return `    ${quote(path.join(' '))}) candidates=(${list}${named}) ;;`;
  });
  return `#compdef tierd
_tierd() {
  local command_path="" word following
  local -a candidates
  case "\${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  for word in "\${(@)words[2,CURRENT-1]}"; do
    following="\${command_path:+$command_path }$word"
    case ${quote(placeList(tree))} in
      *"|$following|"*) command_path="$following" ;;
    esac
  done
  case "$command_path" in
${words.join('\n')}
  esac
  _describe 'tierd' candidates
}
if [ "$funcstack[1]" = "_tierd" ]; then
  _tierd "$@"
else
  compdef _tierd tierd
fi`;
}

/** `word:what it does`, the form that _describe reads. */
function described({ word, description }: Word): string {
  return quote(`${word.replaceAll(':', '\\:')}:${description}`);
}
