/** A dataset that has another name in the configuration. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { schemaSql } from '../../../src/hot/attach/schema-sql.ts';
import { verifyAudit } from '../../../src/jobs/audit/verify-audit.ts';
import { endHold, setHold } from '../../../src/jobs/hold.ts';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { scrubVerdict } from '../../../src/jobs/scrub-result.ts';
import { listHolds } from '../../../src/ledger/holds.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { adopt } from '../../support/adopt.ts';
import { askStores } from '../../support/ask-stores.ts';
import { compact } from '../../support/compact.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { expire } from '../../support/expire.ts';
import { readIceberg } from '../../support/iceberg-reader.ts';
import { loseDatabase } from '../../support/lost-database.ts';
import { rename } from '../../support/rename.ts';
import { days, failureOf, restore } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const FORCE = { force: true };

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;
let ticks: Dataset;
let quotes: Dataset;

/** A row an hour of the days `from` to `to` days ago. */
const fill = (from: number, to: number, symbol = 'A'): Promise<unknown> =>
  database.query(
    `insert into ticks select t, '${symbol}', extract(epoch from t)
     from generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') t`,
    [daysAgo(from), daysAgo(to)],
  );

const toQuotes = (changes: Partial<Parameters<typeof rename>[1]> = {}) =>
  rename(bench, { from: 'ticks', to: quotes, configured: ['quotes'], ...changes });

const cold = async (dataset: Dataset): Promise<readonly Record<string, unknown>[]> =>
  (
    await askStores(
      bench,
      db,
      [dataset],
      `select count(*)::int as rows, count(distinct (symbol, time))::int as keys from cold.${dataset.name}`,
    )
  ).rows;

async function assertSound(dataset: string | null): Promise<void> {
  const found = await scrub(
    { ...bench.rooms, isByHand: false },
    { dataset, sample: null, prove: 'standard', onProgress: () => undefined },
  );
  expect([scrubVerdict(found), found.bytes.unknown, found.strange]).toEqual(['sound', [], []]);
}

/** As engines find it by the catalogue. */
async function tableOf(): Promise<readonly { readonly name: string; readonly rows: number }[]> {
  const { rows } = await db.query<{ name: string; location: string }>(
    `select table_name as name, metadata_location as location from tierd.iceberg_tables order by 1`,
  );
  return Promise.all(
    rows.map(async ({ name, location }) => {
      const { files } = await readIceberg(location);
      return { name, rows: files.reduce((sum, file) => sum + Number(file.rows), 0) };
    }),
  );
}

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  bench = await openBench(database);
  ticks = makeDataset('ticks');
  quotes = { ...ticks, name: 'quotes' };
  await database.query(
    `create table ticks (time timestamptz not null, symbol text not null, n bigint, primary key (symbol, time))`,
  );
  await fill(70, 60);
  await rotateDataset(bench.rooms, ticks, FORCE);
});

describe('a dataset with a new name in the configuration', () => {
  it('is refused while a view inside PostgreSQL goes by the name: it would miss what moves after that', async () => {
    await rotateDataset(bench.rooms, ticks, FORCE);
    await db.query('create schema "at""tached"');
    for (const statement of schemaSql('at"tached', 'postgres')) await db.query(statement);
    await db.query(
      `insert into "at""tached".tierd_attached values ('ticks', 'ticks', 'timestamptz', '', '', 0, 0)`,
    );
    const failure = await failureOf(toQuotes());
    expect(failure.message).toContain('at"tached.ticks shows its rows by the name ticks');
    expect(failure.hint).toContain('`tierd detach ticks` first');
    await db.query('delete from "at""tached".tierd_attached');
    await toQuotes();
  });

  it('is refused while a hypertable in place goes by the name', async () => {
    await rotateDataset(bench.rooms, ticks, FORCE);
    await db.query(
      `insert into tierd.in_place values ('ticks', 'public', 'ticks', 'at', 'ticks_chunk', 'time', 'timestamptz', '', '', 0, 0)`,
    );
    const failure = await failureOf(toQuotes());
    expect(failure.message).toContain('at.ticks_chunk shows its rows by the name ticks');
    await db.query('delete from tierd.in_place');
    await toQuotes();
  });

  it('is not rotated as another one, unless that is meant', async () => {
    await fill(50, 48);
    const plan = await planRotationOf(bench.rooms, quotes);
    expect(plan.refusals).toMatchObject([
      {
        guard: 'renamed_dataset',
        message: 'the lake has 10 segments of this table as the dataset ticks, and none as quotes',
        hint: expect.stringContaining('tierd lake rename ticks quotes') as string,
        forceable: true,
      },
    ]);
    const refused = await failureOf(rotateDataset(bench.rooms, quotes, { force: false }));
    expect(refused.code).toBe('REFUSED');
    expect(await cold(ticks)).toEqual([{ rows: 240, keys: 240 }]);
    await rotateDataset(bench.rooms, quotes, FORCE);
    expect(await cold(quotes)).toEqual([{ rows: 48, keys: 48 }]);
  });

  it('is answered by no hot rows alone, unless another is meant (I11)', async () => {
    await fill(50, 48);
    for (const from of ['quotes', 'cold.quotes']) {
      const asked = askStores(bench, db, [quotes], `select count(*) from ${from}`);
      await expect(asked).rejects.toMatchObject({
        code: 'DATASET_NOT_FOUND',
        message:
          'the lake has 10 segments of the table of quotes as the dataset ticks, and none as quotes; nothing was done',
        hint: expect.stringContaining('tierd lake rename ticks quotes') as string,
      });
    }
    // Both are configured: each is asked for itself.
    const { rows } = await askStores(
      bench,
      db,
      [ticks, quotes],
      'select count(*)::int as n from quotes union all select count(*)::int from ticks order by n',
    );
    expect(rows).toEqual([{ n: 48 }, { n: 288 }]);
    await rotateDataset(bench.rooms, quotes, FORCE);
    expect(await cold(quotes)).toEqual([{ rows: 48, keys: 48 }]);
  });

  it('has all that it had, and goes on under that name (I1, I2, I4)', async () => {
    await setHold(bench.rooms, { dataset: 'ticks', range: null, reason: 'an audit', until: null });
    expect(await toQuotes()).toEqual({ segments: 10, rows: '240', isDone: false });
    expect(await cold(quotes)).toEqual([{ rows: 240, keys: 240 }]);
    const holds = await listHolds(db, 'quotes');
    expect(holds).toHaveLength(1);

    await fill(70, 69, 'B');
    await fill(50, 48);
    await database.query(`insert into ticks values ($1, 'A', -1)`, [daysAgo(65)]);
    const kept = await rotateDataset(bench.rooms, quotes, FORCE);
    expect(kept.totals.failed).toMatchObject([{ error: { code: 'COLD_DUPLICATES' } }]);
    await endHold(bench.rooms, holds[0]?.id ?? '', 'it is over');
    const { totals } = await rotateDataset(bench.rooms, quotes, FORCE);
    expect(totals.failed).toEqual([]);
    expect(await cold(quotes)).toEqual([{ rows: 312, keys: 312 }]);
    await assertSound('quotes');
    await assertSound(null);

    await compact(bench, quotes);
    const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
    await expire({ rooms: { ...bench.rooms, settings } }, quotes);
    expect(await cold(quotes)).toEqual([{ rows: 312, keys: 312 }]);
    const { rows } = await db.query(`select distinct state from tierd.segments order by 1`);
    expect(rows).toEqual([{ state: 'live' }, { state: 'removed' }]);
    await assertSound('quotes');

    // One slice by now, wholly or not at all: January's, from both folders.
    await restore(bench, quotes, days(70, 68), { pinUntil: null, force: true });
    expect(await cold(quotes)).toEqual([{ rows: 48, keys: 48 }]);
    await assertSound(null);
  });

  it('is told to whoever still calls it by the name before', async () => {
    await toQuotes();
    await fill(50, 48);
    for (const from of ['ticks', 'cold.ticks', 'hot.ticks']) {
      const asked = askStores(bench, db, [ticks], `select count(*) from ${from}`);
      await expect(asked).rejects.toMatchObject({
        code: 'DATASET_NOT_FOUND',
        message: 'ticks was renamed to quotes, by which the lake has its rows; nothing was done',
      });
    }
    // A hold that keeps nothing, and a scrub that takes all files for strangers'.
    const hold = { dataset: 'ticks', range: null, reason: 'an audit', until: null };
    expect((await failureOf(setHold(bench.rooms, hold))).code).toBe('DATASET_NOT_FOUND');
    await expect(assertSound('ticks')).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
    const { rows } = await askStores(bench, db, [ticks], 'select count(*)::int as n from quotes');
    expect(rows).toEqual([{ n: 240 }]);
    expect((await planRotationOf(bench.rooms, ticks)).refusals).toMatchObject([
      {
        guard: 'former_name',
        hint: expect.stringContaining('call it quotes in the configuration') as string,
        forceable: false,
      },
    ]);
  });

  it('is led to by the audit log of the name before', async () => {
    await toQuotes();
    const { rows } = await db.query(
      `select chain, number::int, entry::jsonb - '{at,by,user}'::text[] as entry from tierd.audit
       where entry::jsonb ->> 'action' = 'renamed' order by chain`,
    );
    expect(rows).toMatchObject([
      { chain: 'quotes', number: 1, entry: { dataset: 'quotes', from: 'ticks' } },
      { chain: 'ticks', entry: { dataset: 'ticks', to: 'quotes' } },
    ]);
    const before = await db.query<{ number: number; hash: string }>(
      `select number::int, encode(hash, 'hex') as hash from tierd.audit
       where chain = 'ticks' and entry::jsonb ->> 'action' <> 'renamed' order by number desc limit 1`,
    );
    expect((rows[0] as { entry: unknown }).entry).toMatchObject({
      after_entry: before.rows[0]?.number,
      after_hash: before.rows[0]?.hash,
    });
    expect(await verifyAudit(bench.rooms, db)).toMatchObject({ broken: [], contradictions: [] });
  });

  it('is one that a ledger made of the lake alone finds, by that name only', async () => {
    await toQuotes();
    await fill(50, 48);
    await rotateDataset(bench.rooms, quotes, FORCE);
    await deleteFrom(bench, quotes, `time < '${daysAgo(69)}'`, { coldOnly: true, force: true });
    const before = await listSegments(db, { dataset: 'quotes', states: ['live'] });

    const lost = await loseDatabase(bench);
    const old = await adopt(lost.bench, [ticks]);
    expect(old.isDone).toBe(false);
    expect(old.plan.datasets[0]?.problems).toMatchObject([
      { kind: 'renamed', reason: expect.stringContaining('renamed to quotes') as string },
    ]);
    expect(old.plan.notConfigured).toEqual(['quotes']);

    const adopted = await adopt(lost.bench, [quotes], { verify: true });
    expect(adopted).toMatchObject({ isDone: true, plan: { notConfigured: [] } });
    expect(adopted.plan.datasets[0]?.problems).toEqual([]);
    const client = await lost.database.connect();
    const found = await listSegments(client, { dataset: 'quotes', states: ['live'] });
    await client.end();
    const keys = (segments: typeof found) => segments.map(({ key }) => key).sort();
    expect(keys(found)).toEqual(keys(before));
    expect(keys(found).some((key) => key.startsWith('ticks/'))).toBe(true);
    // It knows the name before as well.
    const taken = await failureOf(
      rotateDataset(lost.bench.rooms, { ...ticks, table: quotes.table }, FORCE),
    );
    expect(taken.code).toBe('DATASET_NOT_FOUND');
  });

  it('is adopted by the name of its files where nothing else is left, and renamed again', async () => {
    await toQuotes();
    await rm(join(bench.lake, '_tierd_manifest'), { recursive: true });
    const lost = await loseDatabase(bench);
    const adopted = await adopt(lost.bench, [ticks]);
    expect(adopted).toMatchObject({ isDone: true, plan: { datasets: [{ problems: [] }] } });
    const renaming = { from: 'ticks', to: quotes, configured: ['quotes'] };
    expect(await rename(lost.bench, renaming)).toMatchObject({ segments: 10, rows: '240' });
  });

  it('may have its first name again, and nobody else may', async () => {
    await toQuotes();
    await database.query('create table others (like ticks)');
    await database.query(`insert into others values ($1, 'o', 1)`, [daysAgo(40)]);
    const others = makeDataset('others');
    const squatter = { ...others, name: 'ticks' };
    const plan = await planRotationOf(bench.rooms, squatter);
    expect(plan.refusals).toMatchObject([{ guard: 'former_name', forceable: false }]);
    await rotateDataset(bench.rooms, others, FORCE);
    const renaming = { from: 'others', to: squatter, configured: ['ticks', 'quotes'] };
    expect((await failureOf(rename(bench, renaming))).message).toContain('former name of quotes');

    await rename(bench, { from: 'quotes', to: ticks, configured: ['ticks', 'others'] });
    expect(await cold(ticks)).toEqual([{ rows: 240, keys: 240 }]);
    await fill(50, 49);
    await rotateDataset(bench.rooms, ticks, FORCE);
    const lost = await loseDatabase(bench);
    const adopted = await adopt(lost.bench, [ticks, others]);
    expect(adopted).toMatchObject({ isDone: true, plan: { notConfigured: [] } });
  });

  it('is an Iceberg table of that name at once, and begins anew in its folder', async () => {
    const [before, after] = [
      { ...ticks, iceberg: true },
      { ...quotes, iceberg: true },
    ];
    await fill(55, 54);
    await rotateDataset(bench.rooms, before, FORCE);
    await toQuotes();
    expect(await tableOf()).toEqual([{ name: 'quotes', rows: 264 }]);
    const hint = (name: string) =>
      bench.rooms.store.stat(`_iceberg/${name}/metadata/version-hint.text`);
    expect(await hint('ticks')).not.toBeNull();

    await fill(50, 48);
    const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
    await rotateDataset({ ...bench.rooms, settings }, after, FORCE);
    expect(await tableOf()).toEqual([{ name: 'quotes', rows: 312 }]);
    expect([await hint('ticks'), (await hint('quotes')) === null]).toEqual([null, false]);
    await expire({ rooms: { ...bench.rooms, settings } }, after);
    expect(await tableOf()).toEqual([{ name: 'quotes', rows: 312 }]);
    await assertSound(null);
    await assertSound('quotes');
  });

  it('is renamed once: said again, it is so already', async () => {
    await toQuotes();
    expect(await toQuotes()).toEqual({ segments: 10, rows: '240', isDone: true });
    const { rows } = await db.query(
      `select count(*)::int as entries from tierd.audit where entry::jsonb ->> 'action' = 'renamed'`,
    );
    expect(rows).toEqual([{ entries: 2 }]);
  });

  it('is refused where a name does not fit, and nothing is changed', async () => {
    const refusal = async (renaming: Partial<Parameters<typeof rename>[1]>): Promise<string> =>
      (await failureOf(toQuotes(renaming))).message;
    expect(await refusal({ configured: ['ticks', 'quotes'] })).toBe(
      'ticks is still in the configuration; nothing was changed',
    );
    expect(await refusal({ from: 'tics' })).toBe(
      'the ledger knows no dataset tics; nothing was changed',
    );
    await fill(50, 48);
    await rotateDataset(bench.rooms, quotes, FORCE);
    expect(await refusal({})).toBe(
      "quotes has slices of its own in the ledger, and two datasets don't become one; nothing was changed",
    );
    await database.query(
      `update tierd.leases set holder = 'host:1', expires_at = clock_timestamp() + interval '1 hour' where dataset = 'ticks'`,
    );
    const back = { from: 'quotes', to: { ...ticks, name: 'bids' }, configured: ['bids', 'ticks'] };
    expect((await failureOf(rename(bench, back))).code).toBe('LEASE_HELD');
    expect(await cold(ticks)).toEqual([{ rows: 240, keys: 240 }]);
  });
});
