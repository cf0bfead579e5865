/** What is taken for the bounds of a row group bounds its values, as DuckDB itself compares them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowGroupsOf } from '../../../../src/lake/parts/row-groups.ts';
import type { SegmentRef } from '../../../../src/query/segments/cold-catalog.ts';
import { rowGroupRefs } from '../../../../src/query/segments/row-group-refs.ts';
import { openParquetBench, type ParquetBench, readWhole } from '../../../support/parquet-file.ts';

const GROUP_ROWS = 2048;
const GROUPS = 6;
const WHOLE = { min: 'of the', max: 'segment' };

/** Names, types, and values of row `n` of group `g`. */
const COLUMNS = [
  [
    'ts',
    'TIMESTAMP WITH TIME ZONE',
    `timestamptz '1969-12-31 23:00:00+00' + to_microseconds(n * 1234567)`,
  ],
  ['plain_ts', 'TIMESTAMP', `timestamp '2024-02-29 00:00:00' - to_microseconds(n * 987654321)`],
  ['day', 'DATE', `date '1969-06-01' + (n // 7)::int`],
  [
    'far_day',
    'DATE',
    `case g when 2 then date 'infinity' when 3 then date '0044-03-15 (BC)' else date '2024-01-01' end`,
  ],
  [
    'far_ts',
    'TIMESTAMP',
    `case when n % 50 = 0 then timestamp 'infinity' else timestamp '2024-01-01' end`,
  ],
  ['small', 'SMALLINT', `case when g = 1 then -32768 + n % 9 else n % 32767 end::smallint`],
  [
    'whole',
    'INTEGER',
    `(case g when 0 then -2147483648 when 1 then 2147483647 else n - 9000 end)::integer`,
  ],
  [
    'big',
    'BIGINT',
    `(case g when 0 then -9223372036854775808 when 1 then 9223372036854775807 else n * 7 end)::bigint`,
  ],
  [
    'text',
    'VARCHAR',
    `case g when 0 then '' when 1 then 'ü' || n when 2 then '日本' || chr(65000 + (n % 400)::int) else 'a' || n end`,
  ],
  ['long', 'VARCHAR', `repeat('é', 300) || n`],
  ['none', 'VARCHAR', `case when g = 2 then null else 'x' end`],
  ['partly', 'INTEGER', `case when n % 3 = 0 then null else n end::integer`],
  ['money', 'DECIMAL(20,8)', `(n / 7)::decimal(20,8)`],
  ['ratio', 'DOUBLE', `case when n % 5 = 0 then 'nan'::double else n end`],
  ['unsigned', 'UINTEGER', `(4294967295 - n)::uinteger`],
  ['truth', 'BOOLEAN', `n % 2 = 0`],
] as const;

describe('the bounds of a row group', () => {
  let bench: ParquetBench;
  let path: string;
  let refs: readonly SegmentRef[];
  beforeAll(async () => {
    bench = await openParquetBench();
    const values = COLUMNS.map(([name, , value]) => `${value} as ${name}`).join(', ');
    path = await bench.write(
      'groups.parquet',
      `select ${values} from (select n, n // ${String(GROUP_ROWS)} as g from range(${String(GROUPS * GROUP_ROWS)}) t(n))`,
      GROUP_ROWS,
    );
    const { footer } = await readWhole(path);
    const segment: SegmentRef = {
      key: 'ticks/0.parquet',
      rows: BigInt(footer.rows),
      bytes: 1n,
      sha256: '',
      minTimeUs: -1n,
      maxTimeUs: -2n,
      statistics: Object.fromEntries(COLUMNS.map(([name]) => [name, WHOLE])),
      counts: { nulls: {}, nans: {} },
      footerBytes: null,
      columns: COLUMNS.map(([name, duckdbType]) => ({ name, duckdbType })),
    };
    const columns = new Set(COLUMNS.map(([name]) => name as string));
    refs = rowGroupRefs(segment, rowGroupsOf(footer), { name: 'ts' }, columns);
  });
  afterAll(() => bench.destroy());

  async function ask(group: number, shown: string): Promise<unknown[]> {
    const from = group * GROUP_ROWS;
    const reader = await bench.duckdb.runAndReadAll(
      `select ${shown} from read_parquet('${path}', file_row_number = true)
       where file_row_number between ${String(from)} and ${String(from + GROUP_ROWS - 1)}`,
    );
    return reader.getRows()[0] ?? [];
  }

  it('has a reference for each, with its rows and no counts', () => {
    expect(refs.map(({ rows, counts }) => [rows, counts])).toEqual(
      Array.from({ length: GROUPS }, () => [BigInt(GROUP_ROWS), null]),
    );
  });

  it.each(COLUMNS)(
    'of %s, a %s, are its smallest and largest value, or those of the segment',
    async (name, type) => {
      for (const [group, { statistics }] of refs.entries()) {
        const { min, max } = statistics[name] ?? WHOLE;
        if (min === WHOLE.min && max === WHOLE.max) continue;
        const quoted = (text: string | null) => `'${(text ?? '').replaceAll("'", "''")}'`;
        expect(
          await ask(
            group,
            `${quoted(min)}::${type} = min(${name}), ${quoted(max)}::${type} = max(${name})`,
          ),
        ).toEqual([true, true]);
      }
    },
  );

  it('are known of what a query is likely to ask by, and of nothing uncertain', () => {
    const isKnown = (name: string) => refs.map(({ statistics }) => statistics[name] !== WHOLE);
    const all = refs.map(() => true);
    for (const name of ['ts', 'plain_ts', 'day', 'small', 'whole', 'big', 'text', 'partly']) {
      expect([name, isKnown(name)]).toEqual([name, all]);
    }
    for (const name of ['money', 'ratio', 'unsigned', 'truth', 'far_ts']) {
      expect([name, isKnown(name)]).toEqual([name, all.map(() => false)]);
    }
    expect(isKnown('none')).toEqual([true, true, false, true, true, true]);
    expect(isKnown('far_day')).toEqual([true, true, false, false, true, true]);
  });

  it('of time are to the microsecond', async () => {
    for (const [group, { minTimeUs, maxTimeUs }] of refs.entries()) {
      expect(await ask(group, 'epoch_us(min(ts)), epoch_us(max(ts))')).toEqual([
        minTimeUs,
        maxTimeUs,
      ]);
    }
  });
});
