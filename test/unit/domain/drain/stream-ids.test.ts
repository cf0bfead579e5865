import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  compareIds,
  packIds,
  sortableId,
  unpackIds,
} from '../../../../src/domain/drain/stream-ids.ts';

const half = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 300n));
const id = fc.tuple(half, half).map(([ms, seq]) => `${String(ms)}-${String(seq)}`);

it('ids come back from the pack, in the order of the stream', () => {
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 30 }), (ids) => {
      const sorted = [...ids].sort((a, b) => (sortableId(a) < sortableId(b) ? -1 : 1));
      expect(unpackIds(packIds(ids))).toEqual(sorted);
    }),
  );
});

it('ids sort as numbers, not as text', () => {
  expect(sortableId('9-10') < sortableId('10-9')).toBe(true);
  expect(sortableId('9-9') < sortableId('9-10')).toBe(true);
  expect(sortableId('18446744073709551615-0') > sortableId('9-10')).toBe(true);
});

it('ids compare as they sort', () => {
  fc.assert(
    fc.property(id, id, half, half, (a, b, ms, seq) => {
      const near = [`${String(ms)}-${String(seq)}`, `${String(ms)}-${String(seq / 10n)}`] as const;
      for (const [one, other] of [[a, b] as const, near]) {
        const [sortable, against] = [sortableId(one), sortableId(other)];
        const wanted = sortable === against ? 0 : sortable < against ? -1 : 1;
        expect(Math.sign(compareIds(one, other))).toBe(wanted);
      }
    }),
  );
});

it('a batch as Redis numbers it takes about two bytes an entry', () => {
  const ids = Array.from(
    { length: 5_000 },
    (_, n) => `${String(1_700_000_000_000 + (n >> 2))}-${String(n & 3)}`,
  );
  expect(packIds(ids).length).toBeLessThan(2.1 * ids.length);
});
