/** Codec, level and row groups as a dataset chooses them, looked up in the files by another reader. */
import { statSync } from 'node:fs';
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ParquetForm } from '../../../src/domain/dataset.ts';
import { differingRows, restoreSlice } from '../../support/codec/read-back.ts';
import {
  type EncodedSlice,
  encodeTable,
  openWorkshop,
  verifySlice,
  type Workshop,
} from '../../support/codec/slice.ts';
import { createTestDatabase } from '../../support/database.ts';

const ROWS = 10_000;
let client: pg.Client;
let workshop: Workshop;

beforeAll(async () => {
  client = await (await createTestDatabase()).connect();
  await client.query(
    `create table quotes as
       select timestamptz '2024-01-15 00:00+00' + n * interval '1 second' as at,
              'symbol ' || n % 7 as symbol, (sin(n) * 100)::float8 as price,
              md5((n % 500)::text) || repeat(' and so on', 6) as note
       from generate_series(0, ${String(ROWS - 1)}) n`,
  );
  workshop = await openWorkshop();
});

afterAll(() => workshop.close());

function encode(form: Partial<ParquetForm>): Promise<EncodedSlice> {
  return encodeTable({
    client,
    workshop,
    table: 'quotes',
    sortBy: ['symbol'],
    form: { codec: 'zstd', zstdLevel: 1, rowGroupRows: 61_440, ...form },
  });
}

async function metadataOf({ segments }: EncodedSlice): Promise<FileMetaData> {
  return parquetMetadataAsync(await asyncBufferFromFile(segments[0]!.path));
}

function bytesOf({ segments }: EncodedSlice): number {
  return statSync(segments[0]!.path).size;
}

describe('how a dataset’s segments are written', () => {
  it.for(['zstd', 'snappy', 'gzip', 'uncompressed'] as const)(
    'I6: %s is what every column has, both readers prove it, and every value comes back',
    async (codec) => {
      const slice = await encode({ codec });
      const { row_groups: groups } = await metadataOf(slice);
      const codecs = groups.flatMap(({ columns }) => columns.map(({ meta_data: m }) => m?.codec));
      expect(new Set(codecs)).toEqual(new Set([codec.toUpperCase()]));
      await verifySlice(workshop, slice, 'standard', codec);
      await verifySlice(workshop, slice, 'independent', codec);
      await client.query('drop table if exists restored');
      await restoreSlice(client, slice, 'quotes', 'restored');
      expect(await differingRows(client, 'quotes', 'restored')).toEqual([]);
    },
  );

  it('a higher level of zstd makes smaller files', async () => {
    const fast = await encode({ zstdLevel: 1 });
    const small = await encode({ zstdLevel: 19 });
    expect(bytesOf(small)).toBeLessThan(bytesOf(fast));
    await verifySlice(workshop, small, 'independent');
  });

  it.for([
    [2048, [2048, 2048, 2048, 2048, 1808]],
    [4096, [4096, 4096, 1808]],
    [61_440, [ROWS]],
  ] as const)('at most %i rows lie in a row group', async ([rowGroupRows, expected]) => {
    const slice = await encode({ rowGroupRows });
    const { row_groups: groups } = await metadataOf(slice);
    expect(groups.map(({ num_rows: rows }) => Number(rows))).toEqual(expected);
    await verifySlice(workshop, slice, 'standard');
  });

  it('I1: finds a file that has another codec than was asked for', async () => {
    const slice = await encode({ codec: 'snappy' });
    await expect(verifySlice(workshop, slice, 'standard', 'zstd')).rejects.toMatchObject({
      code: 'VERIFY_MISMATCH',
      context: { what: 'compression', expected: 'zstd', found: 'snappy' },
    });
  });
});
