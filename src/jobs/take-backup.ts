/**
 * backup snapshot, backup dump: the database, and the lake with it, as of one snapshot of PostgreSQL.
 *
 *     hold the lease → what the lake keeps beside segments → lock, snapshot → segments → dump → manifest
 *
 * In the snapshot the list of segments and the hot rows are of one instant (I2), so what is restored from both holds
 * each row once. The manifest is written last: killed before, there is no such backup, and the next run removes what was
 * in the making. Nothing of the lake or the database is changed, but for the log of backups.
 */
import type pg from 'pg';
import {
  type BackedUpDataset,
  type BackupKind,
  type BackupManifest,
  bytesOf,
  filesOf,
  type NamedBackup,
} from '../domain/backup/manifest.ts';
import { TierdError } from '../domain/errors.ts';
import type { RememberedLake } from '../domain/lake/lake-owner.ts';
import { exportLocked, listDumpedTables } from '../hot/dump/hold-tables.ts';
import { readHotFacts } from '../hot/dump/hot-facts.ts';
import { findTool, majorOf } from '../hot/dump/pg-tools.ts';
import { withClient } from '../hot/server/connect.ts';
import { readServerFacts, type ServerFacts } from '../hot/server/server-facts.ts';
import { inTransaction } from '../hot/transaction.ts';
import { hasObject } from '../lake/backup/backup-objects.ts';
import { listBackups, writeManifest } from '../lake/backup/manifest-files.ts';
import { assertLease } from '../ledger/lease.ts';
import { migrationStatus } from '../ledger/migrate.ts';
import { listSegments, type SegmentRecord } from '../ledger/segments.ts';
import { readSnapshotVersion } from '../ledger/snapshot-version.ts';
import { type DumpTools, type KeptDump, keepDump } from './backup/keep-dump.ts';
import { lakeToBackUp } from './backup/own-lake.ts';
import type { BackupRooms, TellProgress } from './backup/rooms.ts';
import {
  count,
  noneTaken,
  type TakenTally,
  takeRecords,
  takeSegments,
} from './backup/take-segments.ts';
import { type BackupRun, whileBackingUp } from './backup/while-backing-up.ts';
import { stopIfAborted } from './job-failure.ts';

export interface BackupWish {
  readonly kind: BackupKind;
  /** Whether an empty place becomes one where the ledger knows of backups there. */
  readonly anew: boolean;
}

export interface TakenBackup {
  /** Of a dump that says the same as the last one: that one's. */
  readonly backup: NamedBackup;
  readonly isUnchanged: boolean;
  readonly isDumpNew: boolean;
  readonly taken: TakenTally;
}

/**
 * @throws TierdError BACKUP_TOOL_UNFIT, DUMP_FAILED, PERMISSION_DENIED, LOCK_TIMEOUT; VERIFY_MISMATCH, OBJECT_MISSING where
 *   the lake is not as it was published; as `lakeToBackUp` and `whileBackingUp`. There is no backup then, and those that
 *   were there are as they were
 */
export async function takeBackup(
  rooms: BackupRooms,
  db: pg.Client,
  { kind, anew }: BackupWish,
  tell: TellProgress,
): Promise<TakenBackup> {
  const lake = await lakeToBackUp(rooms, db);
  const server = await readServerFacts(db);
  const tools = await findTools(rooms, server);
  const claims = anew ? 'anew' : 'yes';
  return whileBackingUp(rooms, db, { kind, lake, claims }, async (run) => {
    const taken = noneTaken();
    const records = kind === 'snapshot' ? await takeRecords(rooms, run, taken) : [];
    const { backups } = await listBackups(rooms.place);
    const job = { kind, lake, server, tools, earlier: backups, taken, tell };
    const { manifest, isNew } = await untilNothingIsReplaced(rooms, run, { ...job, records });
    const last = kind === 'dump' ? backups.findLast((one) => one.kind === 'dump') : undefined;
    const isUnchanged = last?.dump.sha256 === manifest.dump.sha256;
    const backup = isUnchanged ? last : { ...manifest, id: '' };
    const id = await settle(rooms, run, db, { backup, isUnchanged, taken });
    return { backup: { ...backup, id }, isUnchanged, isDumpNew: isNew, taken };
  });
}

interface BackupJob {
  readonly kind: BackupKind;
  readonly lake: RememberedLake;
  readonly server: ServerFacts;
  readonly tools: DumpTools;
  readonly records: BackupManifest['records'];
  readonly earlier: readonly NamedBackup[];
  readonly taken: TakenTally;
  readonly tell: TellProgress;
}

interface ReadBackup extends Pick<KeptDump, 'isNew'> {
  readonly manifest: BackupManifest;
}

async function findTools(
  { programs, signal }: BackupRooms,
  { versionNumber }: ServerFacts,
): Promise<DumpTools> {
  const dump = await findTool(programs, 'pg_dump', majorOf(versionNumber), signal);
  return { dump, restore: await findTool(programs, 'pg_restore', dump.major, signal) };
}

/** Each new attempt needs somebody to have deleted rows of the lake at once, and costs what came since. */
const MOST_ATTEMPTS = 5;

async function untilNothingIsReplaced(
  rooms: BackupRooms,
  run: BackupRun,
  job: BackupJob,
): Promise<ReadBackup> {
  for (let attempt = 1; ; attempt += 1) {
    const read = await readOnce(rooms, run, job);
    if (typeof read !== 'string') return read;
    if (attempt < MOST_ATTEMPTS) continue;
    throw new TierdError({
      code: 'OBJECT_MISSING',
      message: `${read} was removed from the lake while a snapshot was taken, as were others ${String(MOST_ATTEMPTS - 1)} times before; there is no new backup`,
      hint: 'run it again when nobody runs `tierd delete --now`',
      context: { key: read },
    });
  }
}

/** @returns the key of a segment that was replaced since the snapshot, and whose file is gone */
async function readOnce(
  rooms: BackupRooms,
  run: BackupRun,
  job: BackupJob,
): Promise<ReadBackup | string> {
  const { kind, taken, tell, tools, earlier } = job;
  return withClient(
    () => rooms.connect('direct'),
    async (reader) => {
      const tables = await listDumpedTables(reader);
      const { lockTimeoutMs } = rooms.settings;
      const options = {
        doing: 'taking a backup',
        isolation: 'repeatable read',
        readOnly: true,
        // It waits for a dump of whatever size.
        limits: { statementTimeoutMs: 0, idleTimeoutMs: 0, lockTimeoutMs },
      } as const;
      return inTransaction(reader, options, async () => {
        const snapshot = await exportLocked(reader, tables);
        return toldAsStopped(run.signal, () => readIn(reader, snapshot));
      });
    },
  );

  async function readIn(reader: pg.Client, snapshot: string): Promise<ReadBackup | string> {
    const version = await readSnapshotVersion(reader);
    const { applied } = await migrationStatus(reader);
    const live = await listSegments(reader, { states: ['live'] });
    const segments = kind === 'snapshot' ? live.map(objectOf) : [];
    const ofBytes = bytesOf(segments);
    const replaced = await takeSegments(rooms, run, segments, taken, (done) => {
      tell('segments', done, ofBytes);
    });
    if (replaced !== null) return replaced;
    const datasets = await readDatasets(reader, rooms.datasets, kind === 'snapshot' ? live : []);
    const kept = await keepDump(rooms, run, tools, snapshot, earlier, tell);
    count(taken, kept.isNew ? 'copied' : 'there already', kept.dump.bytes);
    const manifest = { version, migration: applied.at(-1) ?? '', segments, datasets };
    return {
      isNew: kept.isNew,
      manifest: { ...describe(rooms, job), ...manifest, dump: kept.dump },
    };
  }
}

/** What ends in the middle because it was told to is no failure of what it was at. */
async function toldAsStopped<Result>(
  signal: AbortSignal,
  step: () => Promise<Result>,
): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    stopIfAborted(signal);
    throw error;
  }
}

function objectOf({ key, bytes, sha256 }: SegmentRecord): BackupManifest['segments'][number] {
  return { key, bytes: Number(bytes), sha256 };
}

function describe(
  { clock, version: tierd }: BackupRooms,
  { kind, lake, server, tools, records }: BackupJob,
): Pick<
  BackupManifest,
  'kind' | 'takenAt' | 'ledgerId' | 'lakeId' | 'database' | 'postgres' | 'tools' | 'records'
> {
  const { database, version, timescale } = server;
  return {
    ...{ kind, takenAt: clock.now(), database, records },
    ...{ ledgerId: lake.ledgerId, lakeId: lake.lakeId },
    postgres: { version, timescale: timescale?.version ?? null },
    tools: { tierd, pgDump: tools.dump.version },
  };
}

async function readDatasets(
  reader: pg.Client,
  datasets: BackupRooms['datasets'],
  live: readonly SegmentRecord[],
): Promise<readonly BackedUpDataset[]> {
  const read: BackedUpDataset[] = [];
  for (const { name, table } of datasets) {
    const own = live.filter(({ dataset }) => dataset === name);
    const coldRows = own.reduce((sum, { rows }) => sum + Number(rows), 0);
    const hot = await readHotFacts(reader, table);
    read.push({ name, table, hot, segments: own.length, coldRows });
  }
  return read;
}

/**
 * The manifest, while nobody else can come to hold the lease: whoever had it meanwhile may have removed files that it
 * names. @returns its id
 */
async function settle(
  rooms: BackupRooms,
  run: BackupRun,
  db: pg.Client,
  done: {
    readonly backup: NamedBackup;
    readonly isUnchanged: boolean;
    readonly taken: TakenTally;
  },
): Promise<string> {
  const { backup, isUnchanged, taken } = done;
  const doing = 'noting a backup';
  const options = { doing, isolation: 'read committed', readOnly: false } as const;
  return inTransaction(db, options, async () => {
    await assertLease(db, run.lease);
    const files = filesOf(backup);
    for (const file of files) if (!(await hasObject(rooms.place, file))) throw lost(file.sha256);
    const { id: _, ...manifest } = backup;
    const id = isUnchanged ? backup.id : await writeManifest(rooms.place, run.staging, manifest);
    await run.end({
      state: isUnchanged ? 'unchanged' : 'done',
      backup: id,
      bytes: bytesOf(files),
      addedBytes: taken.addedBytes,
    });
    return id;
  });
}

function lost(sha256: string): TierdError {
  return new TierdError({
    code: 'BACKUP_DAMAGED',
    message: `the file ${sha256} was removed from the place of backups while a backup was made that needs it; there is no new backup`,
    hint: 'let nobody but tierd remove files there, then run the same command again',
  });
}
