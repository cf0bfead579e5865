import { describe, expect, it } from 'vitest';
import {
  type DroppedPartition,
  partitionsFor,
} from '../../../../src/domain/plan/dropped-partition.ts';

const span = (from: number, to: number) => ({ fromInclusive: from, toExclusive: to });

function dropped(
  name: string,
  [from, to]: readonly [number, number],
  more: Partial<DroppedPartition> = {},
): DroppedPartition {
  return {
    ref: { schema: 'public', name },
    parent: { schema: 'public', name: 't' },
    bound: `FOR VALUES FROM (${String(from)}) TO (${String(to)})`,
    partitionKey: null,
    owner: 'ann',
    tablespace: null,
    options: [],
    range: span(from, to),
    ...more,
  };
}

function chosen(
  gap: readonly [number, number],
  known: readonly DroppedPartition[],
  {
    taken = [],
    covers = [],
  }: { taken?: readonly string[]; covers?: readonly (readonly [number, number])[] } = {},
): readonly string[] {
  const names = { parents: new Set(['public.t']), taken: new Set(taken) };
  const held = covers.map(([from, to]) => span(from, to));
  return partitionsFor(span(...gap), known, names, held).map(({ ref }) => ref.name);
}

describe('the dropped partitions that take a stretch of time', () => {
  it('are those of it alone', () => {
    const known = [dropped('a', [0, 10]), dropped('b', [10, 20]), dropped('c', [20, 30])];
    expect(chosen([10, 20], known)).toEqual(['b']);
    expect(chosen([5, 15], known)).toEqual(['a', 'b']);
  });

  it('are the newest where two were dropped of the same time', () => {
    expect(chosen([0, 10], [dropped('new', [0, 10]), dropped('old', [0, 10])])).toEqual(['new']);
    const cut = [dropped('late', [5, 10]), dropped('early', [0, 5]), dropped('whole', [0, 10])];
    expect(chosen([0, 10], cut)).toEqual(['late', 'early']);
  });

  it('are none where they leave a part of it, or others are in the way', () => {
    expect(chosen([0, 20], [dropped('a', [0, 10])])).toEqual([]);
    expect(chosen([5, 10], [dropped('a', [0, 10])], { covers: [[0, 5]] })).toEqual([]);
    expect(chosen([0, 10], [dropped('a', [0, 10])], { taken: ['public.a'] })).toEqual([]);
    const orphan = dropped('a', [0, 10], { parent: { schema: 'public', name: 'renamed' } });
    expect(chosen([0, 10], [orphan])).toEqual([]);
  });

  it('come with the partition that they are below, and with those beside them', () => {
    const below = { parent: { schema: 'public', name: 'a' } };
    const known = [
      dropped('a', [0, 10], { partitionKey: 'HASH (id)' }),
      dropped('a0', [0, 10], { ...below, bound: 'WITH (modulus 2, remainder 0)' }),
      dropped('a1', [0, 10], { ...below, bound: 'WITH (modulus 2, remainder 1)' }),
    ];
    expect(chosen([2, 3], known)).toEqual(['a', 'a0', 'a1']);
    expect(chosen([2, 3], known.slice(0, 1))).toEqual([]);
  });
});
