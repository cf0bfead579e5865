/**
 * Takes one JSON object apart without turning its numbers into floating point: each member's value
 * stays the text that it was written as.
 */
const PLAIN_STRING = /"[^"\\\u0000-\u001f]*"/y;
const ANY_STRING = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;
/** Up to the next thing that opens, closes or may hide a bracket. */
const INSIDE = /[^"[\]{}]*/y;

/**
 * Calls `onMember` with each member of the outermost object: a string as it reads, anything else as
 * it is written, null for null. A name may come twice: the last one counts.
 *
 * @returns whether the text is one JSON object; when it is not, some members may have been told.
 */
export function splitJson(
  text: string,
  onMember: (name: string, value: string | null) => void,
): boolean {
  let at = skip(SPACE, text, 0);
  if (text[at] !== '{') return false;
  at = skip(SPACE, text, at + 1);
  if (text[at] === '}') return skip(SPACE, text, at + 1) === text.length;
  for (;;) {
    const nameEnd = stringEnd(text, at);
    const name = nameEnd < 0 ? null : readString(text, at, nameEnd);
    if (name === null) return false;
    at = skip(SPACE, text, nameEnd);
    if (text[at] !== ':') return false;
    at = skip(SPACE, text, at + 1);
    const end = valueEnd(text, at);
    if (end < 0) return false;
    const value = readValue(text, at, end);
    if (value === undefined) return false;
    onMember(name, value);
    at = skip(SPACE, text, end);
    if (text[at] === '}') return skip(SPACE, text, at + 1) === text.length;
    if (text[at] !== ',') return false;
    at = skip(SPACE, text, at + 1);
  }
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.test(text);
  return pattern.lastIndex;
}

/** Behind the string that begins at `at`, or -1. */
function stringEnd(text: string, at: number): number {
  return match(PLAIN_STRING, text, at) ? PLAIN_STRING.lastIndex : ends(ANY_STRING, text, at);
}

function match(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

function ends(pattern: RegExp, text: string, at: number): number {
  return match(pattern, text, at) ? pattern.lastIndex : -1;
}

function valueEnd(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return stringEnd(text, at);
  if (first !== '{' && first !== '[') return ends(SCALAR, text, at);
  let depth = 0;
  for (let position = at; position < text.length; ) {
    position = skip(INSIDE, text, position);
    const sign = text[position];
    if (sign === '"') {
      position = stringEnd(text, position);
      if (position < 0) return -1;
      continue;
    }
    position += 1;
    if (sign === '{' || sign === '[') depth += 1;
    else depth -= 1;
    if (depth === 0) return position;
  }
  return -1;
}

/** Undefined for what only looks like a value. */
function readValue(text: string, from: number, to: number): string | null | undefined {
  const first = text[from];
  if (first === '"') return readString(text, from, to) ?? undefined;
  const written = text.slice(from, to);
  if (first !== '{' && first !== '[') return written === 'null' ? null : written;
  return isJson(written) ? written : undefined;
}

function readString(text: string, from: number, to: number): string | null {
  const inner = text.slice(from + 1, to - 1);
  if (!inner.includes('\\')) return inner;
  try {
    return JSON.parse(text.slice(from, to)) as string;
  } catch {
    // An escape that JSON does not know: the text is not JSON, and so it is told.
    return null;
  }
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
