/** Small segments of the lake become larger ones: the same rows, read by the same queries, and proven. */
import { appendFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { planCompactionOf } from '../../../src/jobs/compact.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import { pause } from '../../../src/ledger/pauses.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments, type SegmentRecord } from '../../../src/ledger/segments.ts';
import { askStores } from '../../support/ask-stores.ts';
import { differingRows } from '../../support/codec/read-back.ts';
import { compact } from '../../support/compact.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { dumpDatabase } from '../../support/dump.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const COLUMNS =
  'time timestamptz not null, symbol text, id bigint not null, price numeric(20,8), ratio float8, note text[], primary key (id, time)';
/** Of NOW, 2026-03-31, two weeks: the last of January, days 65 to 59, and the first of February. */
const [JAN_FIRST, JAN_LAST, FEB_LAST] = [65, 59, 52];
const [IN_JANUARY, IN_FEBRUARY] = [7, 7];
const DAYS = IN_JANUARY + IN_FEBRUARY;
const ROWS_A_DAY = 20;

let database: TestDatabase;
let bench: Bench;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  client = await database.connect();
});

async function fill(table: string, from: number, to: number, firstId = 0): Promise<void> {
  for (let day = from; day >= to; day -= 1) {
    await database.query(
      `insert into ${table} (time, symbol, id, price, ratio, note)
       select $1::timestamptz + n * interval '7 minutes', 's' || n % 3, $2 + n, n / 7.0,
              (array['NaN', '-0', '0', '1.5'])[1 + n % 4]::float8, array['n' || n, null]
       from generate_series(0, $3 - 1) n`,
      [daysAgo(day), firstId + day * 1000, ROWS_A_DAY],
    );
  }
}

/** January and February of 2026 are cold, a segment a day; `<table>_before` is what they were. */
async function coldTable(table: string, changes: Partial<Dataset> = {}): Promise<Dataset> {
  await database.query(`create table ${table} (${COLUMNS})`);
  await fill(table, JAN_FIRST, FEB_LAST);
  await database.query(`create table ${table}_before as select * from ${table}`);
  const dataset = makeDataset(table, changes);
  await rotateAll(bench, dataset);
  return dataset;
}

const limiting = (table: string): Pick<Dataset, 'limits'> => {
  const { limits } = makeDataset(table);
  return {
    limits: { ...limits, maxClockJumpMs: 86_400_000, maxClockSkewMs: 86_400_000 * 365 },
  };
};

const live = (dataset: string): Promise<readonly SegmentRecord[]> =>
  listSegments(client, { dataset, states: ['live'] });

async function filesOf(dataset: string): Promise<readonly string[]> {
  const entries = await readdir(join(bench.lake, dataset), { recursive: true });
  return entries.filter((name) => name.endsWith('.parquet'));
}

async function serverNow(): Promise<number> {
  const { rows } = await client.query<{ ms: number }>(
    'select ceil(extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
  );
  return rows[0]?.ms ?? 0;
}

async function codecsOf(segments: readonly SegmentRecord[]): Promise<readonly string[]> {
  const codecs: string[] = [];
  for (const { key } of segments) {
    const file = await asyncBufferFromFile(join(bench.lake, key));
    const { row_groups: groups } = await parquetMetadataAsync(file);
    codecs.push(...groups.flatMap(({ columns }) => columns.map((c) => c.meta_data?.codec ?? '')));
  }
  return codecs;
}

const SUMS = (name: string): string =>
  `select symbol, count(*) as n, sum(price) as price, min(time) as first, max(id) as last
   from ${name} where time >= '2026-01-27' and time < '2026-02-05' group by symbol order by symbol`;

/** Everything that is in the lake comes back into another table and is what it was. */
async function expectSameRows(dataset: Dataset, before: string): Promise<void> {
  const copy = `${dataset.name}_copy`;
  await database.query(`drop table if exists ${copy}`);
  const { totals } = await restore(bench, dataset, days(JAN_FIRST + 1, FEB_LAST - 1), {
    into: { schema: 'public', name: copy },
  });
  expect(totals.failed).toEqual([]);
  expect(await differingRows(client, before, copy)).toEqual([]);
}

describe('compact', () => {
  it('I1, I2, I6: makes one segment of each month, of the very same rows', async () => {
    const dataset = await coldTable('bars');
    const asked = await askStores(bench, client, [dataset], SUMS('bars'));
    const { plan, totals } = await compact(bench, dataset);

    expect(plan.segments).toBe(DAYS);
    expect(totals.failed).toEqual([]);
    expect(totals.merged.map(({ planned, segments }) => [planned.segments, segments])).toEqual([
      [IN_JANUARY, 1],
      [IN_FEBRUARY, 1],
    ]);
    const segments = await live('bars');
    expect(segments.map(({ key, rows }) => [/month=\d\d\/[^/]+$/u.test(key), rows])).toEqual([
      [true, BigInt(IN_JANUARY * ROWS_A_DAY)],
      [true, BigInt(IN_FEBRUARY * ROWS_A_DAY)],
    ]);
    const again = await askStores(bench, client, [dataset], SUMS('bars'));
    expect(again.rows).toEqual(asked.rows);
    expect(again.summary.segmentsRead).toBe(2);
    expect(again.summary.version.moves).toBe(asked.summary.version.moves + 2);
    await expectSameRows(dataset, 'bars_before');
    expect((await listRuns(client, { dataset: 'bars', limit: 9 })).at(0)).toMatchObject({
      job: 'restore',
    });
  });

  it('I3: leaves the old files to readers until the grace period is over', async () => {
    const dataset = await coldTable('bars');
    await compact(bench, dataset);
    expect(await filesOf('bars')).toHaveLength(DAYS + 2);
    await rotateAll(bench, dataset);
    expect(await filesOf('bars')).toHaveLength(DAYS + 2);

    const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
    await rotateAll({ rooms: { ...bench.rooms, settings } }, dataset);
    expect(await filesOf('bars')).toHaveLength(2);
    await expectSameRows(dataset, 'bars_before');
    const { bytes, provenRows } = await scrub(bench.rooms, {
      dataset: 'bars',
      sample: null,
      prove: 'standard',
      onProgress: () => undefined,
    });
    expect(bytes).toMatchObject({ missing: [], altered: [], unknown: [], leftovers: [] });
    expect(provenRows).toBe(DAYS * ROWS_A_DAY);
  });

  it('has nothing to do a second time, and says so', async () => {
    const dataset = await coldTable('bars');
    await compact(bench, dataset);
    const { plan, totals } = await compact(bench, dataset);
    expect(plan.merges).toEqual([]);
    expect(totals.merged).toEqual([]);
  });

  it('I7: a dry run changes nothing, and plans what the run does', async () => {
    const dataset = await coldTable('bars');
    const before = [await dumpDatabase(database.url), await filesOf('bars')];
    const plan = await planCompactionOf(bench.rooms, dataset);
    expect([await dumpDatabase(database.url), await filesOf('bars')]).toEqual(before);
    const { totals } = await compact(bench, dataset);
    expect(totals.merged.map(({ planned }) => planned)).toEqual(plan.merges);
  });

  it('leaves a month alone that is not wholly cold yet', async () => {
    await database.query(`create table bars (${COLUMNS})`);
    await fill('bars', JAN_FIRST, FEB_LAST);
    const dataset = makeDataset('bars', { hotDays: 57 });
    await rotateAll(bench, dataset);
    const { plan } = await compact(bench, dataset);
    expect(plan.merges.map(({ segments }) => segments)).toEqual([IN_JANUARY]);
  });

  it.each([2126, 1970])('closes no month by a clock that says %i', async (year) => {
    const dataset = await coldTable('bars', limiting('bars'));
    const right = await planCompactionOf(bench.rooms, dataset);
    // Of March some days are cold, and it is not over.
    await database.query(`insert into bars select time + interval '35 days', symbol, id + 1000000, price, ratio, note
      from bars_before where time >= '2026-01-29'`);
    const early = { ...dataset, hotDays: 10 };
    await rotateAll(bench, early);
    const clock = { now: () => Date.parse(`${String(year)}-03-31T00:00:00Z`) };
    const { merges } = await planCompactionOf({ ...bench.rooms, clock }, early);
    const ends = merges.map(({ range }) => range.toExclusive);
    expect(right.merges).toHaveLength(2);
    expect(ends.every((end) => end <= Date.parse('2026-03-01T00:00:00Z'))).toBe(true);
    expect(ends).toHaveLength(year === 1970 ? 0 : 2);
  });

  it.each([
    ['that says 2126', { now: () => Date.parse('2126-03-31T00:00:00Z') }],
    ['that says 1970', { now: () => 0 }],
  ])(
    'I3: removes no file that was replaced by a clock %s, and does by a right one',
    async (_, clock) => {
      const dataset = await coldTable('bars');
      await compact(bench, dataset);
      const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
      const files = await filesOf('bars');
      const guarded = { ...dataset, ...limiting('bars') };
      await compact({ rooms: { ...bench.rooms, settings, clock } }, guarded);
      expect(await filesOf('bars')).toEqual(files);
      await compact({ rooms: { ...bench.rooms, settings } }, dataset);
      expect(await filesOf('bars')).toHaveLength(2);
    },
  );

  it('I3: removes no file while the clocks are far ahead of the last run', async () => {
    const dataset = await coldTable('bars');
    await compact(bench, dataset);
    const rooms = { ...bench.rooms, settings: { ...bench.rooms.settings, gracePeriodMs: 0 } };
    const files = await filesOf('bars');
    await database.query(`update tierd.runs set started_at = started_at - interval '2400 hours'`);
    const limits = { ...dataset.limits, maxClockJumpMs: 30 * 86_400_000 };
    await compact({ rooms }, { ...dataset, limits });
    expect(await filesOf('bars')).toEqual(files);
    await compact({ rooms }, dataset);
    expect(await filesOf('bars')).toHaveLength(2);
  });

  it('takes rows that came late, and those that replaced others, as they stand', async () => {
    const dataset = await coldTable('bars');
    await fill('bars', JAN_FIRST, JAN_FIRST - 2, 500);
    const replaced = `id = 65000 or id = 65001`;
    await database.query(`insert into bars select * from bars_before where ${replaced}`);
    await database.query(`update bars set price = 42 where ${replaced}`);
    await database.query(
      `delete from bars_before where ${replaced};
       insert into bars_before select * from bars`,
    );
    await rotateAll(bench, dataset);
    const { totals } = await compact(bench, dataset);
    expect(totals.failed).toEqual([]);
    expect(await live('bars')).toHaveLength(2);
    await expectSameRows(dataset, 'bars_before');
  });

  it('late rows replace those of a merged segment as they would those of a day', async () => {
    const dataset = await coldTable('bars');
    await compact(bench, dataset);
    await database.query(
      `insert into bars select * from bars_before where id between 65000 and 65004`,
    );
    await database.query(`update bars set price = 42; update bars_before set price = 42
       where id between 65000 and 65004`);
    const { totals } = await rotateDataset(bench.rooms, dataset, { force: true });
    expect(totals.moved[0]?.again).toMatchObject({ rows: 5, changed: 5 });
    await expectSameRows(dataset, 'bars_before');
  });

  it('brings a merged month back', async () => {
    const dataset = await coldTable('bars');
    await compact(bench, dataset);
    const { totals } = await restore(bench, dataset, days(JAN_FIRST, JAN_LAST - 1));
    expect(totals.failed).toEqual([]);
    await database.query(
      `create table wanted as select * from bars_before where time < '2026-02-01Z'`,
    );
    expect(await differingRows(client, 'wanted', 'bars')).toEqual([]);
  });

  it('keeps apart what was written with other columns', async () => {
    await database.query(`create table bars (${COLUMNS})`);
    const dataset = makeDataset('bars');
    await fill('bars', JAN_FIRST, JAN_LAST);
    await fill('bars', JAN_LAST - 1, JAN_LAST - 3);
    await rotateAll(bench, dataset);
    await database.query(`alter table bars add column venue text`);
    await fill('bars', JAN_LAST - 4, FEB_LAST - 4);
    await rotateAll(bench, dataset);
    const before = await askStores(bench, client, [dataset], SUMS('bars'));
    const { totals } = await compact(bench, dataset);
    expect(totals.merged.map(({ planned }) => planned.segments)).toEqual([IN_JANUARY, 8]);
    expect((await askStores(bench, client, [dataset], SUMS('bars'))).rows).toEqual(before.rows);
  });

  it('names a damaged segment, leaves its month as it was and goes on with the others', async () => {
    const dataset = await coldTable('bars');
    const [first] = await live('bars');
    await appendFile(join(bench.lake, first?.key ?? ''), 'x');
    const { totals } = await compact(bench, dataset);
    expect(totals.failed.map(({ error }) => error.code)).toEqual(['VERIFY_MISMATCH']);
    expect(totals.failed[0]?.error.message).toContain(first?.key ?? 'no key');
    expect(await live('bars')).toHaveLength(IN_JANUARY + 1);
    expect((await listRuns(client, { dataset: 'bars', limit: 9 })).at(0)).toMatchObject({
      job: 'compact',
      state: 'partly',
      errorCode: 'VERIFY_MISMATCH',
    });
  });

  it('names a segment that is missing', async () => {
    const dataset = await coldTable('bars');
    const [first] = await live('bars');
    await rm(join(bench.lake, first?.key ?? ''));
    const { totals } = await compact(bench, dataset);
    expect(totals.failed.map(({ error }) => error.code)).toEqual(['OBJECT_MISSING']);
    expect(await live('bars')).toHaveLength(IN_JANUARY + 1);
  });

  it('I1: is undone where the merged segment does not hold the rows', async () => {
    const dataset = await coldTable('bars');
    const before = await live('bars');
    const spoiling = {
      ...nodeFileSystem,
      link: async (from: string, to: string) => {
        await nodeFileSystem.link(from, to);
        await appendFile(to, 'x');
      },
    };
    const store = await openLocalStore(bench.lake, spoiling);
    const { totals } = await compact({ rooms: { ...bench.rooms, store } }, dataset);
    expect(totals.failed.map(({ error }) => error.code)).toEqual([
      'VERIFY_MISMATCH',
      'VERIFY_MISMATCH',
    ]);
    expect(await live('bars')).toEqual(before);
    await expectSameRows(dataset, 'bars_before');
    expect(await filesOf('bars')).toHaveLength(DAYS);
  });

  it('I2, I3, I6: writes anew what was published before a time, as segments are written now, once', async () => {
    const dataset = await coldTable('bars');
    await compact(bench, dataset);
    await fill('bars', JAN_FIRST, JAN_FIRST - 1, 500);
    await database.query('insert into bars_before select * from bars');
    await rotateAll(bench, dataset);
    const before = await live('bars');
    const asked = await askStores(bench, client, [dataset], SUMS('bars'));
    const rewriteBefore = await serverNow();
    const form = { codec: 'snappy', zstdLevel: 1, rowGroupRows: 2048 } as const;
    const changed = { ...dataset, parquet: form };

    const { totals } = await compact(bench, changed, undefined, rewriteBefore);
    expect(totals.failed).toEqual([]);
    expect(totals.merged.map(({ planned }) => [planned.kind, planned.unit])).toEqual([
      ['rewrite', 'month'],
      ['rewrite', 'day'],
      ['rewrite', 'day'],
      ['rewrite', 'month'],
    ]);
    const after = await live('bars');
    expect(after.map(({ rows, minTimeUs }) => [rows, minTimeUs])).toEqual(
      before.map(({ rows, minTimeUs }) => [rows, minTimeUs]),
    );
    expect(new Set(await codecsOf(before))).toEqual(new Set(['ZSTD']));
    expect(new Set(await codecsOf(after))).toEqual(new Set(['SNAPPY']));
    expect((await askStores(bench, client, [dataset], SUMS('bars'))).rows).toEqual(asked.rows);
    await expectSameRows(dataset, 'bars_before');

    const again = await compact(bench, changed, undefined, rewriteBefore);
    expect(again.plan.merges).toEqual([]);
  });

  it('waits for a pause to end', async () => {
    const dataset = await coldTable('bars');
    await pause(client, { kind: 'dataset', dataset: 'bars' }, 'ann');
    expect(await failureOf(compact(bench, dataset))).toMatchObject({ code: 'DATASET_PAUSED' });
  });

  it('I2: an Iceberg table lists the merged files, and the same rows', async () => {
    const dataset = await coldTable('bars', { iceberg: true });
    await compact(bench, dataset);
    const { rows } = await client.query<{ document: IcebergDocument }>(
      `select document from tierd.iceberg_metadata where dataset = 'bars'`,
    );
    const document = rows[0]?.document;
    const current = document?.snapshots.find(
      (one) => one['snapshot-id'] === document['current-snapshot-id'],
    );
    expect(current?.summary).toMatchObject({
      operation: 'replace',
      'deleted-data-files': String(IN_FEBRUARY),
      'added-data-files': '1',
      'total-data-files': '2',
      'total-records': String(DAYS * ROWS_A_DAY),
    });
  });
});

interface IcebergDocument {
  readonly 'current-snapshot-id': number;
  readonly snapshots: readonly {
    readonly 'snapshot-id': number;
    readonly summary: Readonly<Record<string, string>>;
  }[];
}
