import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { IntegerTimeUnit, TableDescription } from '../../../src/domain/table.ts';
import type { SliceUnit } from '../../../src/domain/time/time-range.ts';
import { measureSlices, measureTable, type TableFacts } from '../../../src/hot/measure/measure.ts';
import type { RowFilter } from '../../../src/hot/measure/row-filter.ts';
import { rowsWhere } from '../../../src/hot/measure/row-filter.ts';
import { SLICEABLE } from '../../../src/hot/measure/time-bounds.ts';
import { readReplicaLag, readServerFacts } from '../../../src/hot/server/server-facts.ts';
import { inlined } from '../../../src/hot/sql.ts';
import { describeTable } from '../../../src/hot/table/introspect.ts';
import { inTransaction } from '../../../src/hot/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { describeOn } from '../../support/servers.ts';

let database: TestDatabase;
let client: pg.Client;

const reading = <Result>(work: () => Promise<Result>): Promise<Result> =>
  inTransaction(client, { doing: 'measuring', isolation: 'repeatable read', readOnly: true }, work);

const look = (name: string, unit?: IntegerTimeUnit): Promise<TableDescription> =>
  reading(() => describeTable(client, { schema: 'public', name }, 'ts', unit));

const at = (text: string): number => Date.parse(`${text}Z`);

async function slices(
  table: TableDescription,
  unit: SliceUnit,
  range = SLICEABLE,
  filter: RowFilter | null = null,
): Promise<string[]> {
  const found = await reading(() => measureSlices(client, table, range, unit, filter));
  return found.map(
    (slice) =>
      `${new Date(slice.range.fromInclusive).toISOString().slice(0, 13)} ${new Date(slice.range.toExclusive).toISOString().slice(0, 13)} ${String(slice.rows)}`,
  );
}

const whole = (table: TableDescription, futureFrom: number): Promise<TableFacts> =>
  reading(() => measureTable(client, table, futureFrom));

describe('measuring a table', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.connect();
  });

  it.each(['timestamptz', 'timestamp'])(
    'counts the rows of each slice of a %s column, empty slices left out',
    async (type) => {
      await database.query(`
      create table slices_${type} (ts ${type}, v text);
      set timezone = 'UTC';
      insert into slices_${type} values ('1969-12-31 23:59:59.999999', 'a'), ('1970-01-01 00:00:00', 'a'),
        ('2024-02-28 23:59:59.999999', 'a'), ('2024-02-29 00:00:00', 'a'), ('2024-02-29 05:59:00', 'b'),
        ('2024-02-29 06:00:00', null), ('2024-03-01 00:00:00', 'a'), ('0001-01-01 00:00:00', 'a'),
        ('infinity', 'a'), ('-infinity', 'a'), (null, 'a'), ('0001-12-31 BC', 'a'), ('20000-01-01', 'a')`);
      const table = await look(`slices_${type}`);
      expect(await slices(table, 'day')).toEqual([
        '0001-01-01T00 0001-01-02T00 1',
        '1969-12-31T00 1970-01-01T00 1',
        '1970-01-01T00 1970-01-02T00 1',
        '2024-02-28T00 2024-02-29T00 1',
        '2024-02-29T00 2024-03-01T00 3',
        '2024-03-01T00 2024-03-02T00 1',
      ]);
      expect(await slices(table, 'month')).toContain('2024-02-01T00 2024-03-01T00 4');
      const clipped = {
        fromInclusive: at('2024-02-29T05:00'),
        toExclusive: at('2024-02-29T06:00'),
      };
      expect(await slices(table, 'day', clipped)).toEqual(['2024-02-29T05 2024-02-29T06 1']);
      expect(
        await slices(table, 'hour', { ...clipped, toExclusive: at('2024-02-29T07:00') }),
      ).toEqual(['2024-02-29T05 2024-02-29T06 1', '2024-02-29T06 2024-02-29T07 1']);
      const onlyOthers = { column: 'v', noneOf: ['a'] };
      expect(await slices(table, 'day', SLICEABLE, onlyOthers)).toEqual([
        '2024-02-29T00 2024-03-01T00 2',
      ]);
    },
  );

  it('counts the days of a date column', async () => {
    await database.query(
      `create table slices_date (ts date); insert into slices_date values ('2024-02-29'), ('2024-02-29'), ('infinity'), ('0044-03-15 BC')`,
    );
    expect(await slices(await look('slices_date'), 'day')).toEqual([
      '2024-02-29T00 2024-03-01T00 2',
    ]);
    await expect(
      slices(await look('slices_date'), 'hour', { fromInclusive: 0, toExclusive: 3_600_000 }),
    ).rejects.toMatchObject({ code: 'SLICE_TOO_FINE' });
  });

  it.each([
    ['s', 'integer', 1n],
    ['ms', 'bigint', 1000n],
    ['us', 'bigint', 1_000_000n],
    ['ns', 'bigint', 1_000_000_000n],
  ] as const)('counts the days of integer %s, before 1970 too', async (unit, type, perSecond) => {
    await database.query(`create table slices_${unit} (ts ${type})`);
    for (const seconds of [-1n, -86_400n, -86_401n, 0n, 86_399n, 86_400n]) {
      await database.query(`insert into slices_${unit} values ($1)`, [
        (seconds * perSecond).toString(),
      ]);
    }
    const table = await look(`slices_${unit}`, unit);
    expect(await slices(table, 'day')).toEqual([
      '1969-12-30T00 1969-12-31T00 1',
      '1969-12-31T00 1970-01-01T00 2',
      '1970-01-01T00 1970-01-02T00 2',
      '1970-01-02T00 1970-01-03T00 1',
    ]);
    expect(await slices(table, 'month')).toEqual([
      '1969-12-01T00 1970-01-01T00 3',
      '1970-01-01T00 1970-02-01T00 3',
    ]);
  });

  it('reports future rows and rows that no slice can hold', async () => {
    await database.query(`
      create table edges (ts timestamptz, v int);
      insert into edges values ('2024-01-01 00:00:00.1234567+00'), ('2024-06-01+00'), ('9999-12-31 23:59:59.999999+00'),
        ('10000-01-01+00'), ('infinity'), ('-infinity'), (null), ('0001-12-31 23:59:59+00 BC'), ('294276-12-31+00')`);
    const table = await look('edges');
    expect(await whole(table, at('2025-01-01T00:00'))).toMatchObject({
      rows: 9,
      oldest: at('2024-01-01T00:00:00.123'),
      newest: at('9999-12-31T23:59:59.999'),
      futureRows: 4,
      furthestFuture: 'infinity',
      unsliceableRows: 6,
    });
    expect((await whole(table, at('2025-01-01T00:00'))).bytes).toBeGreaterThan(0);
  });

  it('knows the figures of an empty table', async () => {
    await database.query('create table empty (ts timestamptz)');
    expect(await whole(await look('empty'), 0)).toEqual({
      rows: 0,
      bytes: 0,
      oldest: null,
      newest: null,
      futureRows: 0,
      furthestFuture: null,
      unsliceableRows: 0,
    });
  });

  it('reads nothing but the slice’s rows through an index on time', async () => {
    await database.query(`
      create table indexed as select '2024-01-01+00'::timestamptz + i * interval '1 minute' as ts, i as v from generate_series(0, 99999) i;
      create index on indexed (ts)`);
    await database.query('vacuum analyze indexed');
    const table = await look('indexed');
    const where = inlined(
      rowsWhere(
        table.timeColumn,
        { fromInclusive: at('2024-01-05T00:00'), toExclusive: at('2024-01-06T00:00') },
        null,
      ),
    );
    const plan = await database.query(`explain select * from indexed where ${where}`);
    expect(plan.rows.map((row: { 'QUERY PLAN': string }) => row['QUERY PLAN']).join('\n')).toMatch(
      /Index (Only )?Scan using indexed_ts_idx/,
    );
  });

  it('says what the server is', async () => {
    const facts = await reading(() => readServerFacts(client));
    expect(facts).toMatchObject({ database: database.name, inRecovery: false, superuser: true });
    expect(Math.abs(facts.now - Date.now())).toBeLessThan(60_000);
    expect(await reading(() => readReplicaLag(client))).toEqual([]);
  });
});

describeOn('timescale', 'measuring a hypertable', () => {
  beforeAll(async () => {
    database = await createTestDatabase({ timescale: true });
    client = await database.connect();
  });

  it('counts slices across chunks, and reads only the chunks of the range', async () => {
    await database.query(`
      create table ticks (ts timestamptz not null, v int);
      select create_hypertable('ticks', by_range('ts', interval '1 day'));
      insert into ticks select '2024-01-01+00'::timestamptz + i * interval '1 hour', i from generate_series(0, 71) i`);
    const table = await look('ticks');
    expect(await slices(table, 'day')).toEqual([
      '2024-01-01T00 2024-01-02T00 24',
      '2024-01-02T00 2024-01-03T00 24',
      '2024-01-03T00 2024-01-04T00 24',
    ]);
    const facts = await whole(table, at('2024-01-03T00:00'));
    expect(facts).toMatchObject({ rows: 72, futureRows: 24, oldest: at('2024-01-01T00:00') });
    expect(facts.bytes).toBeGreaterThan(0);
    const where = inlined(
      rowsWhere(
        table.timeColumn,
        { fromInclusive: at('2024-01-02T00:00'), toExclusive: at('2024-01-03T00:00') },
        null,
      ),
    );
    const plan = await database.query(`explain select * from ticks where ${where}`);
    const text = plan.rows.map((row: { 'QUERY PLAN': string }) => row['QUERY PLAN']).join('\n');
    expect(text.match(/_hyper_\d+_\d+_chunk(?!_)/g)?.length).toBe(1);
  });

  it('asks for one integer chunk with bounds wider than the column’s type', async () => {
    await database.query(`
      create table seconds (ts integer not null);
      select create_hypertable('seconds', by_range('ts', 86400));
      insert into seconds select i * 3600 from generate_series(-24, 47) i`);
    const table = await look('seconds', 's');
    expect(await slices(table, 'day')).toEqual([
      '1969-12-31T00 1970-01-01T00 24',
      '1970-01-01T00 1970-01-02T00 24',
      '1970-01-02T00 1970-01-03T00 24',
    ]);
  });
});
