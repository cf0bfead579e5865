import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitJson } from '../../../../src/domain/drain/split-json.ts';

function split(text: string): Map<string, string | null> | null {
  const members = new Map<string, string | null>();
  return splitJson(text, (name, value) => members.set(name, value)) ? members : null;
}

describe('a JSON object', () => {
  it('keeps its numbers as they are written', () => {
    const text = '{"a": 0.12345678901234567890, "b":1.10,"c":-1E+400 , "d": 12345678901234567890 }';
    expect(Object.fromEntries(split(text) ?? [])).toEqual({
      a: '0.12345678901234567890',
      b: '1.10',
      c: '-1E+400',
      d: '12345678901234567890',
    });
  });

  it('gives strings as they read, null as nothing, and what is nested as it is written', () => {
    const text = '{"s":"a\\n\\u00e9\\"","n":null,"t":true,"o":{"x":[1,"]}"]},"e":"","":[]}';
    expect(Object.fromEntries(split(text) ?? [])).toEqual({
      s: 'a\né"',
      n: null,
      t: 'true',
      o: '{"x":[1,"]}"]}',
      e: '',
      '': '[]',
    });
  });

  it.each([
    '',
    '[]',
    '1',
    'null',
    '{',
    '{}x',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a":01}',
    '{"a":NaN}',
    '{"a":"\u0000"}',
    '{"a":"\\x"}',
    '{"a":[1}',
    '{"a":[1,]}',
    '{"a":{"b":1}',
    "{'a':1}",
    '{"a":1 "b":2}',
  ])('is not %j', (text) => {
    expect(split(text)).toBeNull();
  });

  it('has the members that JSON.parse finds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (value) => {
        const members = split(JSON.stringify(value, null, 1));
        const found = [...(members ?? [])].map(([name, text]) => [
          name,
          typeof value[name] === 'string' || text === null ? text : JSON.parse(text),
        ]);
        expect(new Map(found as [string, unknown][])).toEqual(
          new Map(Object.entries(JSON.parse(JSON.stringify(value)) as object)),
        );
      }),
    );
  });

  it('is found in damaged text only where JSON.parse finds one', () => {
    const good = JSON.stringify({ a: [1.5, { b: 'x"]' }], c: '\\', d: -2e-7, e: null });
    fc.assert(
      fc.property(
        fc.nat(good.length),
        fc.nat(4),
        fc.constantFrom('', '"', '\\', ',', '}', '[', '0', '-', ' '),
        (at, remove, insert) => {
          const text = good.slice(0, at) + insert + good.slice(at + remove);
          let parses = true;
          try {
            JSON.parse(text);
          } catch {
            parses = false;
          }
          expect(split(text) !== null).toBe(parses && text.trim().startsWith('{'));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
