/** An array as PostgreSQL writes it: `{1,NULL}`, `{{a,"b c"},{d,e}}`, `[2:3]={1,2}`. */

export interface ArrayText {
  /** None of an array without an element. */
  readonly dimensions: readonly { readonly size: number; readonly from: number }[];
  /** Of all dimensions, the last one running fastest. */
  readonly items: readonly (string | null)[];
}

const TOKEN = /[{}]|"(?:[^"\\]|\\.)*"|(?:[^{},"\\]|\\.)+/gs;

export function parseArray(text: string): ArrayText {
  const [, bounds = '', braces = ''] = /^((?:\[[-\d:]+\])*)=?(\{.*\})$/s.exec(text) ?? [];
  const items: (string | null)[] = [];
  // How many there are at each depth, within the first of its kind.
  const sizes: number[] = [];
  const counts: number[] = [];
  const count = (): void => {
    if (counts.length > 0) counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1;
  };
  for (const [token] of braces.matchAll(TOKEN)) {
    if (token === '{') {
      count();
      counts.push(0);
    } else if (token === '}') {
      sizes[counts.length - 1] = counts.pop() ?? 0;
    } else {
      count();
      items.push(itemOf(token));
    }
  }
  const froms = [...bounds.matchAll(/\[(-?\d+):/g)].map(([, from]) => Number(from));
  const dimensions =
    items.length === 0 ? [] : sizes.map((size, at) => ({ size, from: froms[at] ?? 1 }));
  return { dimensions, items };
}

function itemOf(token: string): string | null {
  if (token === 'NULL') return null;
  const inner = token.startsWith('"') ? token.slice(1, -1) : token;
  return inner.replace(/\\(.)/gs, '$1');
}
