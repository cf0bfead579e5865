import { type CommandTree, commandWords, LIST_DATASETS, quote, type Word } from './command-tree.ts';

export function zshScript(tree: CommandTree): string {
  const values = tree.valueOptions.map(({ flags, values }) => {
    const action = values === 'file' ? '_files' : `compadd -- ${values.join(' ')}`;
    return `    ${flags.join('|')}) ${action}; return ;;`;
  });
  const words = tree.places.map(({ path, words: following, takesDatasets }) => {
    const datasets = takesDatasets ? ` \${(f)"$(${LIST_DATASETS})"}` : '';
    const list = following.map(described).join(' ');
    return `    ${quote(path.join(' '))}) candidates=(${list}${datasets}) ;;`;
  });
  return `#compdef tierd
_tierd() {
  local command_path="" word
  local -a candidates
  case "\${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case " ${commandWords(tree)} " in
      *" $word "*) command_path="\${command_path:+$command_path }$word" ;;
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
