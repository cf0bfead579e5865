/** What is older than cold_days leaves the lake: only that, only when no guard, hold or pin is in the way. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { endHold, setHold } from '../../../src/jobs/hold.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { askStores } from '../../support/ask-stores.ts';
import { auditOf } from '../../support/audit-entries.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { dumpDatabase } from '../../support/dump.ts';
import { ageLake, expire, planExpiry } from '../../support/expire.ts';
import { readIceberg } from '../../support/iceberg-reader.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../../support/rotation.ts';

const COLUMNS = 'time timestamptz not null, symbol text, id bigint not null';
/** Ten days of rows in the lake, of which the four oldest are older than 60 days. */
const FIRST = 64;
const COLD_DAYS = 60;
const ROWS_A_DAY = 20;
const [ALL, OLD] = [10, 4];

let database: TestDatabase;
let bench: Bench;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  client = await database.connect();
});

async function fill(table: string): Promise<void> {
  await database.query(
    `insert into ${table} select $1::timestamptz + d * interval '1 day' + n * interval '7 minutes', 's' || n % 3, d * 100 + n
     from generate_series(0, $2::int - 1) d, generate_series(0, $3::int - 1) n`,
    [daysAgo(FIRST), ALL, ROWS_A_DAY],
  );
}

async function coldTable(changes: Partial<Dataset> = {}): Promise<Dataset> {
  await database.query(`create table bars (${COLUMNS})`);
  await fill('bars');
  const dataset = makeDataset('bars', { coldDays: COLD_DAYS, ...changes });
  await rotateAll(bench, dataset);
  await ageLake(database);
  return dataset;
}

const liveRows = async (): Promise<number> => {
  const live = await listSegments(client, { dataset: 'bars', states: ['live'] });
  return live.reduce((sum, { rows }) => sum + Number(rows), 0);
};

async function filesOf(dataset: string): Promise<readonly string[]> {
  const entries = await readdir(join(bench.lake, dataset), { recursive: true });
  return entries.filter((name) => name.endsWith('.parquet'));
}

const SUMS = 'select count(*)::int as n, min(time) as first, max(time) as last from bars';

const limitsOf = (changes: Partial<Dataset['limits']>): Dataset['limits'] => ({
  ...makeDataset('bars').limits,
  ...changes,
});

describe('expire', () => {
  it('I2: takes out of the lake what ended before the border, and nothing else', async () => {
    const dataset = await coldTable();
    const { plan, expired } = await expire(bench, dataset);
    expect(new Date(plan.before ?? 0).toISOString()).toBe(daysAgo(COLD_DAYS));
    expect(expired).toMatchObject([{ slices: OLD, rows: OLD * ROWS_A_DAY, segments: OLD }]);
    const { rows } = await askStores(bench, client, [dataset], SUMS);
    expect(rows).toMatchObject([{ n: (ALL - OLD) * ROWS_A_DAY }]);
    expect(await liveRows()).toBe((ALL - OLD) * ROWS_A_DAY);
    expect((await expire(bench, dataset)).expired).toEqual([]);
    expect(
      (await listRuns(client, { dataset: 'bars', job: 'expire', limit: 9 })).at(0),
    ).toMatchObject({ state: 'done' });
  });

  it('writes down what is gone: keys, rows, and the hash of each slice', async () => {
    const dataset = await coldTable();
    const before = await listSegments(client, { dataset: 'bars', states: ['live'] });
    await expire(bench, dataset);
    const [entry] = await auditOf(database, 'expired');
    const keys = before.map(({ key }) => key).slice(0, OLD);
    expect(entry).toMatchObject({ rows: String(OLD * ROWS_A_DAY), retired: keys, cold_days: 60 });
    const slices = entry?.['slices'] as Record<string, unknown>[];
    expect(slices).toHaveLength(OLD);
    expect(slices[0]).toMatchObject({ from: daysAgo(FIRST), rows: ROWS_A_DAY });
    expect(slices[0]?.['row_hash']).toMatch(/^[0-9a-f]{16}$/u);
  });

  it('I3: leaves the files to readers until the grace period is over', async () => {
    const dataset = await coldTable();
    await expire(bench, dataset);
    await rotateAll(bench, dataset);
    expect(await filesOf('bars')).toHaveLength(ALL);
    const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
    await expire({ rooms: { ...bench.rooms, settings } }, dataset);
    expect(await filesOf('bars')).toHaveLength(ALL - OLD);
    const { bytes, provenRows } = await scrub(bench.rooms, {
      dataset: 'bars',
      sample: null,
      prove: 'standard',
      onProgress: () => undefined,
    });
    expect(bytes).toMatchObject({ missing: [], altered: [], unknown: [], leftovers: [] });
    expect(provenRows).toBe((ALL - OLD) * ROWS_A_DAY);
  });

  it('I7: a dry run changes nothing, and plans what the run does', async () => {
    const dataset = await coldTable();
    const before = [await dumpDatabase(database.url), await filesOf('bars')];
    const plan = await planExpiry(bench, dataset);
    expect([await dumpDatabase(database.url), await filesOf('bars')]).toEqual(before);
    const done = await expire(bench, dataset);
    expect(done.plan.due).toEqual(plan.due);
  });

  it('keeps for ever what has no cold_days', async () => {
    const { coldDays: _, ...dataset } = await coldTable();
    expect((await expire(bench, dataset, { force: true, mayEmpty: true })).expired).toEqual([]);
    expect(await liveRows()).toBe(ALL * ROWS_A_DAY);
  });

  it('takes a late row of an expired day a week after it came, and archives nothing twice', async () => {
    const dataset = await coldTable();
    await expire(bench, dataset);
    await database.query(`insert into bars values ('${daysAgo(FIRST)}', 'late', 1)`);
    await rotateAll(bench, dataset);
    expect(await liveRows()).toBe((ALL - OLD) * ROWS_A_DAY + 1);
    const young = await expire(bench, dataset);
    expect(young.expired).toEqual([]);
    expect(young.plan.notes.join()).toContain('less than 7 days ago');
    await ageLake(database);
    expect((await expire(bench, dataset)).expired).toMatchObject([{ rows: 1 }]);
    expect(await liveRows()).toBe((ALL - OLD) * ROWS_A_DAY);
  });

  it('takes partitions as they left PostgreSQL', async () => {
    await database.query(
      `create table bars (${COLUMNS}) partition by range (time);
       create table bars_old partition of bars for values from ('${daysAgo(65)}') to ('${daysAgo(62)}');
       create table bars_rest partition of bars default`,
    );
    await fill('bars');
    const dataset = makeDataset('bars', { coldDays: COLD_DAYS });
    await rotateAll(bench, dataset);
    await ageLake(database);
    expect((await expire(bench, dataset)).expired).toMatchObject([{ rows: OLD * ROWS_A_DAY }]);
  });

  it('I2: what expired is in the Iceberg table no more', async () => {
    const dataset = await coldTable({ iceberg: true });
    await expire(bench, dataset);
    const { rows } = await database.query('select metadata_location from tierd.iceberg_tables');
    const [row] = rows as { metadata_location: string }[];
    const { files } = await readIceberg(row?.metadata_location ?? '');
    const live = await listSegments(client, { dataset: 'bars', states: ['live'] });
    expect(files.map(({ path }) => path).sort()).toEqual(
      live.map(({ key }) => join(bench.lake, key)).sort(),
    );
    expect(files).toHaveLength(ALL - OLD);
  });
});

describe('an expiry is refused', () => {
  it.each([2126, 1970])('while the clock says %i', async (year) => {
    const limits = limitsOf({ maxClockSkewMs: 300_000, maxClockJumpMs: 30 * 86_400_000 });
    const dataset = await coldTable({ limits });
    const clock = { now: () => Date.parse(`${String(year)}-03-31T00:00:00Z`) };
    const failure = await failureOf(expire({ rooms: { ...bench.rooms, clock } }, dataset));
    expect(failure).toMatchObject({ code: 'REFUSED' });
    expect(JSON.stringify(failure.context)).toContain('clock_jump');
    expect(JSON.stringify(failure.context)).toContain('clock_skew');
    expect(await liveRows()).toBe(ALL * ROWS_A_DAY);
  });

  it('where more than max_share of the cold rows would go, unless forced', async () => {
    const dataset = await coldTable({ limits: limitsOf({ maxShare: 0.3 }) });
    expect(await failureOf(expire(bench, dataset))).toMatchObject({ code: 'REFUSED' });
    expect(await liveRows()).toBe(ALL * ROWS_A_DAY);
    expect((await expire(bench, dataset, { force: true })).expired).toHaveLength(1);
  });

  it('where nothing would be left, also when forced, unless somebody names the dataset', async () => {
    const dataset = await coldTable({ coldDays: 32 });
    const failure = await failureOf(expire(bench, dataset, { force: true }));
    expect(failure.hint).toContain('--may-empty bars');
    expect(await liveRows()).toBe(ALL * ROWS_A_DAY);
    await expire(bench, dataset, { force: true, mayEmpty: true });
    expect(await liveRows()).toBe(0);
  });

  it('where rows would be gone as they arrive, however it is forced', async () => {
    const dataset = await coldTable({ coldDays: 3 });
    const failure = await failureOf(expire(bench, dataset, { force: true, mayEmpty: true }));
    expect(JSON.stringify(failure.context)).toContain('cold_days_too_short');
    expect(await liveRows()).toBe(ALL * ROWS_A_DAY);
  });
});

describe('what stays in the lake', () => {
  it('is what a hold is on, until it is lifted', async () => {
    const dataset = await coldTable();
    const wish = { dataset: 'bars', range: days(FIRST, FIRST - 1), reason: 'case 17', until: null };
    const hold = await setHold(bench.rooms, wish);
    const { plan, expired } = await expire(bench, dataset);
    expect(expired).toMatchObject([{ slices: OLD - 1 }]);
    expect(plan.notes.join()).toContain('case 17');
    await endHold(bench.rooms, hold.id, 'closed');
    expect((await expire(bench, dataset)).expired).toMatchObject([{ slices: 1 }]);
    expect(await auditOf(database, 'held')).toMatchObject([{ reason: 'case 17', hold: hold.id }]);
    expect(await auditOf(database, 'hold_lifted')).toMatchObject([{ lift_reason: 'closed' }]);
    expect(await failureOf(endHold(bench.rooms, hold.id, 'again'))).toMatchObject({
      code: 'USAGE',
    });
  });

  it('is all of a dataset whose hold has no range, and none whose hold has ended', async () => {
    const dataset = await coldTable();
    const wish = { dataset: 'bars', range: null, reason: 'case 18' };
    const hold = await setHold(bench.rooms, { ...wish, until: NOW + 1 });
    expect((await expire(bench, dataset, { force: true })).expired).toEqual([]);
    await endHold(bench.rooms, hold.id, 'closed');
    await setHold(bench.rooms, { ...wish, until: NOW - 1 });
    expect((await expire(bench, dataset)).expired).toHaveLength(1);
  });

  it('is what lies beside pinned time', async () => {
    const dataset = await coldTable();
    await restore(bench, dataset, days(FIRST, FIRST - 1), { pinUntil: null });
    await database.query(
      `update tierd.pins set range_to = range_to + interval '1 day' where dataset = 'bars'`,
    );
    const { plan, expired } = await expire(bench, dataset);
    expect(expired).toMatchObject([{ slices: OLD - 2 }]);
    expect(plan.notes.join()).toContain('tierd unpin bars');
  });

  it('is what a hold was set on after the plan was made: it is seen before COMMIT', async () => {
    const dataset = await coldTable();
    const wish = { dataset: 'bars', range: days(FIRST, FIRST - 1), reason: 'case 19', until: null };
    let setting: Promise<unknown> = Promise.resolve();
    const failure = await failureOf(
      expire(
        {
          rooms: {
            ...bench.rooms,
            // The plan is made by then, and nothing has left.
            newId: () => {
              setting = setHold(bench.rooms, wish);
              return bench.rooms.newId();
            },
            connect: async (purpose) => {
              await setting;
              return bench.rooms.connect(purpose);
            },
          },
        },
        dataset,
      ),
    );
    expect(failure.message).toContain('case 19');
    expect(await liveRows()).toBe(ALL * ROWS_A_DAY);
    expect((await expire(bench, dataset)).expired).toMatchObject([{ slices: OLD - 1 }]);
  });

  it('a hold waits for an expiry that is committing, and is set after it', async () => {
    await coldTable();
    const committing = await database.connect();
    await committing.query('begin; lock table tierd.holds in share mode');
    let isSet = false;
    const rooms = {
      ...bench.rooms,
      settings: { ...bench.rooms.settings, lockTimeoutMs: 60_000 },
    };
    const wish = { dataset: 'bars', range: null, reason: 'case 20', until: null };
    const setting = setHold(rooms, wish).then(() => {
      isSet = true;
    });
    await expect
      .poll(async () => (await client.query(`select 1 from pg_locks where not granted`)).rowCount)
      .toBeGreaterThan(0);
    expect(isSet).toBe(false);
    await committing.query('commit');
    await setting;
    expect(isSet).toBe(true);
  });
});
