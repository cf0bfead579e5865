import { readdir } from 'node:fs/promises';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkDataset } from '../../../src/hot/doctor/doctor-dataset.ts';
import { type RotationOutcome, rotateDataset } from '../../../src/jobs/rotate.ts';
import { acquireLease } from '../../../src/ledger/lease.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments, type SegmentRecord } from '../../../src/ledger/segments.ts';
import { readCold } from '../../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { reading } from '../../support/hot.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import { boundTo } from '../faults/disturb.ts';

const FORCE = { force: true };
const rowsOf = (outcome: RotationOutcome): number[] =>
  outcome.totals.moved.map((move) => Number(move.rows));

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

async function open(options: { timescale?: boolean } = {}): Promise<void> {
  database = await createTestDatabase(options);
  db = await database.connect();
  bench = await openBench(database);
}

/** One row an hour from 40 days ago until now, named by its number. */
async function fillHourly(table: string, interval = `'1day'`): Promise<void> {
  await database.query(
    `insert into ${table} select $1::timestamptz + n * interval '1 hour', 's' || n % 5, n, ${interval}
     from generate_series(0, 24 * 40 - 1) n`,
    [daysAgo(40)],
  );
}

const COLUMNS = 'time timestamptz not null, symbol text, id int, span text';

async function liveSegments(dataset: string): Promise<readonly SegmentRecord[]> {
  return listSegments(db, { dataset, states: ['live'] });
}

async function idsOf(dataset: string): Promise<{ hot: number[]; cold: number[] }> {
  const hot = await db.query<{ id: number }>(`select id from ${dataset} order by id`);
  const cold = await readCold(bench.lake, await liveSegments(dataset), 'id');
  return {
    hot: hot.rows.map((row) => row.id),
    cold: cold.map((row) => Number(row['id'])).sort((a, b) => a - b),
  };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, n) => from + n);

describe('rotate', () => {
  beforeEach(async () => {
    await open();
  });

  it('moves the aged rows of a plain table, a day at a time, and leaves the others (I1, I2)', async () => {
    await database.query(`create table ticks (${COLUMNS})`);
    await fillHourly('ticks');
    const outcome = await rotateDataset(bench.rooms, makeDataset('ticks'), FORCE);
    expect(rowsOf(outcome)).toEqual(Array(10).fill(24));
    expect(await idsOf('ticks')).toEqual({ hot: range(240, 960), cold: range(0, 240) });
    expect((await liveSegments('ticks'))[0]?.key).toMatch(
      /^ticks\/year=2026\/month=02\/day=19\/ticks_20260219-[0-9a-f]{12}\.parquet$/,
    );
    expect(await readdir(bench.lake)).toEqual([
      '_tierd_audit',
      '_tierd_lake.json',
      '_tierd_manifest',
      '_tierd_owner',
      'ticks',
    ]);
    expect((await listRuns(db, { limit: 1 }))[0]).toMatchObject({ state: 'done', rowsMoved: 240n });
  });

  it('has nothing to do the second time', async () => {
    await database.query(`create table ticks (${COLUMNS})`);
    await fillHourly('ticks');
    await rotateDataset(bench.rooms, makeDataset('ticks'), FORCE);
    const again = await rotateDataset(bench.rooms, makeDataset('ticks'), FORCE);
    expect(again.plan.moves).toEqual([]);
  });

  it('moves late rows of a rotated slice as a new generation, and overwrites nothing (I3)', async () => {
    await database.query(`create table ticks (${COLUMNS})`);
    await fillHourly('ticks');
    await rotateDataset(bench.rooms, makeDataset('ticks'), FORCE);
    const before = await liveSegments('ticks');
    await database.query(`insert into ticks values ($1, 'late', 5000, '1day')`, [daysAgo(39)]);
    await rotateDataset(bench.rooms, makeDataset('ticks'), FORCE);
    const after = await liveSegments('ticks');
    expect(after.filter((segment) => before.some(({ key }) => key === segment.key))).toEqual(
      before,
    );
    expect(after).toHaveLength(before.length + 1);
    const generations = await db.query(
      `select generation from tierd.slices where dataset = 'ticks' and range_from = $1 order by 1`,
      [daysAgo(39)],
    );
    expect(generations.rows).toEqual([{ generation: 1 }, { generation: 2 }]);
    expect((await idsOf('ticks')).cold).toEqual([...range(0, 240), 5000]);
  });

  it('keeps only hot intervals once their day has closed, and moves those when they have aged', async () => {
    await database.query(`create table bars (${COLUMNS})`);
    await fillHourly('bars', `case when n % 24 = 0 then '1day' else '1min' end`);
    const dataset = makeDataset('bars', { intervalColumn: 'span', hotIntervals: ['1day'] });
    await rotateDataset(bench.rooms, dataset, FORCE);
    const { hot, cold } = await idsOf('bars');
    expect(hot).toEqual(range(240, 960).filter((n) => n % 24 === 0));
    expect(cold).toEqual([...range(0, 240), ...range(240, 960).filter((n) => n % 24 !== 0)]);
  });

  it('moves a table without a key and with rows that are equal in all columns', async () => {
    await database.query(`create table twins (${COLUMNS})`);
    await database.query(
      `insert into twins select $1::timestamptz, 'same', 7, '1day' from generate_series(1, 50)`,
      [daysAgo(35)],
    );
    await rotateDataset(bench.rooms, makeDataset('twins'), FORCE);
    expect(await idsOf('twins')).toEqual({ hot: [], cold: Array(50).fill(7) });
  });

  it.each([
    ['timestamp', 'timestamp', "(t at time zone 'utc')", undefined],
    ['date', 'date', "(t at time zone 'utc')::date", undefined],
    ['seconds', 'bigint', 'extract(epoch from t)::bigint', 's'],
    ['milliseconds', 'bigint', '(extract(epoch from t) * 1000)::bigint', 'ms'],
    ['microseconds', 'bigint', '(extract(epoch from t) * 1000000)::bigint', 'us'],
    ['nanoseconds', 'bigint', '(extract(epoch from t) * 1000000000)::bigint', 'ns'],
  ] as const)('tells time by a column of %s', async (name, type, expression, unit) => {
    const table = `by_${name}`;
    await database.query(`create table ${table} (time ${type}, symbol text, id int)`);
    await database.query(
      `insert into ${table} select ${expression}, 'a', n
       from generate_series(0, 39) n, lateral (select $1::timestamptz + n * interval '1 day' as t) as at`,
      [daysAgo(40)],
    );
    const dataset = makeDataset(table, unit === undefined ? {} : { timeUnit: unit });
    const outcome = await rotateDataset(bench.rooms, dataset, FORCE);
    expect(rowsOf(outcome)).toEqual(Array(10).fill(1));
    expect(await idsOf(table)).toEqual({ hot: range(10, 40), cold: range(0, 10) });
  });

  it.each([
    ['hour', 3, 3],
    ['month', 3, 1],
  ] as const)('makes slices of an %s', async (slice, rows, slices) => {
    await database.query(`create table ticks (${COLUMNS})`);
    await database.query(
      `insert into ticks select $1::timestamptz + n * interval '1 hour', 'a', n, '1day' from generate_series(0, 2) n`,
      [daysAgo(89)],
    );
    const outcome = await rotateDataset(bench.rooms, makeDataset('ticks', { slice }), FORCE);
    expect(outcome.totals.moved).toHaveLength(slices);
    expect(rowsOf(outcome).reduce((sum, n) => sum + n, 0)).toBe(rows);
  });

  it('splits a slice that is too large for one file, and sorts each', async () => {
    await database.query(`create table wide (time timestamptz, symbol text, id int, noise text)`);
    await database.query(
      `insert into wide select $1::timestamptz + n * interval '100 ms', 's' || n % 7, n, md5(n::text) || md5((-n)::text)
       from generate_series(0, 99999) n`,
      [daysAgo(35)],
    );
    const targetFileBytes = 1024 * 1024;
    await rotateDataset(bench.rooms, makeDataset('wide', { targetFileBytes }), FORCE);
    const segments = await liveSegments('wide');
    expect(segments.length).toBeGreaterThan(3);
    for (const segment of segments)
      expect(Number(segment.bytes)).toBeLessThanOrEqual(targetFileBytes);
    const rows = await readCold(bench.lake, segments.slice(0, 1), 'symbol, id');
    const keys = rows.map(
      (row) => `${String(row['symbol'])} ${String(row['id']).padStart(9, '0')}`,
    );
    expect(keys).toEqual([...keys].sort());
    expect((await idsOf('wide')).cold).toEqual(range(0, 100_000));
  });

  it('proves with the independent reader when asked', async () => {
    await database.query(`create table ticks (${COLUMNS})`);
    await fillHourly('ticks');
    const outcome = await rotateDataset(
      bench.rooms,
      makeDataset('ticks', { verify: 'independent' }),
      FORCE,
    );
    expect(rowsOf(outcome)).toEqual(Array(10).fill(24));
  });

  it('leaves rows hot whose time no day can hold, and says so', async () => {
    await database.query(`create table odd (time timestamptz, symbol text, id int)`);
    await database.query(
      `insert into odd values (null, 'a', 1), ('-infinity', 'a', 2), ('4000-01-01 BC', 'a', 3), ($1, 'a', 4)`,
      [daysAgo(35)],
    );
    const outcome = await rotateDataset(bench.rooms, makeDataset('odd'), FORCE);
    expect(await idsOf('odd')).toEqual({ hot: [1, 2, 3], cold: [4] });
    expect(outcome.plan.notes.join()).toContain('3 rows');
  });

  it('refuses a type that can not be held before anything moves (I6)', async () => {
    await database.query(`create table cash (time timestamptz, symbol text, id int, worth money)`);
    await database.query(`insert into cash values ($1, 'a', 1, 5)`, [daysAgo(35)]);
    await expect(rotateDataset(bench.rooms, makeDataset('cash'), FORCE)).rejects.toMatchObject({
      code: 'REFUSED',
      context: { refusals: [{ guard: 'type_not_held' }] },
    });
    expect(await liveSegments('cash')).toEqual([]);
  });

  it('leaves a slice hot that has a value its column can not hold, and moves the others (I6)', async () => {
    await database.query(
      `create table prices (time timestamptz, symbol text, id int, price numeric(10,2))`,
    );
    await database.query(`insert into prices values ($1, 'a', 1, 1.5), ($2, 'a', 2, 'NaN')`, [
      daysAgo(36),
      daysAgo(35),
    ]);
    const outcome = await rotateDataset(bench.rooms, makeDataset('prices'), FORCE);
    expect(outcome.totals.failed.map(({ error }) => error.code)).toEqual(['VALUE_NOT_HELD']);
    expect(outcome.totals.failed[0]?.error.hint).toContain('columns.price: text');
    expect(await idsOf('prices')).toEqual({ hot: [2], cold: [1] });
    const asText = makeDataset('prices', { columns: { price: 'text' } });
    await rotateDataset(bench.rooms, asText, FORCE);
    expect(await idsOf('prices')).toEqual({ hot: [], cold: [1, 2] });
  });

  it('does not begin while another holds the lease (I8)', async () => {
    await database.query(`create table ticks (${COLUMNS})`);
    await fillHourly('ticks');
    await acquireLease(db, { dataset: 'ticks', holder: 'other', ttlMs: 60_000 });
    await expect(rotateDataset(bench.rooms, makeDataset('ticks'), FORCE)).rejects.toMatchObject({
      code: 'LEASE_HELD',
    });
  });
});

describe('rotate, on a partitioned table', () => {
  beforeEach(async () => {
    await open();
  });

  it('drops aged partitions whole, deletes beside them, and waits with one that has not aged', async () => {
    await database.query(`create table parts (${COLUMNS}) partition by range (time)`);
    await database.query(
      `create table parts_a partition of parts for values from ('${daysAgo(39)}') to ('${daysAgo(35)}')`,
    );
    await database.query(
      `create table parts_b partition of parts for values from ('${daysAgo(32)}') to ('${daysAgo(25)}')`,
    );
    await database.query('create table parts_rest partition of parts default');
    await fillHourly('parts');
    const outcome = await rotateDataset(bench.rooms, makeDataset('parts'), FORCE);
    expect(outcome.totals.moved.map(({ move }) => [move.removal, move.rows])).toEqual([
      ['delete', 24],
      ['drop', 96],
      ['delete', 24],
      ['delete', 24],
      ['delete', 24],
    ]);
    expect(await idsOf('parts')).toEqual({ hot: range(192, 960), cold: range(0, 192) });
    const gone = await db.query(`select to_regclass('parts_a') as a, to_regclass('parts_b') as b`);
    expect(gone.rows[0]).toEqual({ a: null, b: 'parts_b' });
    expect(outcome.plan.notes.join()).toContain('parts_b');
    const waits = 'partitions of 7 days: rows leave up to 7 days after hot_days (30)';
    expect(outcome.plan.notes.join()).toContain(waits);
    const checks = await reading(db, () =>
      checkDataset(db, makeDataset('parts'), { now: () => NOW }, () => Promise.resolve([])),
    );
    expect(checks.find(({ name }) => name === 'dataset:parts:parts')?.found).toContain(waits);
  });
});

/** What somebody does to the partitions after the plan was made, and what must come of it. */
const MEANWHILE: readonly {
  readonly what: string;
  readonly sql: string;
  /** Rows that are then in a table of their own, and in neither hot nor cold of the dataset. */
  readonly apart: string | null;
}[] = [
  {
    what: 'one of two sub-partitions is detached',
    sql: 'alter table parts_a detach partition parts_a1',
    apart: 'parts_a1',
  },
  {
    what: 'a whole partition is detached',
    sql: 'alter table parts detach partition parts_a',
    apart: 'parts_a',
  },
  {
    what: 'a sub-partition is renamed',
    sql: 'alter table parts_a1 rename to elsewhere',
    apart: null,
  },
  {
    what: 'a sub-partition is replaced by a copy under its name',
    sql: `alter table parts_a detach partition parts_a1; alter table parts_a1 rename to kept;
          create table parts_a1 (like kept); insert into parts_a1 select * from kept;
          alter table parts_a attach partition parts_a1 for values with (modulus 2, remainder 0)`,
    apart: null,
  },
];

describe('I1, I2: rotate, when the partitions change between plan and commit', () => {
  beforeEach(async () => {
    await open();
  });

  it.each(MEANWHILE)(
    'moves what is still there and nothing else: $what',
    async ({ sql, apart }) => {
      await database.query(`create table parts (${COLUMNS}) partition by range (time)`);
      await database.query(
        `create table parts_a partition of parts for values from ('${daysAgo(39)}') to ('${daysAgo(35)}') partition by hash (id);
       create table parts_a1 partition of parts_a for values with (modulus 2, remainder 0);
       create table parts_a2 partition of parts_a for values with (modulus 2, remainder 1);
       create table parts_rest partition of parts default`,
      );
      await fillHourly('parts');
      // When the partition's rows have been exported, and before they are to be removed.
      const { store } = bench.rooms;
      let isDone = false;
      const putIfAbsent: typeof store.putIfAbsent = async (key, ...rest) => {
        if (!isDone && key.includes('/day=20/')) {
          isDone = true;
          await database.query(sql);
        }
        return store.putIfAbsent(key, ...rest);
      };
      await rotateDataset(
        { ...bench.rooms, store: { ...boundTo(store), putIfAbsent } },
        makeDataset('parts'),
        FORCE,
      );
      expect(isDone).toBe(true);
      await rotateDataset(bench.rooms, makeDataset('parts'), FORCE);
      const { hot, cold } = await idsOf('parts');
      const set =
        apart === null
          ? []
          : (await database.query(`select id from ${apart} order by id`)).rows.map(({ id }) =>
              Number(id),
            );
      expect([...hot, ...cold, ...set].toSorted((a, b) => a - b)).toEqual(range(0, 960));
    },
  );
});

describe('rotate, when PostgreSQL refuses one partition', () => {
  beforeEach(async () => {
    await open();
  });

  it.each([
    ['a view reads it', 'create view busy as select * from parts_a'],
    [
      'a trigger objects to its end',
      `create function no() returns event_trigger language plpgsql as $$ begin
         if exists (select from pg_event_trigger_dropped_objects() where object_name = 'parts_a') then raise 'keep parts_a'; end if;
       end $$;
       create event trigger no on sql_drop execute function no()`,
    ],
  ])('moves the others, and says of that one what PostgreSQL says: %s', async (_why, sql) => {
    await database.query(`create table parts (${COLUMNS}) partition by range (time)`);
    await database.query(
      `create table parts_a partition of parts for values from ('${daysAgo(40)}') to ('${daysAgo(36)}');
       create table parts_b partition of parts for values from ('${daysAgo(36)}') to ('${daysAgo(30)}');
       create table parts_rest partition of parts default`,
    );
    await fillHourly('parts');
    await database.query(sql);
    const { totals } = await rotateDataset(bench.rooms, makeDataset('parts'), FORCE);
    expect(totals.moved.map(({ move }) => move.rows)).toEqual([144]);
    expect(totals.failed.map(({ error }) => error.message)).toEqual([
      expect.stringContaining('parts_a'),
    ]);
    expect(await idsOf('parts')).toEqual({
      hot: [...range(0, 96), ...range(240, 960)],
      cold: range(96, 240),
    });
    expect((await listRuns(db, { limit: 1 }))[0]).toMatchObject({ state: 'partly' });
  });
});

describeOn('timescale', 'rotate, on a hypertable', () => {
  beforeEach(async () => {
    await open({ timescale: true });
  });

  it('drops whole chunks, one file a day, all published and dropped in one transaction (I2)', async () => {
    await database.query(`create table hyper (${COLUMNS})`);
    await database.query(
      `select create_hypertable('hyper', 'time', chunk_time_interval => interval '3 days')`,
    );
    await fillHourly('hyper');
    const outcome = await rotateDataset(bench.rooms, makeDataset('hyper'), FORCE);
    expect(outcome.totals.moved.every(({ move }) => move.removal === 'drop')).toBe(true);
    const { hot, cold } = await idsOf('hyper');
    expect([...cold, ...hot]).toEqual(range(0, 960));
    expect(cold.length % 24).toBe(0);
    expect(cold.length).toBeGreaterThan(24 * 6);
    expect(await liveSegments('hyper')).toHaveLength(cold.length / 24);
  });

  it('drops the chunks of all spaces of a time range together', async () => {
    await database.query(`create table spaced (${COLUMNS})`);
    await database.query(
      `select create_hypertable('spaced', 'time', 'symbol', 3, chunk_time_interval => interval '1 day')`,
    );
    await fillHourly('spaced');
    const outcome = await rotateDataset(bench.rooms, makeDataset('spaced'), FORCE);
    expect(rowsOf(outcome)).toEqual(Array(10).fill(24));
    expect(outcome.totals.moved[0]?.move.parts.length).toBeGreaterThan(1);
    expect(await idsOf('spaced')).toEqual({ hot: range(240, 960), cold: range(0, 240) });
  });
});
