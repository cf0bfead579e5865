import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuditRecord,
  ChainCheck,
  hashEntry,
  NO_HASH,
  writeEntry,
} from '../../../src/domain/audit.ts';

const BY = { holder: 'host:7', isByHand: true, user: 'ops' };

/** A chain of entries with these texts. */
function chainOf(texts: readonly string[]): AuditRecord[] {
  let hash = NO_HASH;
  return texts.map((entry, index) => {
    const number = BigInt(index + 1);
    hash = hashEntry(hash, number, entry);
    return { number, entry, hash };
  });
}

function check(records: readonly AuditRecord[], head = records.at(-1)): bigint | null {
  const checking = new ChainCheck('ticks');
  for (const record of records) checking.add(record);
  checking.end(head ?? { number: 0n, hash: NO_HASH });
  return checking.broken?.number ?? null;
}

const texts = fc.array(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 12 });

describe('the audit log', () => {
  it('is whole as it was written, also without an entry', () => {
    fc.assert(fc.property(texts, (entries) => check(chainOf(entries)) === null));
    expect(check([])).toBeNull();
  });

  it('is broken at an entry that was changed', () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.string(), (entries, seed, text) => {
        const at = seed % entries.length;
        fc.pre(text !== entries[at]);
        const records = chainOf(entries).map((record, index) =>
          index === at ? { ...record, entry: text } : record,
        );
        return check(records) === BigInt(at + 1);
      }),
    );
  });

  it('is broken behind an entry that was changed together with its hash', () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.string(), (entries, seed, text) => {
        const at = seed % (entries.length - 1);
        fc.pre(text !== entries[at]);
        const records = chainOf(entries);
        const before = records[at - 1]?.hash ?? NO_HASH;
        const number = BigInt(at + 1);
        records[at] = { number, entry: text, hash: hashEntry(before, number, text) };
        return check(records) === BigInt(at + 2);
      }),
    );
  });

  it('is broken where an entry is missing: the first, one between, or the last', () => {
    fc.assert(
      fc.property(texts, fc.nat(), (entries, seed) => {
        const at = seed % entries.length;
        const records = chainOf(entries);
        return check(records.toSpliced(at, 1), records.at(-1)) === BigInt(at + 1);
      }),
    );
  });

  it('is broken where entries have changed places', () => {
    const [one, two, three] = chainOf(['a', 'b', 'c']);
    if (one === undefined || two === undefined || three === undefined) throw new Error('no chain');
    expect(check([one, { ...three, number: 2n }, { ...two, number: 3n }])).toBe(2n);
  });
});

describe('an entry', () => {
  it('says who did what when, and nothing of what does not belong to it', () => {
    const entry = writeEntry({
      action: 'moved',
      chain: 'ticks',
      at: Date.parse('2026-03-31T13:45:00Z'),
      by: BY,
      runId: 7n,
      id: 'a-move',
      ranges: [{ fromInclusive: 0, toExclusive: 86_400_000 }],
      rows: 12n,
      retired: [],
    });
    expect(JSON.parse(entry)).toEqual({
      at: '2026-03-31T13:45:00.000Z',
      action: 'moved',
      dataset: 'ticks',
      by: 'host:7',
      by_hand: true,
      user: 'ops',
      run: '7',
      id: 'a-move',
      ranges: [{ from: '1970-01-01T00:00:00.000Z', to: '1970-01-02T00:00:00.000Z' }],
      rows: '12',
      retired: [],
    });
  });

  it('of the lake as a whole names no dataset', () => {
    const entry = writeEntry({
      action: 'separated',
      chain: '_lake',
      at: 0,
      by: BY,
      facts: { n: 1 },
    });
    expect(JSON.parse(entry)).not.toHaveProperty('dataset');
    expect(JSON.parse(entry)).toMatchObject({ action: 'separated', n: 1 });
  });
});
