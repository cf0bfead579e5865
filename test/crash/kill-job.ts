/**
 * kill -9 before and in the effects of a job, while a writer inserts, updates and deletes in the very
 * slices that the job works on; then the next run. What the jobs don't share they bring along.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { beforeAll, expect, it, type TestContext } from 'vitest';
import { withSpillDirectory } from '../../src/cli/rooms/spill-directory.ts';
import type { Dataset } from '../../src/domain/dataset.ts';
import { TierdError } from '../../src/domain/errors.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeDataset } from '../support/rotation.ts';
import type { S3Server } from '../support/s3-server.ts';
import { checkRows, checkTable, NOTHING_WRONG, strayFiles } from './check.ts';
import { chooseEffects, type EffectRange, randomFrom, SEED } from './choose-effects.ts';
import { KillCount, partOf } from './kill-count.ts';
import { type LakeOfVictims, openLakeOf } from './lake-of-victims.ts';
import { findLeft } from './leftovers.ts';
import { createTable, fillTable, type ScenarioKind, type VictimOrder } from './scenario.ts';
import { bundleVictim, sendVictim } from './send-victim.ts';
import { readTruth, type Truth, Writer } from './truth.ts';

/** Long enough for a slow machine; after the kill the test ends the dead process's lease itself. */
const LEASE_TTL_MS = 30_000;

export interface KilledJob {
  /** What the test is called, and its tables begin with. */
  readonly name: string;
  readonly kind: ScenarioKind;
  /** A column that the tables of that kind don't have, as SQL. */
  readonly column?: string | undefined;
  readonly settings: Partial<Dataset>;
  /** Where the lake is a bucket. */
  readonly server?: (() => S3Server) | undefined;
  /** Whether the lake has a far place, on the disk. */
  readonly hasFar?: true;
  /** Fewer mean that they are no longer seen. */
  readonly fewestEffects: Readonly<Record<VictimOrder['moment'], number>>;
  /** Of all effects, to be killed at; without it as many as suit each. */
  readonly share?: number | undefined;
  /** Only from the first effect whose label begins with the one to the next that begins with the other. */
  readonly part?: readonly [first: string, last: string];
  /** What the victim does instead of a rotation. */
  readonly order?:
    | Pick<VictimOrder, 'restore' | 'compact' | 'expire' | 'delete' | 'adopt' | 'tier'>
    | ((scene: KillScene) => Pick<VictimOrder, 'correct' | 'copy' | 'ingest'>);
  /** What is done before anybody writes. */
  prepare(scene: KillScene): Promise<void>;
  /** After the kill: takes out of the truth what the victim rightly took away. */
  readonly forget?: (scene: KillScene, told: string) => Promise<void>;
  /** The next run, while the writer goes on. */
  recover(scene: KillScene): Promise<void>;
  /** What is expected after it, with no writer in the way. */
  converge(scene: KillScene, told: string): Promise<void>;
}

/** A table, and where a victim dies over it. */
export interface KillScene extends Place {
  readonly dataset: Dataset;
  readonly truth: Truth;
  /** Whether rows come into it that have been moved. */
  readonly bringsAgain: boolean;
}

interface Place {
  readonly database: TestDatabase;
  readonly client: pg.Client;
  readonly writing: pg.Client;
  readonly rooms: Rooms;
  readonly lake: LakeOfVictims;
}

type Moment = VictimOrder['moment'];

export function killJobEverywhere(job: KilledJob): void {
  let victim = '';

  beforeAll(async () => {
    victim = await bundleVictim();
  });

  it.for(['before', 'sent'] as const)(
    `${job.name}: killed at each effect (%s), loses and doubles no row`,
    (moment, context) => killAtChosen(job, victim, moment, context),
  );
}

async function killAtChosen(
  job: KilledJob,
  victim: string,
  moment: Moment,
  context: TestContext,
): Promise<void> {
  const count = new KillCount(context);
  const place = await openPlace(job);
  const kill = (killAt: number) => killAndRecover(job, place, { victim, moment, killAt, count });
  const effects = await kill(0);
  expect(effects.length).toBeGreaterThan(job.fewestEffects[moment]);
  const within = partIn(effects, job.part);
  const chosen = chooseEffects(effects, job.share, within);
  for (const killAt of chosen) await kill(killAt);
  await count.tell(partOf(chosen, effects.slice(within.first, within.end)));
}

/** Of all effects, where no part is named. */
function partIn(effects: readonly string[], part: KilledJob['part']): EffectRange {
  if (part === undefined) return { first: 0, end: effects.length };
  const [begins, ends] = part;
  const first = effects.findIndex((label) => label.startsWith(begins));
  const last = effects.findIndex((label, index) => index > first && label.startsWith(ends));
  if (first === -1 || last === -1) throw new Error(`no ${begins} … ${ends} among the effects`);
  return { first, end: last + 1 };
}

async function openPlace({ kind, server, hasFar }: KilledJob): Promise<Place> {
  const database = await createTestDatabase({ timescale: kind === 'hypertable' });
  const client = await database.connect();
  const writing = await database.connect();
  const { bench, lake } = await openLakeOf(database, server, hasFar);
  const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
  return { database, client, writing, rooms: { ...bench.rooms, settings }, lake };
}

interface Kill {
  /** The victim's bundle. */
  readonly victim: string;
  readonly moment: Moment;
  /** The ordinal of the effect, 0 is none. */
  readonly killAt: number;
  readonly count: KillCount;
}

/** Gives the effects that the victim met. */
async function killAndRecover(
  job: KilledJob,
  place: Place,
  { victim, moment, killAt, count }: Kill,
): Promise<readonly string[]> {
  const { database, client, writing, rooms, lake } = place;
  const scene = await openScene(job, place, `${job.name}_${moment}_${String(killAt)}`);
  const { dataset, truth, bringsAgain } = scene;
  await job.prepare(scene);
  const writer = new Writer(writing, dataset.name, truth, randomFrom(SEED + killAt), bringsAgain);

  writer.start();
  const { met, wasKilled } = await sendVictim(victim, {
    url: database.url,
    lake: lake.directory,
    s3: lake.target,
    spill: rooms.tempDirectory,
    dataset,
    now: rooms.clock.now(),
    leaseTtlMs: LEASE_TTL_MS,
    killAt,
    moment,
    ...(typeof job.order === 'function' ? job.order(scene) : job.order),
  });
  if (wasKilled) count.add();
  await writer.stop();
  const told = `seed ${String(SEED)}, killed ${moment} effect ${String(killAt)}: ${met.at(-1) ?? ''}`;
  await job.forget?.(scene, told);
  await expectRight(scene, told);
  await endLease(client, dataset.name);

  writer.start();
  await job.recover(scene);
  await writer.stop();
  await job.converge(scene, told);
  await database.query(`drop table ${dataset.name}`);
  return met;
}

async function openScene(
  { kind, column, settings }: KilledJob,
  place: Place,
  table: string,
): Promise<KillScene> {
  const { database, client } = place;
  const dataset = makeDataset(table, settings);
  await createTable(database, kind, table);
  if (column !== undefined) await database.query(`alter table ${table} add ${column}`);
  await fillTable(database, table);
  const truth = await readTruth(client, table);
  return { ...place, dataset, truth, bringsAgain: kind === 'again' };
}

/** Every row that was ever committed is found once. */
export async function expectRight(
  { client, lake, dataset, truth, bringsAgain }: KillScene,
  told: string,
): Promise<void> {
  const folder = await lake.asFolder(dataset.name);
  expect(await checkRows(client, dataset.name, folder, truth, bringsAgain), told).toEqual(
    NOTHING_WRONG,
  );
  if (!dataset.iceberg) return;
  expect(await checkTable(client, dataset.name, truth), told).toEqual(NOTHING_WRONG);
}

export async function expectNothingLeft(
  { client, lake, dataset, rooms }: KillScene,
  told: string,
): Promise<void> {
  const folder = await lake.asFolder(dataset.name);
  expect(await strayFiles(client, dataset.name, folder), told).toEqual([]);
  const places = { lake: lake.leftovers, spill: rooms.tempDirectory };
  expect(await findLeft(client, places), told).toEqual([]);
}

/** The lake has so many segments; with no writer in the way what came late leaves as well, and nothing is left over. */
export async function expectEnded(scene: KillScene, told: string, live: number): Promise<void> {
  const { client, rooms, dataset } = scene;
  await expectRight(scene, told);
  const segments = await listSegments(client, { dataset: dataset.name, states: ['live'] });
  expect(segments, told).toHaveLength(live);
  const moved = await rotateDataset(rooms, dataset, { force: true });
  expect(moved.totals.failed, told).toEqual([]);
  await expectRight(scene, told);
  await expectNothingLeft(scene, told);
}

/** How many rows are still hot that are before this instant, in ms since 1970. */
export async function countDue(
  { client, dataset }: KillScene,
  toExclusive: number,
): Promise<number | null> {
  const due = await client.query(`select 1 from ${dataset.name} where time < $1`, [
    new Date(toExclusive).toISOString(),
  ]);
  return due.rowCount;
}

/** As if its lifetime had passed. */
async function endLease(client: pg.Client, dataset: string): Promise<void> {
  await client.query('update tierd.leases set expires_at = clock_timestamp() where dataset = $1', [
    dataset,
  ]);
}

/** As a process of its own would: what the dead one has spilled is swept first. */
export async function whenFree<Result>(
  rooms: Rooms,
  work: (rooms: Rooms) => Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await withSpillDirectory(rooms.tempDirectory, (tempDirectory) =>
        work({ ...rooms, tempDirectory }),
      );
    } catch (error) {
      if (!(error instanceof TierdError && error.code === 'LEASE_HELD')) throw error;
      await pause(20);
    }
  }
}
