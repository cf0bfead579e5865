/**
 * Which keys of the live store a source reads, and what their names say: `tick:latest:{symbol}`.
 * A capture takes no `:`; `{name*}` takes anything. `{{` and `}}` stand for plain braces.
 */
export interface KeyPattern {
  /** As it was written. */
  readonly text: string;
  readonly captures: readonly string[];
  /** For SCAN … MATCH: finds every key of the pattern, and may find others. */
  readonly glob: string;
  /** Exact; group n is capture n. */
  readonly regexp: RegExp;
}

const TOKEN = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;
const CAPTURE = /^([A-Za-z_][A-Za-z0-9_]*)(\*?)$/;

/** Throws RangeError, with a message for whoever wrote the pattern. */
export function parseKeyPattern(text: string): KeyPattern {
  if (text === '') throw new RangeError('an empty pattern names no key');
  const captures: string[] = [];
  let glob = '';
  let regexp = '';
  let end = 0;
  const literal = (plain: string): void => {
    glob += plain.replace(/[*?[\]\\^]/g, '\\$&');
    regexp += plain.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  };
  for (const match of text.matchAll(TOKEN)) {
    literal(text.slice(end, match.index));
    end = match.index + match[0].length;
    if (match[0] === '{{' || match[0] === '}}') {
      literal(match[0].charAt(0));
      continue;
    }
    const [, name, rest] = CAPTURE.exec(match[1] ?? '') ?? [];
    if (name === undefined) {
      throw new RangeError(`"${match[0]}" is not a capture: write {name}, or {{ for a plain brace`);
    }
    if (captures.includes(name)) throw new RangeError(`{${name}} stands in it twice`);
    captures.push(name);
    glob += '*';
    regexp += rest === '*' ? '(.+)' : '([^:]+)';
  }
  literal(text.slice(end));
  return { text, captures, glob, regexp: new RegExp(`^${regexp}$`, 's') };
}

/** The captures' values, in the order of `pattern.captures`; null when the key is none of them. */
export function matchKey(pattern: KeyPattern, key: string): readonly string[] | null {
  return pattern.regexp.exec(key)?.slice(1) ?? null;
}
