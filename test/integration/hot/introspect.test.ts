import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { IntegerTimeUnit, TableDescription } from '../../../src/domain/table.ts';
import { describeTable } from '../../../src/hot/table/introspect.ts';
import { inTransaction } from '../../../src/hot/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { describeOn } from '../../support/servers.ts';

let database: TestDatabase;
let client: pg.Client;

async function look(
  name: string,
  timeColumn = 'ts',
  timeUnit?: IntegerTimeUnit,
  schema = 'public',
): Promise<TableDescription> {
  return inTransaction(
    client,
    { doing: 'describing', isolation: 'read committed', readOnly: true },
    () => describeTable(client, { schema, name }, timeColumn, timeUnit),
  );
}

const days = (table: TableDescription): string[] =>
  table.parts.map(
    (part) =>
      `${part.ref.name} ${new Date(part.range.fromInclusive).toISOString().slice(0, 16)}/${new Date(part.range.toExclusive).toISOString().slice(0, 16)}`,
  );

describe('describing a table', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.connect();
  });

  it('names columns, types behind domains, arrays, ranges, composites and generated columns', async () => {
    await database.query(`
      create type mood as enum ('sad', 'ok');
      create domain price as numeric(20,8) check (value > 0);
      create domain listed_price as price;
      create type quote as (bid price, ask numeric(5,2), tags text[]);
      create table kinds (
        ts timestamptz not null, gone int, p listed_price, "Odd ""name" mood, a numeric(6,3)[],
        ps price[], q quote, r tstzrange, mr int4multirange,
        doubled int generated always as (1 + 1) stored
      );
      alter table kinds drop column gone`);

    const table = await look('kinds');

    expect(table.kind).toBe('plain');
    expect(table.parts).toEqual([]);
    expect(table.timeColumn).toEqual({ name: 'ts', kind: 'timestamptz' });
    const column = new Map(table.columns.map((each) => [each.name, each]));
    expect([...column.keys()]).toEqual([
      'ts',
      'p',
      'Odd "name',
      'a',
      'ps',
      'q',
      'r',
      'mr',
      'doubled',
    ]);
    expect(column.get('ts')).toMatchObject({ typeName: 'timestamp with time zone', notNull: true });
    const numeric20 = { oid: 1700, name: 'numeric', typmod: ((20 << 16) | 8) + 4, madeOf: [] };
    expect(column.get('p')).toMatchObject({ typeName: 'public.listed_price', baseType: numeric20 });
    expect(column.get('Odd "name')?.baseType).toMatchObject({
      kind: 'e',
      name: 'mood',
      schema: 'public',
    });
    expect(column.get('a')?.baseType).toMatchObject({
      name: '_numeric',
      isArray: true,
      madeOf: [{ oid: 1700, typmod: ((6 << 16) | 3) + 4 }],
    });
    expect(column.get('ps')?.baseType.madeOf).toMatchObject([numeric20]);
    expect(column.get('q')?.baseType).toMatchObject({
      kind: 'c',
      madeOf: [
        numeric20,
        { typmod: ((5 << 16) | 2) + 4 },
        { isArray: true, madeOf: [{ name: 'text' }] },
      ],
    });
    expect(column.get('r')?.baseType).toMatchObject({ kind: 'r', madeOf: [{ oid: 1184 }] });
    expect(column.get('mr')?.baseType).toMatchObject({ kind: 'm', madeOf: [{ oid: 23 }] });
    expect(column.get('doubled')?.generated).toBe(true);
  });

  it('sees through a domain over the time column, and quotes odd table names', async () => {
    await database.query(`
      create schema "Odd.schema";
      create domain instant as timestamptz;
      create table "Odd.schema"."a ""table" (ts instant)`);
    const table = await look('a "table', 'ts', undefined, 'Odd.schema');
    expect(table.timeColumn.kind).toBe('timestamptz');
  });

  it('lists leaf partitions by time at any depth, and leaves out what time does not bound', async () => {
    await database.query(`
      create table parted (symbol text, ts timestamptz) partition by range (ts);
      create table parted_0101 partition of parted for values from ('2024-01-01 00:00+00') to ('2024-01-02 00:00+00');
      -- attached with another order of columns
      create table parted_0102 (ts timestamptz, gone int, symbol text);
      alter table parted_0102 drop column gone;
      alter table parted attach partition parted_0102 for values from ('2024-01-02 00:00+00') to ('2024-01-03 00:00+00');
      create table parted_0103 partition of parted for values from ('2024-01-03 00:00+00') to ('2024-01-04 00:00+00') partition by list (symbol);
      create table parted_0103_a partition of parted_0103 for values in ('a');
      create table parted_0103_rest partition of parted_0103 default;
      create table parted_0104 partition of parted for values from ('2024-01-04 00:00+00') to ('2024-02-01 00:00+00') partition by range (ts);
      create table parted_0104_h partition of parted_0104 for values from ('2024-01-04 06:00+00') to ('2024-01-04 07:00+00');
      create table parted_odd partition of parted for values from ('2024-03-01 00:00:00.0005+00') to ('2024-03-02 00:00+00');
      create table parted_rest partition of parted default;
      create table parted_old partition of parted for values from (minvalue) to ('2023-01-01')`);

    const table = await look('parted');

    expect(table.kind).toBe('partitioned');
    expect(days(table)).toEqual([
      'parted_0101 2024-01-01T00:00/2024-01-02T00:00',
      'parted_0102 2024-01-02T00:00/2024-01-03T00:00',
      'parted_0103_a 2024-01-03T00:00/2024-01-04T00:00',
      'parted_0103_rest 2024-01-03T00:00/2024-01-04T00:00',
      'parted_0104_h 2024-01-04T06:00/2024-01-04T07:00',
    ]);
  });

  it('knows no parts of a table partitioned by something other than its time column', async () => {
    await database.query(`
      create table by_list (ts date, symbol text) partition by list (symbol);
      create table by_list_a partition of by_list for values in ('a');
      create table by_expression (ts timestamp) partition by range (date_trunc('day', ts));
      create table by_expression_1 partition of by_expression for values from ('2024-01-01') to ('2024-01-02');
      create table by_both (ts timestamp, n int) partition by range (ts, n);
      create table by_both_1 partition of by_both for values from ('2024-01-01', 5) to ('2024-01-02', 5);
      create table by_both_2 partition of by_both for values from ('2024-01-03', minvalue) to ('2024-01-04', minvalue)`);
    expect((await look('by_list')).parts).toEqual([]);
    expect((await look('by_expression')).parts).toEqual([]);
    expect(days(await look('by_both'))).toEqual(['by_both_2 2024-01-03T00:00/2024-01-04T00:00']);
  });

  it('reads the bounds of integer and date partitions', async () => {
    await database.query(`
      create table by_ns (ts bigint) partition by range (ts);
      create table by_ns_1 partition of by_ns for values from (-86400000000000) to (0);
      create table by_ns_2 partition of by_ns for values from (1) to (86400000000000);
      create table by_date (ts date) partition by range (ts);
      create table by_date_1 partition of by_date for values from ('2024-02-29') to ('2024-03-01');
      create table by_date_bc partition of by_date for values from ('0044-03-15 BC') to ('0043-03-15 BC')`);
    expect(days(await look('by_ns', 'ts', 'ns'))).toEqual([
      'by_ns_1 1969-12-31T00:00/1970-01-01T00:00',
    ]);
    expect(days(await look('by_date'))).toEqual(['by_date_1 2024-02-29T00:00/2024-03-01T00:00']);
  });

  it('reckons in UTC whatever the role has set', async () => {
    await database.query(`
      create table zoned (ts timestamptz) partition by range (ts);
      create table zoned_1 partition of zoned for values from ('2024-01-01 00:00+00') to ('2024-01-02 00:00+00')`);
    await client.query(`set timezone = 'America/New_York'; set datestyle = 'SQL, DMY'`);
    try {
      expect(days(await look('zoned'))).toEqual(['zoned_1 2024-01-01T00:00/2024-01-02T00:00']);
    } finally {
      await client.query('reset all');
    }
  });

  it('says what exists when table or column do not', async () => {
    await database.query('create table market_data (event_time timestamptz, v int)');
    await expect(look('market_dta')).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
      hint: expect.stringContaining('did you mean public.market_data?') as string,
    });
    await expect(look('market_data', 'Event_Time')).rejects.toMatchObject({
      code: 'COLUMN_NOT_FOUND',
      hint: expect.stringContaining('did you mean event_time?') as string,
    });
  });

  it('refuses a column that does not tell time, a unit that does not fit, and a view', async () => {
    await database.query(
      'create table misfits (ts timestamptz, n int, t text); create view seen as select * from misfits',
    );
    await expect(look('misfits', 't')).rejects.toMatchObject({ code: 'TIME_COLUMN_INVALID' });
    await expect(look('misfits', 'n')).rejects.toMatchObject({ code: 'TIME_COLUMN_INVALID' });
    await expect(look('misfits', 'ts', 'ms')).rejects.toMatchObject({
      code: 'TIME_COLUMN_INVALID',
    });
    await expect(look('seen')).rejects.toMatchObject({ code: 'TABLE_UNSUPPORTED' });
    expect((await look('misfits', 'n', 's')).timeColumn).toEqual({
      name: 'n',
      kind: 'integer',
      unit: 's',
    });
  });
});

describeOn('timescale', 'describing a hypertable', () => {
  beforeAll(async () => {
    database = await createTestDatabase({ timescale: true });
    client = await database.connect();
  });

  it('lists chunks with their ranges, several for one range when it is cut by space too', async () => {
    await database.query(`
      create table spaced (ts timestamptz not null, symbol text not null);
      select create_hypertable('spaced', by_range('ts', interval '1 day'));
      select add_dimension('spaced', by_hash('symbol', 2));
      insert into spaced select '2024-01-01 12:00+00'::timestamptz + i % 2 * interval '1 day', 's' || i from generate_series(1, 40) i`);
    const table = await look('spaced');
    expect(table.kind).toBe('hypertable');
    expect(days(table).map((each) => each.split(' ')[1])).toEqual([
      '2024-01-01T00:00/2024-01-02T00:00',
      '2024-01-01T00:00/2024-01-02T00:00',
      '2024-01-02T00:00/2024-01-03T00:00',
      '2024-01-02T00:00/2024-01-03T00:00',
    ]);
    expect(table.parts.every((part) => !part.compressed && part.oid > 0)).toBe(true);
  });

  it('reads chunk ranges of timestamp, date and integer time, before 1970 too', async () => {
    await database.query(`
      create table as_timestamp (ts timestamp not null);
      select create_hypertable('as_timestamp', by_range('ts', interval '1 day'));
      insert into as_timestamp values ('1969-06-01 10:00');
      create table as_date (ts date not null);
      select create_hypertable('as_date', by_range('ts', interval '1 day'));
      insert into as_date values ('2024-02-29');
      create table as_ms (ts bigint not null);
      select create_hypertable('as_ms', by_range('ts', 86400000));
      insert into as_ms values (-1), (0);
      create table as_us (ts bigint not null);
      select create_hypertable('as_us', by_range('ts', 1500));
      insert into as_us values (0), (1500), (3000)`);
    expect(days(await look('as_timestamp'))[0]).toContain('1969-06-01T00:00/1969-06-02T00:00');
    expect(days(await look('as_date'))[0]).toContain('2024-02-29T00:00/2024-03-01T00:00');
    expect(days(await look('as_ms', 'ts', 'ms')).map((each) => each.split(' ')[1])).toEqual([
      '1969-12-31T00:00/1970-01-01T00:00',
      '1970-01-01T00:00/1970-01-02T00:00',
    ]);
    // 1.5 ms chunks: no bound of theirs but every other is a whole millisecond.
    expect((await look('as_us', 'ts', 'us')).parts).toEqual([]);
  });

  it('knows no parts of a hypertable that is cut by another column', async () => {
    await database.query(`
      create table by_other (ts timestamptz not null, arrived timestamptz not null);
      select create_hypertable('by_other', by_range('arrived', interval '1 day'));
      insert into by_other values ('2024-01-01', '2024-01-05')`);
    expect((await look('by_other', 'ts')).parts).toEqual([]);
    expect((await look('by_other', 'arrived')).parts).toHaveLength(1);
  });
});
