import { describe, expect, it } from 'vitest';
import { chooseMerges, MAX_ENTRIES } from '../../../src/catalogue/merge-manifests.ts';
import type { Manifest } from '../../../src/domain/lake/manifest.ts';

const manifest = (key: string, files: number, specId = 0): Manifest => ({
  key,
  bytes: 1,
  specId,
  snapshotId: 1,
  sequenceNumber: 1,
  minSequenceNumber: 1,
  counts: { existing: files, added: 0, deleted: 0 },
  rows: { existing: BigInt(files), added: 0n, deleted: 0n },
  partitions: null,
});

const many = (count: number, files: number, specId = 0): readonly Manifest[] =>
  Array.from({ length: count }, (_, n) =>
    manifest(`${String(specId)}/${String(n)}`, files, specId),
  );

describe('which manifests become one', () => {
  it('are 32 of about one size, and of one partition spec', () => {
    expect(chooseMerges(many(31, 1))).toEqual([]);
    const [merged] = chooseMerges(many(32, 1));
    expect(merged).toEqual(many(32, 1).map(({ key }) => key));
    expect(chooseMerges([...many(31, 1), manifest('larger', 16)])).toEqual([]);
    expect(chooseMerges([...many(20, 1), ...many(20, 1, 1)])).toEqual([]);
    expect(chooseMerges([...many(32, 1), ...many(32, 1, 1)])).toHaveLength(2);
    expect(chooseMerges(many(100, MAX_ENTRIES / 2))).toEqual([]);
  });

  it('stay few, and list a file anew a few times at most, however many moves there are', () => {
    const moves = 40_000;
    let manifests: readonly Manifest[] = [];
    let rewritten = 0;
    let longest = 0;
    for (let move = 0; move < moves; move += 1) {
      manifests = [...manifests, manifest(`m${String(move)}`, 1)];
      for (const keys of chooseMerges(manifests)) {
        const gone = new Set(keys);
        const taken = manifests.filter(({ key }) => gone.has(key));
        const files = taken.reduce((sum, { counts }) => sum + counts.existing, 0);
        rewritten += files;
        const parts: Manifest[] = [];
        for (let from = 0; from < files; from += MAX_ENTRIES) {
          const key = `g${String(move)}-${String(from)}`;
          parts.push(manifest(key, Math.min(MAX_ENTRIES, files - from)));
        }
        manifests = [...manifests.filter(({ key }) => !gone.has(key)), ...parts];
      }
      longest = Math.max(longest, manifests.length);
    }
    expect(longest).toBeLessThan(moves / MAX_ENTRIES + 150);
    expect(rewritten / moves).toBeLessThan(4);
  });
});
