import type pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { IntegerTimeUnit, TableDescription } from '../../../src/domain/table.ts';
import { type DeleteOptions, deleteRows } from '../../../src/hot/delete/delete-rows.ts';
import { digestSlice, formatDigest, type RowsDigest } from '../../../src/hot/measure/digest.ts';
import type { RowFilter } from '../../../src/hot/measure/row-filter.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import {
  backendOf,
  dayOf,
  describePublic,
  reading,
  untilBlocked,
  writing,
} from '../../support/hot.ts';
import { describeOn } from '../../support/servers.ts';

let database: TestDatabase;
let client: pg.Client;
const day = dayOf('2024-01-15');

const exported = (table: TableDescription, filter: RowFilter | null = null): Promise<RowsDigest> =>
  reading(client, () => digestSlice(client, table, day, filter, 'versions'));

function options(more: Partial<DeleteOptions> = {}): DeleteOptions {
  return {
    range: day,
    filter: null,
    mode: 'versions',
    maxRowsPerStatement: 1_000_000,
    lockTimeoutMs: 5_000,
    ...more,
  };
}

const remove = (table: TableDescription, more: Partial<DeleteOptions> = {}): Promise<RowsDigest> =>
  writing(client, () => deleteRows(client, table, options(more)));

const count = async (table: string): Promise<number> =>
  Number((await database.query(`select count(*) as n from ${table}`)).rows[0].n);

describe('deleting the rows of a slice', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.connect();
  });

  it('I1: gives the digest of exactly what it deleted, and nothing beside the slice goes', async () => {
    await database.query(`
      create table plain as select '2024-01-14+00'::timestamptz + i * interval '1 minute' as ts, i as v from generate_series(0, 4319) i`);
    const table = await describePublic(client, 'plain');
    const before = await exported(table);
    expect(before.rows).toBe(1440n);
    expect(formatDigest(await remove(table))).toBe(formatDigest(before));
    expect(await count('plain')).toBe(2880);
    expect((await remove(table)).rows).toBe(0n);
  });

  it('keeps its statements to a size, cutting finer where rows crowd and never within a millisecond', async () => {
    await database.query(`
      create table crowded (ts timestamptz, v int);
      create index on crowded (ts);
      insert into crowded select '2024-01-15 03:00:00.5+00', i from generate_series(1, 500) i;
      insert into crowded select '2024-01-15 03:00:01+00'::timestamptz + i * interval '10 microseconds', i from generate_series(0, 2999) i;
      insert into crowded select '2024-01-15+00'::timestamptz + i * interval '2 minutes', i from generate_series(0, 719) i`);
    const table = await describePublic(client, 'crowded');
    const before = await exported(table);
    const sizes: bigint[] = [];
    const gone = await remove(table, {
      maxRowsPerStatement: 200,
      onDeleted: (rows) => void sizes.push(rows),
    });
    expect(formatDigest(gone)).toBe(formatDigest(before));
    expect(await count('crowded')).toBe(0);
    expect(sizes.filter((rows) => rows > 200n)).toEqual([500n]);
    expect(sizes.length).toBeLessThan(60);
  });

  it('reads a table without an index on time a few times, not once for every statement', async () => {
    const rows = 4_000;
    const fill = `select '2024-01-15+00'::timestamptz + i * interval '1 second' as ts, i as v from generate_series(0, ${String(rows - 1)}) i`;
    await database.query(
      `create table unindexed as ${fill}; create table indexed as ${fill}; create index on indexed (ts)`,
    );
    const statements = async (name: string): Promise<number> => {
      let count = 0;
      await remove(await describePublic(client, name), {
        maxRowsPerStatement: 50,
        onDeleted: () => void (count += 1),
      });
      return count;
    };
    expect(await statements('unindexed')).toBeLessThanOrEqual(10);
    expect(await statements('indexed')).toBeGreaterThanOrEqual(rows / 50);
  });

  it('deletes rows equal in all columns, from a table without a key or an index', async () => {
    await database.query(
      `create table twins as select '2024-01-15 12:00+00'::timestamptz as ts, 1 as v from generate_series(1, 1000)`,
    );
    const table = await describePublic(client, 'twins');
    const before = await exported(table);
    expect(formatDigest(await remove(table, { maxRowsPerStatement: 10 }))).toBe(
      formatDigest(before),
    );
  });

  it('keeps the rows whose interval stays hot', async () => {
    await database.query(`
      create type candle as enum ('1m', '1h', '1d');
      create table bars (ts timestamptz, interval candle);
      insert into bars select '2024-01-15+00'::timestamptz + i * interval '1 minute', (array['1m', '1h', '1d', null]::candle[])[i % 4 + 1] from generate_series(0, 399) i`);
    const table = await describePublic(client, 'bars');
    const filter = { column: 'interval', noneOf: ['1h', '1d', 'not even a candle'] };
    const before = await exported(table, filter);
    const gone = await remove(table, { filter });
    expect(gone.rows).toBe(200n);
    expect(formatDigest(gone)).toBe(formatDigest(before));
    const left = await database.query('select distinct interval::text from bars order by 1');
    expect(left.rows).toEqual([{ interval: '1d' }, { interval: '1h' }]);
  });

  it('reaches every partition, a DEFAULT one and one of another column order too', async () => {
    await database.query(`
      create table parted (symbol text, ts timestamptz) partition by range (ts);
      create table parted_am (gone int, ts timestamptz, symbol text);
      alter table parted_am drop column gone;
      alter table parted attach partition parted_am for values from ('2024-01-15 00:00+00') to ('2024-01-15 12:00+00');
      create table parted_rest partition of parted default;
      insert into parted select 's', '2024-01-14 12:00+00'::timestamptz + i * interval '1 hour' from generate_series(0, 47) i`);
    const table = await describePublic(client, 'parted');
    const before = await exported(table);
    expect(before.rows).toBe(24n);
    expect(formatDigest(await remove(table))).toBe(formatDigest(before));
    expect(await count('parted')).toBe(24);
  });

  it.each([
    ['s', 'integer', 1],
    ['ns', 'bigint', 1_000_000_000],
  ] as const)('deletes by integer %s', async (unit: IntegerTimeUnit, type, perSecond) => {
    await database.query(
      `create table by_${unit} as select ((1705276800 + i * 60)::bigint * ${String(perSecond)})::${type} as ts from generate_series(-10, 1449) i`,
    );
    const table = await describePublic(client, `by_${unit}`, unit);
    const before = await exported(table);
    expect(before.rows).toBe(1440n);
    expect(formatDigest(await remove(table, { maxRowsPerStatement: 100 }))).toBe(
      formatDigest(before),
    );
  });

  it('deletes by date', async () => {
    await database.query(
      `create table by_date as select date '2024-01-14' + i % 3 as ts from generate_series(0, 299) i`,
    );
    const table = await describePublic(client, 'by_date');
    const before = await exported(table);
    expect(formatDigest(await remove(table, { maxRowsPerStatement: 10 }))).toBe(
      formatDigest(before),
    );
    expect(await count('by_date')).toBe(200);
  });

  it('stops between two statements when told to, and rolls back', async () => {
    await database.query(
      `create table stopped as select '2024-01-15+00'::timestamptz + i * interval '1 minute' as ts from generate_series(0, 999) i`,
    );
    const table = await describePublic(client, 'stopped');
    const stop = new AbortController();
    await expect(
      remove(table, {
        maxRowsPerStatement: 100,
        signal: stop.signal,
        onDeleted: () => stop.abort(),
      }),
    ).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await count('stopped')).toBe(1000);
  });

  it('says so when a trigger keeps rows from being deleted', async () => {
    await database.query(`
      create table guarded as select '2024-01-15+00'::timestamptz + i * interval '1 minute' as ts, i as v from generate_series(0, 99) i;
      create function keep() returns trigger language plpgsql as $$ begin return case when old.v = 7 then null else old end; end $$;
      create trigger keep before delete on guarded for each row execute function keep()`);
    const table = await describePublic(client, 'guarded');
    const before = await exported(table);
    expect((await remove(table)).rows).toBe(before.rows - 1n);
  });

  describe('while others write', () => {
    let other: pg.Client;
    let table: TableDescription;
    let before: RowsDigest;

    beforeEach(async () => {
      other = await database.connect();
      await database.query(`
        drop table if exists busy;
        create table busy as select '2024-01-15+00'::timestamptz + i * interval '1 minute' as ts, i as v from generate_series(0, 1439) i`);
      table = await describePublic(client, 'busy');
      before = await exported(table);
    });

    it('I1: a late row is either deleted and shows, or stays', async () => {
      await other.query(`insert into busy values ('2024-01-15 06:00+00', -1)`);
      expect((await remove(table)).rows).toBe(before.rows + 1n);
    });

    it('I1: a late row that commits after its statement stays', async () => {
      await other.query(`begin; insert into busy values ('2024-01-15 06:00+00', -1)`);
      const gone = await remove(table);
      await other.query('commit');
      expect(formatDigest(gone)).toBe(formatDigest(before));
      expect(await count('busy')).toBe(1);
    });

    it('I1: an update that commits while the delete waits for it shows', async () => {
      await other.query(`begin; update busy set v = v where v = 700`);
      const pid = await backendOf(client);
      const removal = remove(table);
      await untilBlocked(database, pid);
      await other.query('commit');
      const gone = await removal;
      expect(gone.rows).toBe(before.rows);
      expect(gone.sum).not.toBe(before.sum);
    });

    it('I1: an update that moves a row out of the slice while the delete waits shows', async () => {
      await other.query(`begin; update busy set ts = ts + interval '7 days' where v = 700`);
      const pid = await backendOf(client);
      const removal = remove(table);
      await untilBlocked(database, pid);
      await other.query('commit');
      expect((await removal).rows).toBe(before.rows - 1n);
      expect(await count('busy')).toBe(1);
    });

    it('never makes another session the victim of a deadlock', async () => {
      await database.query('create index on busy (ts)');
      await other.query(`begin; update busy set v = v where v = 1400`);
      const writer = await backendOf(other);
      let late: Promise<unknown> | undefined;
      const removal = remove(table, {
        maxRowsPerStatement: 500,
        lockTimeoutMs: 20_000,
        // It begins to wait for a row that the first statement deleted, before the last one comes
        // to wait for the row that it has updated.
        onDeleted: async () => {
          if (late !== undefined) return;
          late = other.query(`update busy set v = v where v = 1; commit`);
          await untilBlocked(database, writer);
        },
      }).catch((error: unknown) => error);
      expect(await removal).toMatchObject({ code: 'LOCK_TIMEOUT', retry: true });
      await late;
      expect(await count('busy')).toBe(1440);
    });

    it('waits in vain for a row that another keeps, and says who', async () => {
      await other.query(
        `set application_name = 'slow correction'; begin; update busy set v = v where v = 700`,
      );
      await expect(remove(table, { lockTimeoutMs: 200 })).rejects.toMatchObject({
        code: 'LOCK_TIMEOUT',
        message: expect.stringContaining('slow correction') as string,
      });
      await other.query('rollback');
      expect(formatDigest(await remove(table))).toBe(formatDigest(before));
    });

    it('I1: a delete by another shows', async () => {
      await other.query('delete from busy where v = 700');
      expect((await remove(table)).rows).toBe(before.rows - 1n);
    });
  });
});

describeOn('timescale', 'deleting the rows of a slice of a hypertable', () => {
  beforeAll(async () => {
    database = await createTestDatabase({ timescale: true });
    client = await database.connect();
  });

  it('I1: deletes what was exported across chunks, and not the same row number of other chunks', async () => {
    await database.query(`
      create table ticks (ts timestamptz not null, symbol text not null);
      select create_hypertable('ticks', by_range('ts', interval '6 hours'));
      select add_dimension('ticks', by_hash('symbol', 2));
      insert into ticks select '2024-01-14+00'::timestamptz + i * interval '1 minute', 's' || i % 5 from generate_series(0, 4319) i`);
    const table = await describePublic(client, 'ticks');
    const before = await exported(table);
    expect(before.rows).toBe(1440n);
    expect(formatDigest(await remove(table, { maxRowsPerStatement: 100 }))).toBe(
      formatDigest(before),
    );
    expect(await count('ticks')).toBe(2880);
  });
});
