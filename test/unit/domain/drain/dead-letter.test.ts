import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadLetter, decodePayload } from '../../../../src/domain/drain/dead-letter.ts';
import {
  type BatchOrigin,
  type EntryPayload,
  fieldValues,
  type LiveEntry,
} from '../../../../src/domain/live/live-entry.ts';

const REASON = { code: 'missing', text: 'price: no value' } as const;
const LIST: BatchOrigin = {
  kind: 'claimed-list',
  claim: 'c',
  key: 'k',
  fromIndex: 0,
  toIndex: 2,
  last: true,
};

function letterOf(value: string, id: string | null, origin: BatchOrigin): string {
  const entry: LiveEntry = { key: 'k', id, payload: { kind: 'value', value: Buffer.from(value) } };
  return deadLetter(entry, origin, REASON).identity.toString('hex');
}

function plain(payload: EntryPayload): unknown {
  if (payload.kind === 'value') return payload.value;
  return payload.names.map((name, index) => [name, payload.values.at(index)]);
}

it('a dead letter holds the payload byte for byte', () => {
  const bytes = fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array));
  const payload = fc.oneof(
    bytes.map((value): EntryPayload => ({ kind: 'value', value })),
    fc.array(fc.tuple(fc.string({ unit: 'binary' }), bytes)).map(
      (fields): EntryPayload => ({
        kind: 'fields',
        names: fields.map(([name]) => name),
        values: fieldValues(fields.map(([, value]) => value)),
      }),
    ),
  );
  fc.assert(
    fc.property(payload, (original) => {
      const letter = deadLetter(
        { key: 'k', id: null, payload: original },
        { kind: 'keys' },
        REASON,
      );
      expect(plain(decodePayload(letter.payload))).toEqual(plain(original));
    }),
  );
});

describe('a dead letter is the same letter', () => {
  it('for a key that holds the same again, and another for other content', () => {
    const keys: BatchOrigin = { kind: 'keys' };
    expect(letterOf('a', null, keys)).toBe(letterOf('a', null, keys));
    expect(letterOf('a', null, keys)).not.toBe(letterOf('b', null, keys));
    expect(letterOf('a', '1', keys)).not.toBe(letterOf('a', '2', keys));
  });

  it('for an entry of a list by its place, for two equal entries are two', () => {
    expect(letterOf('a', '0', LIST)).not.toBe(letterOf('a', '1', LIST));
    expect(letterOf('a', '0', LIST)).not.toBe(letterOf('a', '0', { ...LIST, claim: 'd' }));
    expect(letterOf('a', '0', LIST)).toBe(letterOf('a', '0', LIST));
  });
});
