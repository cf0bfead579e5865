/**
 * doctor: is everything there that the jobs need? Looks at the hot store, the ledger, the lake and,
 * where one is configured, the live store, each whatever the others say. The lake's disk is tried
 * with a probe file; nothing else is changed.
 */
import type { Check } from '../domain/check.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { judgeCleartext } from '../domain/transport.ts';
import { checkHotStore, type HotStoreTarget } from '../hot/doctor/doctor-checks.ts';
import { isPostgresError } from '../hot/postgres-error.ts';
import { disconnect } from '../hot/server/connect.ts';
import type { ObjectStore, StoreLifecycle } from '../lake/object-store.ts';
import { listColdRanges } from '../ledger/live-segments.ts';
import { hasLedger, mayCreateTables, migrationStatus } from '../ledger/migrate.ts';
import { checkCopies } from './check-copies.ts';
import { checkFolders } from './check-folders.ts';
import { checkManifests } from './check-manifests.ts';
import { checkPins } from './check-pins.ts';
import { asTierdError } from './job-failure.ts';
import { checkLeftBehind } from './left-behind.ts';
import { examineLive, type LiveRooms } from './live-checks.ts';
import { lakeRefusal, lookAtLake } from './rotation/own-lake.ts';
import type { LookingRooms } from './rotation/rooms.ts';

export interface DoctorRooms extends Pick<LookingRooms, 'connect' | 'clock'> {
  /** A lake that can't even be opened is what a doctor is there for. */
  readonly openStore: () => Promise<ObjectStore>;
  readonly hotStore: Omit<HotStoreTarget, 'datasets' | 'clock' | 'coldRanges'>;
  /** Free bytes to keep on the lake's disk. */
  readonly minFreeBytes: number;
  /** Null where no live store is configured. */
  readonly live: LiveRooms | null;
}

export async function examine(
  rooms: DoctorRooms,
  datasets: readonly Dataset[],
): Promise<readonly Check[]> {
  const hot = await checkHotStore({
    ...rooms.hotStore,
    datasets,
    clock: rooms.clock,
    coldRanges: async (db, dataset) => ((await hasLedger(db)) ? listColdRanges(db, dataset) : []),
  });
  const reachable = hot[0]?.status !== 'error';
  return [
    ...hot,
    ...(reachable ? [await attempt('ledger', () => checkLedger(rooms))] : []),
    ...(await checkLeftBehind(rooms, datasets)),
    ...(reachable ? await checkPins(rooms, datasets) : []),
    ...(reachable ? await checkFolders(rooms, datasets) : []),
    ...(await checkLake(rooms, datasets, reachable)),
    ...(rooms.live === null ? [] : await checkLive(rooms.live)),
  ];
}

async function checkLake(
  rooms: DoctorRooms,
  datasets: readonly Dataset[],
  reachable: boolean,
): Promise<readonly Check[]> {
  let store: ObjectStore;
  try {
    store = await rooms.openStore();
  } catch (error) {
    return [failedCheck('lake', error)];
  }
  const { near, far } = store.tiers ?? { near: store, far: null };
  return [
    ...checkPath(store.place, datasets),
    await attempt('lake_writable', () => checkWritable(near)),
    ...(far === null ? [] : [await attempt('lake_far_writable', () => checkWritable(far))]),
    ...(near.lifecycle === null
      ? []
      : [await attempt('lake_lifecycle', () => checkLifecycle(near.lifecycle))]),
    ...((far?.lifecycle ?? null) === null
      ? []
      : [await attempt('lake_far_lifecycle', () => checkLifecycle(far?.lifecycle ?? null))]),
    await attempt('lake_space', () => checkSpace(store, rooms.minFreeBytes)),
    ...(reachable ? [await attempt('lake_identity', () => checkIdentity(rooms, store))] : []),
    ...(reachable ? await checkCopies(rooms, store) : []),
    ...(reachable ? await checkManifests(rooms, store, datasets) : []),
  ];
}

async function checkLive(live: LiveRooms): Promise<readonly Check[]> {
  try {
    const { checks, servers } = await examineLive(live);
    return [
      ...checks,
      ...servers.flatMap(({ server, transport }) =>
        judgeCleartext(
          `redis:${server}:tls`,
          transport,
          'let Redis listen with TLS (tls-port), and connect by rediss:// or redis.tls',
        ),
      ),
    ];
  } catch (error) {
    return [failedCheck('redis', error)];
  }
}

async function attempt(name: string, look: () => Promise<Omit<Check, 'name'>>): Promise<Check> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    return failedCheck(name, error);
  }
}

/** Throws what is no answer of a store. */
function failedCheck(name: string, error: unknown): Check {
  if (!(error instanceof TierdError || isPostgresError(error))) throw error;
  const { code, message, hint } = asTierdError(error);
  // The hint would send whoever reads this to the doctor.
  const advice = code === 'PERMISSION_DENIED' ? 'do what `ledger_rights` says above' : hint;
  return { name, status: 'error', found: message, ...(advice === undefined ? {} : { advice }) };
}

async function checkLedger(rooms: DoctorRooms): Promise<Omit<Check, 'name'>> {
  const db = await rooms.connect('work');
  try {
    const { applied, pending } = await migrationStatus(db);
    if (pending.length === 0)
      return { status: 'ok', found: `schema tierd at ${applied.at(-1) ?? ''}` };
    const found =
      applied.length === 0 ? 'there is no ledger yet' : `pending: ${pending.join(', ')}`;
    const advice = (await mayCreateTables(db))
      ? 'run `tierd migrate`'
      : 'do what `ledger_rights` says above, then run `tierd migrate`';
    return { status: 'error', found, advice };
  } finally {
    await disconnect(db);
  }
}

async function checkWritable(store: ObjectStore): Promise<Omit<Check, 'name'>> {
  const lacks = await store.checkWritable();
  const found = `${store.place} can be written`;
  if (lacks.length === 0) return { status: 'ok', found };
  return {
    status: 'warning',
    found: `${found}, but ${lacks.join('; ')}`,
    advice: 'let no other program write there; docs/s3.md says what that means',
  };
}

async function checkLifecycle(lifecycle: StoreLifecycle | null): Promise<Omit<Check, 'name'>> {
  const harms = (await lifecycle?.look()) ?? null;
  if (harms === null) {
    return {
      status: 'ok',
      found: "rules that remove or move objects can't be seen here",
      advice:
        'allow s3:GetLifecycleConfiguration on the bucket, where it has such rules, so that this can warn of them',
    };
  }
  if (harms.length === 0)
    return { status: 'ok', found: 'no rule removes segments or freezes them' };
  return {
    status: 'warning',
    found: harms.join('; '),
    advice: 'take these rules away from where the lake is, before they take segments: docs/s3.md',
  };
}

async function checkSpace(store: ObjectStore, minFreeBytes: number): Promise<Omit<Check, 'name'>> {
  const free = await store.freeBytes();
  if (free === null) return { status: 'ok', found: 'the store knows no limit' };
  const found = `${gigabytes(free)} GB free, ${gigabytes(minFreeBytes)} GB are kept free (lake.min_free)`;
  if (free >= 2 * minFreeBytes) return { status: 'ok', found };
  return {
    status: free >= minFreeBytes ? 'warning' : 'error',
    found,
    advice: 'free or add disk before a rotation refuses',
  };
}

/** What follows one of them is to pyiceberg no part of the path of a file's address. */
function checkPath(place: string, datasets: readonly Dataset[]): readonly Check[] {
  if (!/[#?]/u.test(place) || !datasets.some(({ iceberg }) => iceberg)) return [];
  return [
    {
      name: 'lake_path',
      status: 'warning',
      found: `${place} has # or ? in its path: pyiceberg, and pandas, polars and Daft by way of it, open no Iceberg table there`,
      advice:
        'move the lake to a path without them and set lake.path; the next rotation writes the tables anew',
    },
  ];
}

async function checkIdentity(rooms: DoctorRooms, store: ObjectStore): Promise<Omit<Check, 'name'>> {
  const db = await rooms.connect('work');
  try {
    const standing = await lookAtLake(store, db, 'all', 'all');
    if (standing === null) return { status: 'ok', found: 'to be looked at after `tierd migrate`' };
    const refusal = lakeRefusal(standing, store.place);
    if (refusal !== null) throw refusal;
    const { marker, remembered, ownership } = standing;
    if (ownership.kind === 'owned') {
      return { status: 'ok', found: `lake ${marker?.lakeId ?? ''}, this ledger's` };
    }
    return {
      status: 'ok',
      found:
        remembered?.isMarked === true
          ? `lake ${remembered.lakeId}, to be claimed by the next rotation`
          : 'a new lake',
    };
  } finally {
    await disconnect(db);
  }
}

const gigabytes = (bytes: number): string => (bytes / 1024 ** 3).toFixed(1);
