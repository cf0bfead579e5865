/** What is kept of the ledger beside the segments, after each run that changed something. */
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { checkManifests } from '../../../src/jobs/check-manifests.ts';
import { setHold } from '../../../src/jobs/hold.ts';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { listManifests, newestHead, readPart } from '../../../src/lake/manifest.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { compact } from '../../support/compact.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;
let dataset: Dataset;

/** A row an hour of the days `from` to `to` days ago. */
const fill = (from: number, to: number): Promise<unknown> =>
  database.query(
    `insert into ticks select t, 's', extract(epoch from t) from generate_series($1::timestamptz, $2, interval '1 hour') t`,
    [daysAgo(from), daysAgo(to)],
  );

const rotate = () => rotateDataset(bench.rooms, dataset, { force: true });
const names = async (): Promise<readonly string[]> =>
  (await readdir(join(bench.lake, '_tierd_manifest', 'ticks')).catch(() => [])).sort();
const head = async () =>
  newestHead(bench.rooms.store, await listManifests(bench.rooms.store, 'ticks'));

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  bench = await openBench(database);
  dataset = makeDataset('ticks');
  await database.query(`create table ticks (time timestamptz not null, symbol text, n bigint)`);
});

describe('the manifest', () => {
  it('holds each slice and segment, the columns and the place in the audit log', async () => {
    await fill(70, 35);
    await rotate();
    const found = await head();
    expect(found).toMatchObject({ dataset: 'ticks', number: 1, table: 'public.ticks', epoch: 1 });
    expect(found?.columns.map(({ fieldId, name }) => [fieldId, name])).toEqual([
      [1, 'time'],
      [2, 'symbol'],
      [3, 'n'],
    ]);
    expect(found?.parts.map(({ month }) => month)).toEqual(['2026-01', '2026-02']);
    const slices = (
      await Promise.all((found?.parts ?? []).map((part) => readPart(bench.rooms.store, part)))
    ).flatMap((part) => part ?? []);
    const live = await listSegments(db, { dataset: 'ticks', states: ['live'] });
    expect(
      slices.flatMap(({ segments, columns, fingerprint }) =>
        segments.map(({ state: _, ...rest }) => ({ ...rest, columns, fingerprint })),
      ),
    ).toEqual(live.map(({ state: _s, dataset: _d, sliceId: _i, ...rest }) => rest));
    const [audit] = (await database.query(`select number::text from tierd.audit_heads`)).rows;
    expect(String(found?.audit?.number)).toBe((audit as { number: string }).number);
  });

  it('writes anew only the months that changed, and keeps three heads and what they name', async () => {
    await fill(70, 35);
    await rotate();
    const first = (await head())?.parts ?? [];
    for (let n = 1; n <= 4; n += 1) {
      await database.query(`insert into ticks values ($1, 'late', $2)`, [daysAgo(70), n]);
      await rotate();
    }
    const last = (await head())?.parts ?? [];
    expect(last[1]).toEqual(first[1]);
    expect(last[0]).not.toEqual(first[0]);
    const found = await names();
    expect(found.filter((name) => name.startsWith('head'))).toEqual([
      'head-00000003.json',
      'head-00000004.json',
      'head-00000005.json',
    ]);
    // Three versions of January and one of February.
    expect(found.filter((name) => name.startsWith('part-2026-01'))).toHaveLength(3);
    expect(found.filter((name) => name.startsWith('part-2026-02'))).toHaveLength(1);
  });

  it('is left as it is by a run that changes nothing, and I7: by a dry run', async () => {
    await fill(40, 35);
    await planRotationOf(bench.rooms, dataset);
    expect(await names()).toEqual([]);
    await rotate();
    const before = await names();
    await rotate();
    await planRotationOf(bench.rooms, dataset);
    expect(await names()).toEqual(before);
  });

  it('says which segments were replaced as long as their files are there', async () => {
    await fill(40, 35);
    await rotate();
    await compact(bench, { ...dataset, targetFileBytes: 1 << 30 });
    const part = (await head())?.parts[0];
    const slices = await readPart(bench.rooms.store, part ?? { key: '', sha256: '' });
    const states = slices?.flatMap(({ segments }) => segments.map(({ state }) => state)) ?? [];
    expect(new Set(states)).toEqual(new Set(['live', 'retired']));
    const kept = await listSegments(db, { dataset: 'ticks', states: ['live', 'retired'] });
    expect(states).toHaveLength(kept.length);
  });

  it('of before files were removed goes with them: it has their smallest and largest values', async () => {
    await fill(40, 35);
    await rotate();
    await database.query(`insert into ticks values ($1, 'late', 1)`, [daysAgo(40)]);
    await rotate();
    await deleteFrom(bench, dataset, `symbol = 'late'`, { now: true });
    const found = await names();
    expect(found.filter((name) => name.startsWith('head'))).toEqual([
      'head-00000001.json',
      'head-00000003.json',
    ]);
    expect(found).toHaveLength(3);
    const part = (await head())?.parts[0];
    const slices = await readPart(bench.rooms.store, part ?? { key: '', sha256: '' });
    expect(slices?.flatMap(({ segments }) => segments.map(({ statistics }) => statistics))).toEqual(
      slices?.flatMap(({ segments }) =>
        segments.map(() => expect.objectContaining({ symbol: { min: 's', max: 's' } }) as unknown),
      ),
    );
  });

  it('carries holds as of the next run', async () => {
    await fill(40, 35);
    await rotate();
    await setHold(bench.rooms, { dataset: 'ticks', range: null, reason: 'court', until: null });
    await rotate();
    expect((await head())?.holds).toMatchObject([{ reason: 'court', range: null }]);
  });

  it('the doctor names a dataset whose manifest could not be written', async () => {
    await fill(70, 60);
    await rotate();
    const check = () => checkManifests(bench.rooms, bench.rooms.store, [dataset]);
    expect(await check()).toEqual([]);

    const folder = join(bench.lake, '_tierd_manifest');
    await rename(folder, `${folder}.away`);
    await writeFile(folder, 'in its place');
    await fill(50, 40);
    expect((await rotate()).totals.moved.length).toBeGreaterThan(0);
    const [inTheWay] = await check();
    expect(inTheWay).toMatchObject({ name: 'dataset:ticks:manifest', status: 'warning' });
    expect(inTheWay?.advice).toContain(`${folder}/ticks`);

    await rm(folder);
    await rename(`${folder}.away`, folder);
    const [behind] = await check();
    expect(behind?.found).toMatch(/of 2026-.* is behind the ledger/u);
    await rotate();
    expect(await check()).toEqual([]);
  });

  it('I4: removes parts that a killed run left, and does without a head that is damaged', async () => {
    await fill(40, 35);
    await rotate();
    const folder = join(bench.lake, '_tierd_manifest', 'ticks');
    await writeFile(join(folder, 'part-2026-02-000000000000.json.gz'), 'half');
    await rotate();
    expect(await names()).not.toContain('part-2026-02-000000000000.json.gz');
    await writeFile(join(folder, 'head-00000001.json'), '{');
    await rotate();
    expect(await names()).toContain('head-00000002.json');
    expect((await head())?.number).toBe(2);
    await rm(folder, { recursive: true });
    await rotate();
    expect((await head())?.number).toBe(1);
  });
});
