import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChunkCache } from '../../../../src/lake/parts/chunk-cache.ts';

describe('kept chunks', () => {
  let directory: string;
  let cache: ChunkCache;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tierd-chunks-'));
    cache = new ChunkCache(directory);
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('are given as they were put, and not at all once they are gone', async () => {
    const bytes = Buffer.from('some bytes of a chunk');
    expect(cache.get('a')).toBeNull();
    cache.put('a', bytes);
    expect(cache.get('a')).toEqual(bytes);
    expect(await readdir(directory)).toEqual(['a']);
    cache.drop('a');
    expect(cache.get('a')).toBeNull();
    cache.drop('a');
  });

  it('are not given where a byte of them is another, or some are missing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (bytes, at, change, isCut) => {
          cache.put('a', bytes);
          const path = join(directory, 'a');
          const entry = await readFile(path);
          const place = at % entry.length;
          entry[place] = (entry[place] ?? 0) ^ change;
          await writeFile(path, isCut ? (await readFile(path)).subarray(0, place) : entry);
          expect(cache.get('a')).toBeNull();
          expect(await readdir(directory)).toEqual([]);
        },
      ),
    );
  });

  it('of several writers are each whole', async () => {
    const bytes = Buffer.alloc(200_000, 7);
    for (let writer = 0; writer < 8; writer += 1) new ChunkCache(directory).put('a', bytes);
    expect(cache.get('a')).toEqual(bytes);
    expect(await readdir(directory)).toEqual(['a']);
  });
});
