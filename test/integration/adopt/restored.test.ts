/** A database that was set back to yesterday: its lake has segments that it does not know, of rows that it has again. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pc from 'picocolors';
import { beforeEach, expect, it } from 'vitest';
import { reportAdoption } from '../../../src/cli/reports/adoption-report.ts';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { takeOverLake } from '../../../src/jobs/lake-owner.ts';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { unpin } from '../../../src/ledger/pins.ts';
import { adopt } from '../../support/adopt.ts';
import { askStores } from '../../support/ask-stores.ts';
import { compact } from '../../support/compact.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { copyDatabase } from '../../support/dump.ts';
import { benchOn } from '../../support/lost-database.ts';
import { rename } from '../../support/rename.ts';
import { days, failureOf, restore } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const FORCE = { force: true };
const PLAIN = { colour: pc.createColors(false), width: undefined, isTerminal: false };

let database: TestDatabase;
let bench: Bench;
let dataset: Dataset;

const fill = (from: number, to: number, on = database): Promise<unknown> =>
  on.query(
    `insert into ticks select t, 'A', extract(epoch from t) / 60 from generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') t`,
    [daysAgo(from), daysAgo(to)],
  );

interface Yesterday {
  readonly bench: Bench;
  readonly database: TestDatabase;
}

const backUp = async (): Promise<TestDatabase> => {
  const copy = await createTestDatabase();
  await copyDatabase(database.url, copy.url);
  return copy;
};

const setBack = async (copy: TestDatabase): Promise<Yesterday> => {
  await copy.query('update tierd.leases set expires_at = clock_timestamp()');
  return { bench: await benchOn(bench, copy), database: copy };
};

/** Each row by its key, hot and cold as a reader has them. */
async function allRows({ bench: at, database: on }: Yesterday) {
  const db = await on.connect();
  try {
    const sql =
      'select epoch_us(time)::varchar as t, symbol, n from ticks order by time, symbol, n';
    const { rows } = await askStores(at, db, [dataset], sql, { maxHotRows: 10_000 });
    return rows.map(({ t, symbol, n }) => `${String(t)} ${String(symbol)} ${String(n)}`);
  } finally {
    await db.end();
  }
}

const states = async ({ database: on }: Yesterday): Promise<unknown> =>
  (await on.query(`select state, count(*)::int as n from tierd.segments group by 1 order by 1`))
    .rows;

const hotDue = async ({ database: on }: Yesterday): Promise<number | null> =>
  (await on.query(`select 1 from ticks where time < $1`, [daysAgo(30)])).rowCount;

describeOn('pg_dump', 'a database restored to yesterday', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    bench = await openBench(database);
    dataset = makeDataset('ticks');
    await database.query(
      'create table ticks (time timestamptz not null, symbol text not null, n bigint, primary key (symbol, time))',
    );
    await fill(40, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
  });

  /** Three days that are hot in the backup and cold today; of the first a row came, and of the second one changed. */
  async function threeDaysLater(): Promise<{ yesterday: Yesterday; truth: readonly string[] }> {
    await fill(34, 31);
    const copy = await backUp();
    await database.query(`insert into ticks values ($1, 'new', 1)`, [daysAgo(34)]);
    await database.query(`update ticks set n = -1 where time = $1`, [daysAgo(33)]);
    await rotateDataset(bench.rooms, dataset, FORCE);
    return { yesterday: await setBack(copy), truth: await allRows({ bench, database }) };
  }

  it('does not know the name that its dataset has since: renamed first, it has all of it', async () => {
    await fill(34, 31);
    const copy = await backUp();
    const ticker = { ...dataset, name: 'ticker' };
    const renaming = { from: 'ticks', to: ticker, configured: ['ticker'] };
    await rename(bench, renaming);
    await rotateDataset(bench.rooms, ticker, FORCE);
    const yesterday = await setBack(copy);
    const before = await states(yesterday);
    const refused = await adopt(yesterday.bench, [ticker], { prefer: 'cold' });
    expect(refused.isDone).toBe(false);
    expect(refused.plan.datasets[0]?.problems).toMatchObject([
      {
        kind: 'renamed',
        reason: expect.stringContaining('tierd lake rename ticks ticker') as string,
      },
    ]);
    expect(await states(yesterday)).toEqual(before);

    const db = await copy.connect();
    await takeOverLake(yesterday.bench.rooms, db);
    await db.end();
    await rename(yesterday.bench, renaming);
    expect(await adopt(yesterday.bench, [ticker], { prefer: 'cold' })).toMatchObject({
      isDone: true,
    });
    await rotateDataset(yesterday.bench.rooms, ticker, FORCE);
    const { rows } = await copy.query(
      `select dataset, sum(row_count)::int as rows from tierd.segments where state = 'live' group by 1`,
    );
    expect(rows).toEqual([{ dataset: 'ticker', rows: 8 * 24 }]);
  });

  it('is refused the lake; adopt tells of each slice what is hot as well, and changes nothing (I12)', async () => {
    const { yesterday } = await threeDaysLater();
    expect(await failureOf(planRotationOf(yesterday.bench.rooms, dataset))).toMatchObject({
      code: 'LAKE_NOT_OWNED',
    });
    const before = await states(yesterday);
    const { plan, isDone } = await adopt(yesterday.bench, [dataset]);
    expect(isDone).toBe(false);
    expect(
      plan.datasets[0]?.meetings.map(({ rows, alsoHot, equal }) => [rows, alsoHot, equal]),
    ).toEqual([
      [25, 24, 24],
      [24, 24, 23],
      [24, 24, 24],
    ]);
    const told = (prefer: 'cold' | 'hot'): string =>
      reportAdoption(plan, { state: 'planned', prefer }).text(PLAIN);
    expect(told('cold')).toContain('1 row with other values: the next rotation settles it');
    expect(told('hot')).toContain('1 row with other values: the hot one stays');
    expect(told('hot')).not.toContain('the next rotation settles');
    expect(await states(yesterday)).toEqual(before);
    expect(await failureOf(rotateDataset(yesterday.bench.rooms, dataset, FORCE))).toMatchObject({
      code: 'LAKE_NOT_OWNED',
    });
  });

  it('--prefer cold: takes the segments up; no row is doubled or lost, and the next rotation drops what is held', async () => {
    const { yesterday, truth } = await threeDaysLater();
    expect(await adopt(yesterday.bench, [dataset], { prefer: 'cold' })).toMatchObject({
      isDone: true,
    });
    const keys = (rows: readonly string[]) =>
      rows.map((row) => row.split(' ').slice(0, 2).join(' '));
    // The row that differs is settled by on_cold_duplicate: newest, as any late row is.
    expect(keys(await allRows(yesterday))).toEqual(keys(truth));
    const { totals } = await rotateDataset(yesterday.bench.rooms, dataset, FORCE);
    expect(totals.failed).toEqual([]);
    expect(await hotDue(yesterday)).toBe(0);
    const after = await allRows(yesterday);
    expect(keys(after)).toEqual(keys(truth));
    expect(after.filter((row) => !truth.includes(row))).toHaveLength(1);
    const dropped = totals.moved.reduce((sum, { again }) => sum + again.dropped, 0);
    expect(dropped).toBe(48);
  });

  it('takes up nothing that readers would see twice, as with on_cold_duplicate: refuse', async () => {
    const { yesterday, truth } = await threeDaysLater();
    dataset = { ...dataset, onColdDuplicate: 'refuse' };
    const { plan, isDone } = await adopt(yesterday.bench, [dataset], { prefer: 'cold' });
    expect(isDone).toBe(false);
    expect(plan.datasets[0]?.problems.map(({ kind }) => kind)).toEqual(Array(3).fill('kept_twice'));
    expect((await allRows(yesterday)).length).toBe(truth.length - 1);
  });

  it('--prefer hot: sets aside the slices whose every row is hot, and takes the one that has another', async () => {
    const { yesterday, truth } = await threeDaysLater();
    const { plan } = await adopt(yesterday.bench, [dataset], { prefer: 'hot' });
    expect(plan.datasets[0]).toMatchObject({ taken: { slices: 1 }, setAside: { slices: 2 } });
    expect(await states(yesterday)).toEqual([
      { state: 'live', n: 6 },
      { state: 'retired', n: 2 },
    ]);
    const keys = (rows: readonly string[]) =>
      rows.map((row) => row.split(' ').slice(0, 2).join(' '));
    expect(keys(await allRows(yesterday))).toEqual(keys(truth));
    await rotateDataset(yesterday.bench.rooms, dataset, FORCE);
    expect(await hotDue(yesterday)).toBe(0);
    expect(keys(await allRows(yesterday))).toEqual(keys(truth));
    const all = {
      dataset: null,
      sample: null,
      prove: 'standard',
      onProgress: () => undefined,
    } as const;
    expect(await scrub(yesterday.bench.rooms, all)).toMatchObject({
      bytes: { missing: [], altered: [], unknown: [] },
      unproven: [],
    });
  });

  it.for([
    ['are there still', false],
    ['are gone', true],
  ] as const)(
    'takes what was merged since in the place of the old files, which %s',
    async ([, isSwept]) => {
      const copy = await backUp();
      const truth = await allRows({ bench, database });
      await compact(bench, dataset);
      if (isSwept) {
        const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
        await rotateDataset({ ...bench.rooms, settings }, dataset, FORCE);
      }
      const yesterday = await setBack(copy);
      const { plan, isDone } = await adopt(yesterday.bench, [dataset]);
      expect(plan.datasets[0]).toMatchObject({ taken: { segments: 1 }, problems: [] });
      expect(plan.datasets[0]?.outdatedKeys).toHaveLength(5);
      expect(isDone).toBe(true);
      expect(await allRows(yesterday)).toEqual(truth);
    },
  );

  it.for([
    ['a day', {}],
    ['some rows of one', { where: 'n % 3 = 0' }],
  ] as const)(
    'has %s again that was restored since: hot there, and nowhere else',
    async ([, wish]) => {
      const copy = await backUp();
      const truth = await allRows({ bench, database });
      await restore(bench, dataset, days(38, 37), wish);
      const yesterday = await setBack(copy);
      const { isDone, plan } = await adopt(yesterday.bench, [dataset]);
      expect(plan.datasets[0]?.problems).toEqual([]);
      expect(isDone).toBe(true);
      expect(await allRows(yesterday)).toEqual(truth);
      await rotateDataset(yesterday.bench.rooms, dataset, FORCE);
      expect(await allRows(yesterday)).toEqual(truth);
    },
  );

  it('has what was restored, and moved once more since, once', async () => {
    const copy = await backUp();
    await restore(bench, dataset, days(38, 36));
    const db = await database.connect();
    await unpin(db, dataset.name, days(38, 37));
    await db.end();
    await database.query(`update ticks set n = -2 where time = $1`, [daysAgo(38)]);
    await rotateDataset(bench.rooms, dataset, FORCE);
    const truth = await allRows({ bench, database });
    const yesterday = await setBack(copy);
    expect(await adopt(yesterday.bench, [dataset])).toMatchObject({ isDone: true });
    expect(await allRows(yesterday)).toEqual(truth);
  });

  it('leaves what was restored out where it is hot', async () => {
    const copy = await backUp();
    const truth = await allRows({ bench, database });
    await restore(bench, dataset, days(38, 37));
    const yesterday = await setBack(copy);
    await fill(38, 37, copy);
    expect(await adopt(yesterday.bench, [dataset])).toMatchObject({ isDone: true });
    expect(await allRows(yesterday)).toEqual(truth);
    expect(await states(yesterday)).toEqual([
      { state: 'live', n: 4 },
      { state: 'retired', n: 1 },
    ]);
  });

  it('tells what it can not compare with a file that is gone, and changes nothing', async () => {
    const copy = await backUp();
    await database.query(`insert into ticks values ($1, 'late', 1)`, [
      new Date(Date.parse(daysAgo(38)) + 3_600_000),
    ]);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await rm(join(bench.lake, '_tierd_manifest'), { recursive: true });
    const yesterday = await setBack(copy);
    const { rows } = await copy.query(
      `select g.object_key as key from tierd.segments g join tierd.slices s on s.id = g.slice_id where s.range_from = $1`,
      [daysAgo(38)],
    );
    const [old] = rows as { readonly key: string }[];
    await rm(join(bench.lake, old?.key ?? 'no such file'));
    const { plan, isDone } = await adopt(yesterday.bench, [dataset], { prefer: 'cold' });
    expect(isDone).toBe(false);
    expect(plan.datasets[0]?.problems.map(({ kind }) => kind)).toEqual(['undecided']);
  });

  it('is not guessed at where no key tells the rows apart', async () => {
    await database.query('alter table ticks drop constraint ticks_pkey');
    const { yesterday } = await threeDaysLater();
    for (const prefer of ['cold', 'hot'] as const) {
      const { plan, isDone } = await adopt(yesterday.bench, [dataset], { prefer });
      expect(isDone).toBe(false);
      expect(plan.datasets[0]?.problems.map(({ kind }) => kind)).toEqual(Array(3).fill('no_key'));
    }
  });
});
