/** A file of some of another one's chunks: its answers are those of the whole file, or it gives none. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compactFooter, NOT_FETCHED } from '../../../../src/lake/parts/compact-footer.ts';
import {
  openParquetBench,
  type ParquetBench,
  readWhole,
  type WholeFile,
} from '../../../support/parquet-file.ts';

const COLUMNS = ['symbol', 'ts', 'price', 'size', 'day', 'note', 'ratio', 'flag', 'raw'];
const GROUPS = 8;
const ROWS_A_GROUP = 2048;

describe('a compact file', () => {
  let bench: ParquetBench;
  let whole: WholeFile;
  let path: string;
  let made = 0;
  beforeAll(async () => {
    bench = await openParquetBench();
    path = await bench.write(
      'whole.parquet',
      `select 's' || lpad((n // 2500)::varchar, 3, '0') as symbol,
              timestamptz '2024-01-01 00:00:00+00' + to_microseconds(n * 7000000) as ts,
              (n % 977)::decimal(20, 8) / 7 as price,
              case when n % 11 = 0 then null else n % 513 end::bigint as size,
              date '2024-01-01' + (n // 3000)::int as day,
              case when n < 5000 then null else 'note ' || n % 40 end as note,
              case n % 97 when 0 then 'nan'::double else n / 3.0 end as ratio,
              n % 2 = 0 as flag,
              encode('r' || n)::blob as raw
       from range(${String(GROUPS * ROWS_A_GROUP)}) t(n)`,
      ROWS_A_GROUP,
    );
    whole = await readWhole(path);
  });
  afterAll(() => bench.destroy());

  /** @param leaves by their places */
  async function compact(groups: readonly number[], leaves: readonly number[]): Promise<string> {
    const parts: Uint8Array[] = [Buffer.from('PAR1')];
    const places = new Map<string, number>();
    let at = 4;
    for (const group of groups) {
      for (const leaf of leaves) {
        const { start, end } = whole.footer.groups[group]!.chunks[leaf]!;
        places.set(`${String(group)}.${String(leaf)}`, at);
        parts.push(whole.bytes.subarray(start, end));
        at += end - start;
      }
    }
    const place = (group: number, leaf: number): number | null =>
      places.get(`${String(group)}.${String(leaf)}`) ?? null;
    parts.push(compactFooter(whole.footer, { groups, place }));
    made += 1;
    const file = join(bench.directory, `part-${String(made)}.parquet`);
    await writeFile(file, Buffer.concat(parts));
    return file;
  }

  async function ask(sql: string): Promise<string> {
    const reader = await bench.duckdb.runAndReadAll(sql);
    return JSON.stringify(reader.getRowsJson());
  }

  const allGroups = Array.from({ length: GROUPS }, (_, group) => group);
  const allLeaves = COLUMNS.map((_, leaf) => leaf);

  it('has the groups and columns that are asked of it', () => {
    expect(whole.footer.groups).toHaveLength(GROUPS);
    expect(whole.footer.columns.map(({ name }) => name)).toEqual(COLUMNS);
    expect(whole.footer.rows).toBe(GROUPS * ROWS_A_GROUP);
  });

  it('of all chunks says of them what the whole file says', async () => {
    const file = await compact(allGroups, allLeaves);
    const described = await readWhole(file);
    const said = (of: WholeFile) => {
      const { bytes } = of;
      const metadata = parquetMetadata(new Uint8Array(bytes).buffer);
      for (const group of metadata.row_groups) {
        delete group.file_offset;
        for (const chunk of group.columns) {
          chunk.file_offset = 0n;
          delete chunk.meta_data?.bloom_filter_offset;
          delete chunk.meta_data?.bloom_filter_length;
        }
      }
      const { metadata_length: _, ...rest } = metadata;
      return rest;
    };
    expect(said(described)).toEqual(said(whole));
    expect(await ask(`from '${file}'`)).toBe(await ask(`from '${path}'`));
  });

  const CONDITIONS = [
    'true',
    `symbol = 's003'`,
    `symbol in ('s001', 's005')`,
    `symbol between 's002' and 's004'`,
    `ts >= '2024-01-01 12:00:00+00'`,
    `ts < '2024-01-01 06:00:00+00'`,
    'size > 500',
    'size is null',
    'note is null',
    'note is not null',
    `note like 'note 1%'`,
    `day = date '2024-01-03'`,
    'price > 100',
    'ratio > 5000',
    'not flag',
    'size >= 0',
  ];
  const SHOWN = [
    'count(*)',
    'count(size), count(note)',
    'min(ts), max(ts)',
    'min(symbol), max(symbol)',
    'min(size), max(size), sum(size)',
    'sum(price)',
    'min(ratio), max(ratio)',
    'count(distinct note)',
    'bool_and(flag)',
    'min(raw), max(raw)',
    'max(day)',
  ];

  it('answers as the whole file does, or not at all', { timeout: 600_000 }, async () => {
    let equal = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(allGroups),
        fc.subarray(allLeaves),
        fc.constantFrom(...SHOWN),
        fc.constantFrom(...CONDITIONS),
        fc.constantFrom('', 'order by all desc limit 3', 'first'),
        async (groups, leaves, shown, condition, end) => {
          const file = await compact(groups, leaves);
          const selected = end === 'first' ? 'symbol, ts, size' : shown;
          const tail = end === 'first' ? 'order by ts desc, size limit 5' : end;
          // Of the whole file, the same row groups.
          const bounds = groups.map(
            (group) =>
              `file_row_number between ${String(group * ROWS_A_GROUP)} and ${String((group + 1) * ROWS_A_GROUP - 1)}`,
          );
          const among = bounds.length === 0 ? 'false' : bounds.join(' or ');
          const columns = COLUMNS.join(', ');
          const expected = await ask(
            `select ${selected} from (select ${columns} from read_parquet('${path}', file_row_number = true) where ${among}) where ${condition} ${tail}`,
          );
          try {
            expect(await ask(`select ${selected} from '${file}' where ${condition} ${tail}`)).toBe(
              expected,
            );
            equal += 1;
          } catch (error) {
            if (error instanceof Error && error.message.includes('Only inlined data files')) {
              refused += 1;
            } else throw error;
          }
        },
      ),
      { numRuns: 400 },
    );
    expect(Math.min(equal, refused)).toBeGreaterThan(40);
  });

  it('is bound to as the whole file is, without a chunk', async () => {
    const file = await compact(allGroups, []);
    const described = `select column_name, column_type from (describe from '`;
    expect(await ask(`${described}${file}')`)).toBe(await ask(`${described}${path}')`));
    expect(await ask(`select count(*) from '${file}'`)).toBe(
      JSON.stringify([[String(GROUPS * ROWS_A_GROUP)]]),
    );
    await expect(ask(`select sum(size) from '${file}'`)).rejects.toThrow('Only inlined data files');
    expect(NOT_FETCHED).not.toBe('');
  });
});
