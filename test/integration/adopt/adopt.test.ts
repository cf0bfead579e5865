/** A ledger that is made of a lake alone. */
import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { verifyAudit } from '../../../src/jobs/audit/verify-audit.ts';
import { setHold } from '../../../src/jobs/hold.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { listColumns } from '../../../src/ledger/columns.ts';
import { listHolds } from '../../../src/ledger/holds.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { adopt } from '../../support/adopt.ts';
import { compact } from '../../support/compact.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { loseDatabase } from '../../support/lost-database.ts';
import { days, failureOf, restore } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const FORCE = { force: true };
const TABLE =
  'create table ticks (time timestamptz not null, symbol text not null, n bigint, price numeric(12,4), note jsonb';
const KEYED = `${TABLE}, primary key (symbol, time))`;

let database: TestDatabase;
let bench: Bench;
let dataset: Dataset;

/** Two rows an hour of the days `from` to `to` days ago. */
const fill = (from: number, to: number): Promise<unknown> =>
  database.query(
    `insert into ticks select t, s, extract(epoch from t) / 60, extract(hour from t) + 0.25, '{"a": [1, null]}'
     from generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') t, unnest(array['A', 'B']) s`,
    [daysAgo(from), daysAgo(to)],
  );

const rowsOf = async (from: TestDatabase, table: string): Promise<readonly unknown[]> =>
  (
    await from.query(
      `select to_jsonb(t) - 'tierd' as row from ${table} t order by t.time, t.symbol`,
    )
  ).rows;

const live = async (on: TestDatabase) => {
  const db = await on.connect();
  const found = await listSegments(db, { states: ['live'] });
  await db.end();
  return found.map(({ sliceId: _, ...rest }) => rest).sort((a, b) => (a.key < b.key ? -1 : 1));
};

const statesOf = async (on: TestDatabase): Promise<unknown> =>
  (await on.query(`select state, count(*)::int as n from tierd.segments group by 1 order by 1`))
    .rows;

const forgetManifests = (): Promise<void> =>
  rm(join(bench.lake, '_tierd_manifest'), { recursive: true });

const kinds = ({ plan }: Awaited<ReturnType<typeof adopt>>): readonly string[] =>
  plan.datasets.flatMap(({ problems }) => problems.map(({ kind }) => kind));

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  dataset = makeDataset('ticks');
  await database.query(KEYED);
});

describe('a lake whose database is lost', () => {
  it.for(['with its manifest', 'by its footers alone'] as const)(
    '%s: has every segment as before, and each row comes back as it was (I6)',
    async (how) => {
      await fill(70, 35);
      const before = await rowsOf(database, 'ticks');
      await rotateDataset(bench.rooms, dataset, FORCE);
      const known = await live(database);
      if (how !== 'with its manifest') await forgetManifests();

      const lost = await loseDatabase(bench);
      const adopted = await adopt(lost.bench, [dataset], { verify: true });
      expect(adopted).toMatchObject({ isDone: true });
      expect(kinds(adopted)).toEqual([]);
      expect(await live(lost.database)).toEqual(known);

      await lost.database.query(KEYED);
      await restore(lost.bench, dataset, days(70, 35));
      expect(await rowsOf(lost.database, 'ticks')).toEqual(before);
    },
  );

  it('goes on: rotates, compacts, is scrubbed and audited, and I12: the old ledger is refused', async () => {
    await fill(40, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    const lost = await loseDatabase(bench);
    await adopt(lost.bench, [dataset]);
    expect(await failureOf(rotateDataset(bench.rooms, dataset, FORCE))).toMatchObject({
      code: 'LAKE_NOT_OWNED',
    });
    await lost.database.query(KEYED);
    await lost.database.query(`insert into ticks values ($1, 'C', 1, 2, null)`, [daysAgo(40)]);
    await rotateDataset(lost.bench.rooms, dataset, FORCE);
    await compact(lost.bench, dataset);
    const all = {
      dataset: null,
      sample: null,
      prove: 'standard',
      onProgress: () => undefined,
    } as const;
    expect(await scrub(lost.bench.rooms, all)).toMatchObject({
      bytes: { missing: [], altered: [], unknown: [] },
      unproven: [],
      provenRows: 5 * 24 * 2 + 1,
    });
    const db = await lost.database.connect();
    expect(await verifyAudit(lost.bench.rooms, db)).toMatchObject({
      broken: [],
      contradictions: [],
    });
    const { rows } = await lost.database.query(
      `select entry::jsonb ->> 'action' as action, entry::jsonb ->> 'after_hash' as hash from tierd.audit
       where chain = 'ticks' order by number limit 1`,
    );
    const [head] = (
      await database.query(
        `select encode(hash, 'hex') as hash from tierd.audit_heads where chain = 'ticks'`,
      )
    ).rows;
    expect(rows).toEqual([{ action: 'adopted', hash: (head as { hash: string }).hash }]);
  });

  it('I13: keeps the ids of columns that were renamed, dropped and added, and what is held', async () => {
    await fill(70, 50);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await database.query(
      `alter table ticks rename n to volume; alter table ticks drop price; alter table ticks add price text`,
    );
    await database.query(`insert into ticks values ($1, 'A', 5, null, 'dear')`, [daysAgo(40)]);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await setHold(bench.rooms, {
      dataset: 'ticks',
      range: days(70, 60),
      reason: 'court',
      until: null,
    });
    await rotateDataset(bench.rooms, dataset, FORCE);
    const lost = await loseDatabase(bench);
    await adopt(lost.bench, [dataset]);
    const [before, after] = [await database.connect(), await lost.database.connect()];
    expect(await listColumns(after, 'ticks')).toEqual(await listColumns(before, 'ticks'));
    expect(await listHolds(after, 'ticks')).toMatchObject([
      { reason: 'court', range: days(70, 60) },
    ]);
    // Made anew, numbered anew: the next rotation knows each column by its name.
    await lost.database.query(
      'create table ticks (price text, symbol text not null, time timestamptz not null, volume bigint, note jsonb)',
    );
    await lost.database.query(`insert into ticks values ('cheap', 'A', $1, 6, null)`, [
      daysAgo(41),
    ]);
    await rotateDataset(lost.bench.rooms, dataset, FORCE);
    const ids = (columns: Awaited<ReturnType<typeof listColumns>>) =>
      columns.filter(({ isDropped }) => !isDropped).map(({ fieldId, name }) => [fieldId, name]);
    expect(ids(await listColumns(after, 'ticks'))).toEqual(ids(await listColumns(before, 'ticks')));
  });

  it('knows by its manifest which files were replaced, and lets them go after the grace period', async () => {
    await fill(40, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await compact(bench, dataset);
    const states = await statesOf(database);
    const lost = await loseDatabase(bench);
    await adopt(lost.bench, [dataset]);
    expect(await statesOf(lost.database)).toEqual(states);
    expect(await live(lost.database)).toEqual(await live(database));
  });

  it('has what was restored, and was hot in the database alone', async () => {
    await fill(70, 65);
    const before = await rowsOf(database, 'ticks');
    await rotateDataset(bench.rooms, dataset, FORCE);
    await restore(bench, dataset, days(68, 66));
    const lost = await loseDatabase(bench);
    await adopt(lost.bench, [dataset]);
    await lost.database.query(KEYED);
    await restore(lost.bench, dataset, days(70, 65));
    expect(await rowsOf(lost.database, 'ticks')).toEqual(before);
  });

  it('keeps what was counted and bounded of columns that are called as nobody would', async () => {
    await fill(70, 68);
    await database.query(
      `alter table ticks add "__proto__" int, add constructor int, add "toString" float8`,
    );
    await database.query(
      `insert into ticks select time, 'C', n, price, note, case when n % 2 = 0 then 7 end, 1, 'NaN' from ticks where symbol = 'A'`,
    );
    const odd = { ...dataset, sortBy: ['__proto__', 'constructor'] };
    await rotateDataset(bench.rooms, odd, FORCE);
    const kept = async (on: TestDatabase) =>
      (
        await on.query(
          `select statistics::text, value_counts::text as counts from tierd.segments
           where state = 'live' order by object_key`,
        )
      ).rows;
    const before = await kept(database);
    expect(JSON.stringify(before)).toContain('__proto__');
    const lost = await loseDatabase(bench);
    await adopt(lost.bench, [odd]);
    expect(await kept(lost.database)).toEqual(before);
  });

  it('learns how long the footers are of segments that an older ledger has written', async () => {
    await fill(70, 64);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await compact(bench, dataset);
    const footers = async (on: TestDatabase) =>
      (await live(on)).map(({ key, footerBytes }) => ({ key, footerBytes }));
    const known = await footers(database);
    for (const { key, footerBytes } of known) {
      const file = await readFile(join(bench.lake, key));
      expect(footerBytes).toBe(file.readUInt32LE(file.length - 8) + 8);
    }
    await database.query('update tierd.segments set footer_bytes = null');
    // Makes the manifest of its month anew.
    await database.query(`insert into ticks values ($1, 'C', 1, 2, null)`, [daysAgo(70)]);
    await rotateDataset(bench.rooms, dataset, FORCE);
    const lost = await loseDatabase(bench);
    await adopt(lost.bench, [dataset]);
    expect(await footers(lost.database)).toEqual(expect.arrayContaining([...known]));
  });

  it('without a manifest knows a merge by its sum, and counts no row twice', async () => {
    await fill(40, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await compact(bench, dataset);
    const [states, known] = [await statesOf(database), await live(database)];
    await forgetManifests();
    const lost = await loseDatabase(bench);
    expect(kinds(await adopt(lost.bench, [dataset]))).toEqual([]);
    expect(await live(lost.database)).toEqual(known);
    expect(await statesOf(lost.database)).toEqual(states);
  });

  it('without a manifest refuses generations of one slice, unless a key says that they are of other rows', async () => {
    await fill(36, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await database.query(`insert into ticks values ($1, 'late', 1, 2, null)`, [daysAgo(36)]);
    await rotateDataset(bench.rooms, dataset, FORCE);
    const known = await live(database);
    expect(known).toHaveLength(2);
    await forgetManifests();
    const lost = await loseDatabase(bench);
    const refused = await adopt(lost.bench, [dataset]);
    expect(refused.isDone).toBe(false);
    expect(kinds(refused)).toEqual(['undecided', 'undecided']);
    expect(await statesOf(lost.database)).toEqual([]);
    await lost.database.query(KEYED);
    expect(await adopt(lost.bench, [dataset])).toMatchObject({ isDone: true });
    expect(await live(lost.database)).toEqual(known);
  });

  it('without a manifest guesses nothing of a row that was replaced', async () => {
    await fill(36, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await database.query(`insert into ticks values ($1, 'A', 1, 2, null)`, [daysAgo(36)]);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await forgetManifests();
    const lost = await loseDatabase(bench);
    await lost.database.query(KEYED);
    const refused = await adopt(lost.bench, [dataset]);
    expect(refused.isDone).toBe(false);
    expect(new Set(kinds(refused))).toEqual(new Set(['undecided']));
  });

  it('without a manifest takes no older generation for a newer one that can not be read: what was deleted would come back', async () => {
    await fill(40, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    const before = await live(database);
    await deleteFrom(bench, dataset, `time = '${daysAgo(40)}'`);
    const [newer] = (await live(database)).filter(
      ({ key }) => !before.some((segment) => segment.key === key),
    );
    await forgetManifests();
    const at = join(bench.lake, newer?.key ?? '');
    await copyFile(at, join(bench.directory, 'sound'));
    await truncate(at, Number(newer?.bytes) - 1);
    const lost = await loseDatabase(bench);
    const refused = await adopt(lost.bench, [dataset]);
    expect(refused.isDone).toBe(false);
    expect(kinds(refused)).toEqual(['altered', 'undecided']);
    expect(await statesOf(lost.database)).toEqual([]);
    // With the damaged one moved away a person has said which counts.
    await rm(at);
    expect(await adopt(lost.bench, [dataset])).toMatchObject({ isDone: true });
  });

  it('names what is missing, altered, strange, copied and incomplete, and takes what it can', async () => {
    await fill(40, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    const [first, second, third] = await live(database);
    const at = (key = ''): string => join(bench.lake, key);
    await rename(at(first?.key), join(bench.directory, 'away'));
    await truncate(at(second?.key), Number(second?.bytes) - 1);
    await mkdir(join(bench.lake, 'ticks/year=2020/month=01/day=01'), { recursive: true });
    const id = /-([0-9a-f]{12})/.exec(third?.key ?? '')?.[1] ?? '';
    await copyFile(
      at(third?.key),
      at(`ticks/year=2020/month=01/day=01/ticks_20200101-${id}.parquet`),
    );
    await writeFile(at('ticks/notes.txt'), 'mine');
    const lost = await loseDatabase(bench);
    const adopted = await adopt(lost.bench, [dataset]);
    const problems = adopted.plan.datasets[0]?.problems.map(({ kind, key }) => [kind, key]);
    expect(problems).toEqual([
      ['strange', 'ticks/notes.txt'],
      ['strange', `ticks/year=2020/month=01/day=01/ticks_20200101-${id}.parquet`],
      ['missing', first?.key],
      ['altered', second?.key],
    ]);
    // What is missing stays known: put back, it is whole, and until then a scrub names it.
    expect(await live(lost.database)).toEqual(await live(database));
    await rename(join(bench.directory, 'away'), at(first?.key));
    const all = { dataset: null, sample: null, prove: null, onProgress: () => undefined };
    const { bytes } = await scrub(lost.bench.rooms, all);
    expect(bytes.missing).toEqual([]);
    expect(bytes.altered.map(({ segment }) => segment.key)).toEqual([second?.key]);
  });

  it('refuses where the newest manifest can’t be read: what was deleted would come back', async () => {
    await fill(40, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await deleteFrom(bench, dataset, `time < '${daysAgo(39)}'`, { force: true });
    const folder = join(bench.lake, '_tierd_manifest/ticks');
    const files = (await readdir(folder)).sort();
    const head = files.filter((name) => name.startsWith('head-')).at(-1) ?? '';
    const whole = await readFile(join(folder, head));
    const { parts } = JSON.parse(whole.toString()) as { parts: { key: string }[] };
    const part = join(bench.lake, parts[0]?.key ?? '');
    await rm(join(folder, head));
    await writeFile(join(folder, head), whole.subarray(0, 100));
    const lost = await loseDatabase(bench);
    const refused = await adopt(lost.bench, [dataset]);
    expect(refused.isDone).toBe(false);
    expect(kinds(refused)).toContain('unread');
    expect(await live(lost.database)).toEqual([]);
    await rm(join(folder, head));
    await writeFile(join(folder, head), whole);
    await rename(part, join(bench.directory, 'part'));
    expect(await adopt(lost.bench, [dataset])).toMatchObject({ isDone: false });
    await rename(join(bench.directory, 'part'), part);
    expect(await adopt(lost.bench, [dataset])).toMatchObject({ isDone: true });
    expect(await live(lost.database)).toEqual(await live(database));
  });

  it('refuses a manifest of another dataset, which would bring that one’s rows', async () => {
    await fill(40, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    const other = { ...makeDataset('others'), table: dataset.table };
    const folder = join(bench.lake, '_tierd_manifest');
    await mkdir(join(folder, 'others'));
    const name = 'head-00000001.json';
    await copyFile(join(folder, 'ticks', name), join(folder, 'others', name));
    const lost = await loseDatabase(bench);
    const refused = await adopt(lost.bench, [other]);
    expect(refused.isDone).toBe(false);
    expect(kinds(refused)).toContain('unread');
    expect(await live(lost.database)).toEqual([]);
  });

  it('I7: a dry run changes nothing; another run has nothing left to do', async () => {
    await fill(40, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    const files = async () => (await readdir(bench.lake, { recursive: true })).sort();
    const before = await files();
    const lost = await loseDatabase(bench);
    const dry = await adopt(lost.bench, [dataset], { dryRun: true });
    expect(dry.plan.datasets[0]?.taken).toMatchObject({ segments: 5, rows: 240n });
    expect(await files()).toEqual(before);
    const rows = await lost.database.query(
      `select (select count(*) from tierd.segments)::int as a, (select count(*) from tierd.lake)::int as b, (select count(*) from tierd.audit)::int as c`,
    );
    expect(rows.rows).toEqual([{ a: 0, b: 0, c: 0 }]);
    await adopt(lost.bench, [dataset]);
    const known = await live(lost.database);
    const again = await adopt(lost.bench, [dataset]);
    expect(again.plan.datasets[0]).toMatchObject({ taken: { segments: 0 }, problems: [] });
    expect(await live(lost.database)).toEqual(known);
    expect((await lost.database.query(`select 1 from tierd.moves`)).rowCount).toBe(1);
  });

  it('a new ledger that only took the lake over leaves the manifest as it is, for adopting it later', async () => {
    await fill(40, 35);
    await rotateDataset(bench.rooms, dataset, FORCE);
    const known = await live(database);
    const lost = await loseDatabase(bench);
    const { takeOverLake } = await import('../../../src/jobs/lake-owner.ts');
    const db = await lost.database.connect();
    await takeOverLake(lost.bench.rooms, db);
    await lost.database.query(KEYED);
    await lost.database.query(`insert into ticks values ($1, 'A', 1, 2, null)`, [daysAgo(50)]);
    const heads = async (): Promise<readonly string[]> =>
      readdir(join(bench.lake, '_tierd_manifest/ticks'));
    const before = await heads();
    await rotateDataset(lost.bench.rooms, dataset, FORCE);
    expect(await heads()).toEqual(before);
    expect(await adopt(lost.bench, [dataset])).toMatchObject({ isDone: true });
    expect(await live(lost.database)).toEqual(expect.arrayContaining([...known]));
    const head =
      (await heads())
        .filter((name) => name.startsWith('head'))
        .sort()
        .at(-1) ?? '';
    expect(
      JSON.parse(await readFile(join(bench.lake, '_tierd_manifest/ticks', head), 'utf8')),
    ).toMatchObject({ epoch: 2 });
    expect(dirname(known[0]?.key ?? '')).toContain('ticks');
  });
});
