/** A key of the live store as text that PostgreSQL holds: NUL as `\0`, and `\` as `\\`. */
export function keyText(key: string): string {
  return key.replaceAll('\\', '\\\\').replaceAll('\0', '\\0');
}

/** The key again. */
export function keyOfText(text: string): string {
  return text.replaceAll(/\\([\\0])/g, (_, escaped: string) => (escaped === '0' ? '\0' : '\\'));
}
