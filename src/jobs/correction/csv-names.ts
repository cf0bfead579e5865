import { unreadable } from '../../lake/table-file.ts';

const MOST_CHARACTERS = 1_000_000;

/**
 * The names in the first line of a CSV file as they stand there, in double quotes or without: an engine would skip
 * what is empty, and make those alike different.
 *
 * @param pieces of the file, from its beginning
 * @throws TierdError USAGE where there is no end to it
 */
export async function csvNames(
  file: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<readonly string[]> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const names: string[] = [];
  let [name, isQuoted, hasJustClosed, characters] = ['', false, false, 0];
  const take = (): void => {
    names.push(name.trim());
    name = '';
  };
  for await (const piece of pieces) {
    const text = decoder.decode(piece, { stream: true });
    for (const character of characters === 0 ? text.replace(/^\ufeff/u, '') : text) {
      if (character === '"') {
        if (hasJustClosed) name += '"';
        hasJustClosed = isQuoted;
        isQuoted = !isQuoted;
        continue;
      }
      hasJustClosed = false;
      if (isQuoted) name += character;
      else if (character === ',') take();
      else if (character === '\n' || character === '\r') return [...names, name.trim()];
      else name += character;
    }
    characters += text.length;
    if (characters > MOST_CHARACTERS) throw unreadable(file, 'its first line does not end');
  }
  return characters === 0 ? [] : [...names, name.trim()];
}
