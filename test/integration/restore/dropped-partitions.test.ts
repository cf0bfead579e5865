/** Restores into partitioned tables whose partitions a rotation has dropped. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { RestorePlan } from '../../../src/domain/plan/restore-plan.ts';
import { connect, cut } from '../../../src/hot/server/connect.ts';
import { planRestoreOf } from '../../../src/jobs/restore.ts';
import { differingRows } from '../../support/codec/read-back.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { disturbed, LOST } from '../../support/disturbed.ts';
import {
  days,
  failureOf,
  restore,
  restoreRooms,
  rotateAll,
  WEEK_ON,
} from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const COLUMNS = 'time timestamptz not null, symbol text, id bigint not null, note interval';
const dataset = makeDataset('bars');

let database: TestDatabase;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
});

/** A partition of the two days that begin so many days ago. */
const twoDays = (day: number): string =>
  `for values from ('${daysAgo(day)}') to ('${daysAgo(day - 2)}')`;

/** 20 rows on each of four days that have aged and one that has not; then what has aged is moved. */
async function moveAll(
  create: string,
  before: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await database.query(
    `create table bars (${COLUMNS}) partition by range (time);
     ${create};
     create table bars_new partition of bars for values from ('${daysAgo(36)}') to ('${daysAgo(-9)}');
     insert into bars select day + n * interval '1 hour', 's' || n % 3, extract(day from day) * 1000 + n, n * interval '1 day'
       from unnest(array[${[40, 39, 38, 37, 5].map((day) => `'${daysAgo(day)}'::timestamptz`).join(', ')}]) day, generate_series(0, 19) n;
     create table bars_before as table bars`,
  );
  await before();
  await rotateAll(bench, dataset);
  expect(await partitions()).toEqual(['bars_new']);
}

const TWO = `create table bars_a partition of bars ${twoDays(40)} with (fillfactor = 70);
  create table bars_b partition of bars ${twoDays(38)}`;

async function column(sql: string): Promise<readonly unknown[]> {
  return (await database.query(sql)).rows.map((row) => (row as { found: unknown }).found);
}

const partitions = (): Promise<readonly unknown[]> =>
  column(
    `select relid::text as found from pg_partition_tree('bars') where relid <> 'bars'::regclass order by 1`,
  );

/** Name, bounds, storage parameters, owner and whether it has the parent's index. */
const looks = (): Promise<readonly unknown[]> =>
  column(
    `select concat_ws(' | ', c.relname, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid), c.reloptions::text,
              pg_get_userbyid(c.relowner), (select count(*) from pg_index where indrelid = c.oid)) as found
     from pg_class c where c.relispartition and c.relkind in ('r', 'p') order by 1`,
  );

const differing = async (): Promise<unknown> =>
  differingRows(await database.connect(), 'bars_before', 'bars');

async function rowsIn(table: string): Promise<unknown> {
  const [rows] = await column(`select count(*)::int as found from ${table}`);
  return rows;
}

function planned(rooms: Partial<Bench['rooms']> = {}): Promise<RestorePlan> {
  const request = { span: days(40, 36), where: null, into: null, pinUntil: null };
  return planRestoreOf(
    { ...restoreRooms(bench, dataset), ...rooms },
    dataset,
    request,
    bench.rooms.signal,
  );
}

describe('restore, where a rotation dropped the partitions', () => {
  it.each([
    ['one level', TWO],
    [
      'two levels',
      `create table bars_a partition of bars ${twoDays(40)} partition by hash (id);
       create table bars_a0 partition of bars_a for values with (modulus 2, remainder 0);
       create table "bars A1" partition of bars_a for values with (modulus 2, remainder 1) with (autovacuum_enabled = false);
       create table bars_b partition of bars ${twoDays(38)} partition by list (symbol);
       create table bars_b0 partition of bars_b for values in ('s0', 's1');
       create table bars_bx partition of bars_b default`,
    ],
  ])('makes them again as they were: %s', async (_, create) => {
    let looked: readonly unknown[] = [];
    await moveAll(create, async () => {
      await database.query('create index on bars (symbol, time)');
      looked = await looks();
    });

    const { plan, totals } = await restore(bench, dataset, days(40, 36));
    expect(totals.failed).toEqual([]);
    expect(plan.notes.join()).toContain('that a rotation dropped are made again: public.bars_a');
    expect(await differing()).toEqual([]);
    expect(await looks()).toEqual(looked);

    // When the pins have ended they are dropped once more, and can come once more.
    const later = { rooms: { ...bench.rooms, clock: { now: () => WEEK_ON + 1 } } };
    await rotateAll(later, dataset);
    expect(await partitions()).toEqual(['bars_new']);
    await restore(bench, dataset, days(40, 36));
    expect(await differing()).toEqual([]);
  });

  it('makes the one that a slice has need of, and finds it there for the next', async () => {
    await moveAll(TWO);
    await restore(bench, dataset, days(39, 38));
    expect(await partitions()).toEqual(['bars_a', 'bars_new']);
    expect(await rowsIn('bars_a')).toBe(20);
    await restore(bench, dataset, days(40, 36));
    expect(await differing()).toEqual([]);
  });

  it('I7: a dry run names them and makes none', async () => {
    await moveAll(TWO);
    const plan = await planned();
    expect(plan.slices.map(({ partitions: made }) => made.map(({ ref }) => ref.name))).toEqual([
      ['bars_a'],
      ['bars_a'],
      ['bars_b'],
      ['bars_b'],
    ]);
    expect(plan.slices.flatMap(({ obstacles }) => obstacles)).toEqual([]);
    expect(await partitions()).toEqual(['bars_new']);
  });

  it('I4: where the slice then does not come, an empty partition stays, and the next run takes it', async () => {
    await moveAll(TWO);
    await database.query(
      `alter table bars add constraint small check (id % 1000 <> 7 or time < '${daysAgo(39)}' or time > '${daysAgo(38)}')`,
    );
    const some = await restore(bench, dataset, days(40, 38));
    expect(some.totals.failed.map(({ error }) => error.code)).toEqual(['RESTORE_REJECTED']);
    await database.query('alter table bars drop constraint small');
    await rotateAll(bench, dataset);
    expect(await rowsIn('bars_a')).toBe(20);
    await restore(bench, dataset, days(40, 36));
    expect(await differing()).toEqual([]);
  });

  it.each([
    ['before the COMMIT that makes one', true, 20],
    // The slice beside it finds what was made, and comes back.
    ['after it', false, 40],
  ])(
    'I9: a line that breaks %s leaves the slice cold, and the next run goes on',
    async (_, isBefore, rowsThen) => {
      await moveAll(TWO);
      const making = new Set<unknown>();
      const broken = disturbed(bench, async (text, send, client) => {
        if (text.startsWith('create table')) making.add(client);
        if (!making.has(client) || text !== 'commit') return send();
        making.delete(client);
        if (!isBefore) await send();
        cut(client);
        throw LOST;
      });
      const failure = await failureOf(restore(broken, dataset, days(40, 36)));
      expect(failure.code).toBe('OUTCOME_UNKNOWN');
      expect(await rowsIn('bars')).toBe(rowsThen);
      await restore(bench, dataset, days(40, 36));
      expect(await differing()).toEqual([]);
    },
  );

  it.each([
    ['the ledger does not know them', 'delete from tierd.dropped_partitions'],
    ['their name is taken', 'create table bars_a (id int); create table bars_b (id int)'],
    [
      'another has been made in part of their time',
      `create table bars_x partition of bars for values from ('${daysAgo(38)}') to ('${daysAgo(37)}');
       delete from tierd.dropped_partitions where name = 'bars_a'`,
    ],
  ])('says which statements make them where %s', async (_, change) => {
    await moveAll(TWO);
    await database.query(change);
    const refused = await restore(bench, dataset, days(40, 36));
    expect(new Set(refused.totals.failed.map(({ error }) => error.code))).toEqual(
      new Set(['MOVE_REFUSED']),
    );
    for (const { error } of refused.totals.failed) await database.query(error.hint ?? '');
    const { totals } = await restore(bench, dataset, days(40, 36));
    expect(totals.failed).toEqual([]);
    expect(await differing()).toEqual([]);
  });

  it('says them where the table belongs to another role', async () => {
    await moveAll(TWO);
    const role = `restorer_${database.name}`;
    await database.query(
      `create role ${role}; grant usage on schema tierd, public to ${role};
       grant select on all tables in schema tierd, public to ${role}; grant insert on bars to ${role}`,
    );
    const asRole = async () => {
      const client = await connect({ url: database.url, job: 'test' });
      await client.query(`set role ${role}`);
      return client;
    };
    try {
      const plan = await planned({ connect: asRole });
      expect(plan.slices.map(({ obstacles }) => obstacles[0]?.guard)).toEqual(
        Array.from({ length: 4 }, () => 'missing_partition'),
      );
    } finally {
      await database.query(`drop owned by ${role}; drop role ${role}`);
    }
  });
});
