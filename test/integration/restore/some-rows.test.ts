/** `restore --where`: the rows that a condition chooses come back, and the others stay cold. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { planRestoreOf } from '../../../src/jobs/restore.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { listPins, unpin } from '../../../src/ledger/pins.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import {
  days,
  failureOf,
  restore,
  restoreRooms,
  rotateAll,
  WEEK_ON,
} from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import { boundTo } from '../faults/disturb.ts';

const ROWS_A_DAY = 60;
const COPY = { schema: 'public', name: 'copy' };

let database: TestDatabase;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
});

const COLUMNS =
  'time timestamptz not null, symbol text, id bigint not null, price numeric, tags text[], twice bigint generated always as (id * 2) stored';

/** Days 40, 39 and 38 are cold, of day 5 rows are hot; `before` is what all of them were. */
async function coldTable(changes: Partial<Dataset> = {}, make?: string): Promise<Dataset> {
  await database.query(make ?? `create table bars (${COLUMNS}, primary key (id, time))`);
  for (const day of [40, 39, 38, 5]) {
    await database.query(
      `insert into bars (time, symbol, id, price, tags)
       select $1::timestamptz + n * interval '20 minutes', 's' || n % 3, $2 * 1000 + n, n / 7.0, array['n' || n, null]
       from generate_series(0, $3 - 1) n`,
      [daysAgo(day), day, ROWS_A_DAY],
    );
  }
  await database.query('create table before as select * from bars');
  const dataset = makeDataset('bars', changes);
  await rotateAll(bench, dataset);
  return dataset;
}

async function count(table: string, where = 'true'): Promise<number> {
  const { rows } = await database.query(`select count(*)::int as n from ${table} where ${where}`);
  return (rows[0] as { n: number }).n;
}

/** Every row is found once, wherever it is (I2). */
async function expectAll(dataset: Dataset): Promise<void> {
  const db = await database.connect();
  const sql = `select id, epoch_us(time) as at, symbol, price::varchar as price, twice from bars order by id`;
  const { rows } = await askStores(bench, db, [dataset], sql);
  const wanted = await database.query(
    `select id::int, (extract(epoch from time) * 1e6)::bigint::text::float8 as at, symbol, price::text as price, twice::int from before order by id`,
  );
  expect(rows).toEqual(wanted.rows);
}

async function live(): Promise<number> {
  const db = await database.connect();
  return (await listSegments(db, { dataset: 'bars', states: ['live'] })).length;
}

describe('restore --where', () => {
  it('I1, I2: brings back those rows and no others, and pins their days', async () => {
    const dataset = await coldTable();
    const { plan, totals } = await restore(bench, dataset, days(40, 38), {
      where: "symbol = 's1'",
    });
    expect(totals.failed).toEqual([]);
    expect(plan).toMatchObject({ rows: 40, where: "symbol = 's1'" });
    expect(plan.slices).toMatchObject([
      { rows: 20, allRows: ROWS_A_DAY },
      { rows: 20, allRows: ROWS_A_DAY },
    ]);
    expect(await count('bars', 'id >= 38000')).toBe(40);
    expect(await count('bars', "id >= 38000 and symbol = 's1'")).toBe(40);
    expect(await live()).toBe(3);
    await expectAll(dataset);
    const db = await database.connect();
    expect((await listPins(db, 'bars')).map(({ until }) => until)).toEqual([WEEK_ON, WEEK_ON]);

    // The pins hold what is hot, and once they end all of it leaves again.
    expect((await rotateDataset(bench.rooms, dataset, { force: true })).totals.moved).toEqual([]);
    await unpin(db, 'bars', null);
    await rotateAll(bench, dataset);
    expect(await count('bars', 'id >= 38000')).toBe(0);
    await expectAll(dataset);
    // As it was moved: what has come back and gone again is the same rows.
    const { totals: all } = await restore(bench, dataset, days(40, 37));
    expect(all.failed).toEqual([]);
    expect(await count('bars')).toBe(4 * ROWS_A_DAY);
    await expectAll(dataset);
  });

  it('takes a part of a slice where the span ends within it', async () => {
    const dataset = await coldTable();
    const [from] = [days(40, 39).fromInclusive];
    const span = { fromInclusive: from, toExclusive: from + 2 * 3_600_000 };
    const { totals } = await restore(bench, dataset, span, { where: 'true' });
    expect(totals.failed).toEqual([]);
    expect(await count('bars', 'id >= 38000')).toBe(6);
    await expectAll(dataset);
  });

  it('takes a slice whole where all of its rows are chosen, and none where none is', async () => {
    const dataset = await coldTable();
    const { plan } = await restore(bench, dataset, days(40, 37), { where: 'id < 39000' });
    expect(plan.slices).toHaveLength(1);
    expect(await live()).toBe(2);
    const none = await restore(bench, dataset, days(40, 37), { where: "symbol = 'none'" });
    expect(none.plan.slices).toEqual([]);
    await expectAll(dataset);
  });

  it('I7: the plan changes nothing, and reads no condition that a query would not', async () => {
    const dataset = await coldTable();
    const rooms = restoreRooms(bench, dataset);
    const request = { span: days(40, 37), where: 'id % 2 = 0', into: null, pinUntil: WEEK_ON };
    const plan = await planRestoreOf(rooms, dataset, request, rooms.signal);
    expect(plan.rows).toBe(90);
    expect(await live()).toBe(3);
    expect(await count('bars')).toBe(ROWS_A_DAY);
    for (const where of ['id = 1) or (true', 'nothing = 1', 'id', 'id in (select 1)']) {
      const failure = await failureOf(
        planRestoreOf(rooms, dataset, { ...request, where }, rooms.signal),
      );
      expect(failure.code).toMatch(/^QUERY_/);
    }
  });

  it('rows that PostgreSQL refuses stay cold, and are found once', async () => {
    const dataset = await coldTable({ onColdDuplicate: 'keep-both' });
    await database.query(
      `insert into bars (time, symbol, id) select time, 'late', id from before where id = 39001`,
    );
    const { totals } = await restore(bench, dataset, days(40, 38), { where: "symbol = 's1'" });
    expect(totals.failed).toMatchObject([{ error: { code: 'RESTORE_REJECTED' } }]);
    expect(totals.restored).toHaveLength(1);
    await database.query(`delete from bars where symbol = 'late'`);
    await expectAll(dataset);
    const again = await restore(bench, dataset, days(40, 38), { where: "symbol = 's1'" });
    expect(again.totals.failed).toEqual([]);
    expect(await count('bars', 'id >= 38000')).toBe(40);
    await expectAll(dataset);
  });

  it('refuses what does not fit into the lake beside what it replaces', async () => {
    const dataset = await coldTable();
    const store = { ...boundTo(bench.rooms.store), freeBytes: () => Promise.resolve(1) };
    const full = { rooms: { ...bench.rooms, store } };
    const failure = await failureOf(restore(full, dataset, days(40, 38), { where: 'id % 2 = 0' }));
    expect(failure).toMatchObject({ code: 'REFUSED' });
    expect(failure.message).toContain('the slices of which some rows come back take');
    const { totals } = await restore(full, dataset, days(40, 39), { where: 'id >= 0' });
    expect(totals.failed).toEqual([]);
  });

  it('is told by the audit log, and not the condition itself', async () => {
    const dataset = await coldTable();
    await restore(bench, dataset, days(40, 39), { where: "symbol = 's1'" });
    const { rows } = await database.query(
      `select entry::jsonb ->> 'action' as action, entry::jsonb ->> 'rows' as rows from tierd.audit
       where chain = 'bars' order by number desc limit 2`,
    );
    expect(rows).toEqual([
      { action: 'restored', rows: '20' },
      { action: 'split', rows: String(ROWS_A_DAY) },
    ]);
    expect(await count('tierd.audit', `entry::text like '%s1%'`)).toBe(0);
  });

  it.each([
    [
      'a partitioned table',
      `create table bars (${COLUMNS}) partition by range (time);
      create table bars_old partition of bars for values from ('2020-01-01Z') to ('2026-02-25Z');
      create table bars_rest partition of bars default`,
    ],
  ])('in %s', async (_, make) => {
    const dataset = await coldTable({}, make);
    const { totals } = await restore(bench, dataset, days(40, 38), { where: 'id % 4 = 1' });
    expect(totals.failed).toEqual([]);
    expect(await count('bars', 'id >= 38000')).toBe(30);
    await expectAll(dataset);
  });

  it('what stays can be deleted, and what came back is not', async () => {
    const dataset = await coldTable();
    await restore(bench, dataset, days(40, 39), { where: "symbol = 's1'" });
    await deleteFrom(bench, dataset, "symbol <> 's1' and id between 40000 and 40999");
    expect(await count('bars', 'id >= 38000')).toBe(20);
    await database.query(`delete from before where symbol <> 's1' and id between 40000 and 40999`);
    await expectAll(dataset);
  });
});

describeOn('timescale', 'restore --where in a hypertable', () => {
  it('brings back rows of its chunks, and moves them again', async () => {
    const make = `create extension if not exists timescaledb; create table bars (${COLUMNS});
      select create_hypertable('bars', 'time', chunk_time_interval => interval '24 hours')`;
    const dataset = await coldTable({}, make);
    const { totals } = await restore(bench, dataset, days(40, 38), { where: 'id % 4 = 1' });
    expect(totals.failed).toEqual([]);
    expect(await count('bars', 'id >= 38000')).toBe(30);
    await expectAll(dataset);
    await unpin(await database.connect(), 'bars', null);
    await rotateAll(bench, dataset);
    await expectAll(dataset);
  });
});

describe('restore --where --into', () => {
  const into = COPY;

  it('copies those rows, which stay cold, once', async () => {
    const dataset = await coldTable();
    const { totals } = await restore(bench, dataset, days(40, 38), { into, where: 'id % 4 = 1' });
    expect(totals.failed).toEqual([]);
    expect(await count('copy')).toBe(30);
    expect(
      await count('copy c join before b using (id)', 'c.price = b.price and c.tags = b.tags'),
    ).toBe(30);
    expect(await live()).toBe(3);
    // Once more: they are there. Other rows: some might be these.
    const again = await restore(bench, dataset, days(40, 38), { into, where: 'id % 4 = 1' });
    expect(again.totals.restored).toEqual([]);
    expect(again.plan.notes.join()).toContain('were copied into public.copy by an earlier run');
    for (const where of ['id % 4 = 2', undefined]) {
      const other = await restore(bench, dataset, days(40, 38), {
        into,
        ...(where === undefined ? {} : { where }),
      });
      expect(other.totals.failed).toMatchObject([
        { error: { code: 'MOVE_REFUSED' } },
        { error: { code: 'MOVE_REFUSED' } },
      ]);
    }
    expect(await count('copy')).toBe(30);
    await expectAll(dataset);
  });

  it('leaves out what a table has that was given the whole slice', async () => {
    const dataset = await coldTable();
    await restore(bench, dataset, days(40, 38), { into });
    const { totals } = await restore(bench, dataset, days(40, 37), { into, where: 'id % 4 = 1' });
    expect(totals.restored).toHaveLength(1);
    expect(await count('copy')).toBe(2 * ROWS_A_DAY + 15);
  });

  it('into a table that may be the one by its name, its rows are counted', async () => {
    const dataset = await coldTable();
    await restore(bench, dataset, days(40, 39), { into, where: 'id % 4 = 1' });
    // As after a dump: another table by its identity.
    await database.query(`update tierd.restores set into_identity = 'x/1/2'`);
    const again = await restore(bench, dataset, days(40, 39), { into, where: 'id % 4 = 1' });
    expect(again.totals).toEqual({ restored: [], failed: [] });
    await database.query('delete from copy where id = 40001');
    const fewer = await restore(bench, dataset, days(40, 39), { into, where: 'id % 4 = 1' });
    expect(fewer.totals.failed).toMatchObject([{ error: { code: 'MOVE_REFUSED' } }]);
  });
});
