/**
 * backup drill: the newest snapshot is restored, beside the database that it is of, and asked whether it is the same.
 *
 *     scratch database, scratch folder → restore → hot rows against the manifest → take over, scrub: cold rows against
 *     the ledger that was restored → both go
 */
import { join } from 'node:path';
import type pg from 'pg';
import { type BackedUpDataset, bytesOf, type NamedBackup } from '../domain/backup/manifest.ts';
import { readHotFacts } from '../hot/dump/hot-facts.ts';
import {
  createScratch,
  dropScratch,
  dropScratches,
  urlOfDatabase,
} from '../hot/dump/scratch-database.ts';
import { withClient } from '../hot/server/connect.ts';
import { inTransaction } from '../hot/transaction.ts';
import { listBackups } from '../lake/backup/manifest-files.ts';
import { openLocalStore } from '../lake/local-store.ts';
import { listSegments } from '../ledger/segments.ts';
import { chooseBackup, LATEST } from './backup/choose-backup.ts';
import { lakeToBackUp } from './backup/own-lake.ts';
import type { DrillRooms, TellProgress } from './backup/rooms.ts';
import { type BackupRun, whileBackingUp } from './backup/while-backing-up.ts';
import { takeOverLake } from './lake-owner.ts';
import { restoreBackup } from './restore-backup.ts';
import { scrub } from './scrub.ts';
import { describeVerdict, type ScrubResult } from './scrub-result.ts';

export interface DrilledDataset extends BackedUpDataset {
  /** What is not as it was; empty when all is. */
  readonly differences: readonly string[];
}

export interface DrillResult {
  readonly backup: NamedBackup;
  readonly datasets: readonly DrilledDataset[];
  /** Of the lake as a whole; null when each value is proven. */
  readonly lakeDifference: string | null;
  readonly provenRows: number;
  readonly restoreMs: number;
  readonly totalMs: number;
}

export function isSame({ datasets, lakeDifference }: DrillResult): boolean {
  return lakeDifference === null && datasets.every(({ differences }) => differences.length === 0);
}

/** @throws TierdError BACKUP_NOT_FOUND without a snapshot; as `whileBackingUp`, `restoreBackup` and `createScratch` */
export async function drillBackup(
  rooms: DrillRooms,
  db: pg.Client,
  tell: TellProgress,
): Promise<DrillResult> {
  const lake = await lakeToBackUp(rooms, db);
  return whileBackingUp(rooms, db, { kind: 'drill', lake, claims: 'no' }, async (run) => {
    const backup = chooseBackup(rooms.place, await listBackups(rooms.place), LATEST);
    await dropScratches(db, lake.ledgerId);
    const name = await createScratch(db, lake.ledgerId, run.id);
    try {
      const url = urlOfDatabase(rooms.url, name);
      const result = await drill(rooms, run, { backup, url }, tell);
      await run.end({
        state: isSame(result) ? 'done' : 'failed',
        backup: backup.id,
        bytes: bytesOf([backup.dump, ...backup.segments]),
        addedBytes: 0,
      });
      return result;
    } finally {
      await dropScratch(db, name);
    }
  });
}

async function drill(
  rooms: DrillRooms,
  { staging, signal }: BackupRun,
  { backup, url }: { readonly backup: NamedBackup; readonly url: string },
  tell: TellProgress,
): Promise<DrillResult> {
  const begun = performance.now();
  const lakePath = join(staging, 'lake');
  await restoreBackup({ ...rooms, signal }, { backup, url, lakePath }, tell);
  const restoreMs = performance.now() - begun;
  const store = await openLocalStore(join(lakePath, 'cold_storage'), rooms.lakeFileSystem);
  const scratch = { ...rooms, store, signal, connect: () => rooms.connectTo(url) };
  const datasets = await withClient(scratch.connect, (own) => compare(own, backup));
  const proven = await prove(scratch, tell);
  return {
    ...{ backup, datasets, restoreMs },
    lakeDifference: describeVerdict(proven),
    provenRows: proven.provenRows,
    totalMs: performance.now() - begun,
  };
}

async function compare(
  db: pg.Client,
  { datasets }: NamedBackup,
): Promise<readonly DrilledDataset[]> {
  const options = {
    doing: 'comparing what was restored',
    isolation: 'repeatable read',
    readOnly: true,
    limits: { statementTimeoutMs: 0 },
  } as const;
  return inTransaction(db, options, async () => {
    const live = await listSegments(db, { states: ['live'] });
    const drilled: DrilledDataset[] = [];
    for (const dataset of datasets) {
      const hot = await readHotFacts(db, dataset.table);
      const own = live.filter((segment) => segment.dataset === dataset.name);
      const coldRows = own.reduce((sum, { rows }) => sum + Number(rows), 0);
      const differences = [
        ...differing('hot rows', dataset.hot?.rows ?? 'no table', hot?.rows ?? 'no table'),
        ...differing('digest of hot rows', dataset.hot?.digest ?? '', hot?.digest ?? ''),
        ...differing('segments', dataset.segments, own.length),
        ...differing('cold rows', dataset.coldRows, coldRows),
      ];
      drilled.push({ ...dataset, differences });
    }
    return drilled;
  });
}

function differing(
  what: string,
  expected: string | number,
  found: string | number,
): readonly string[] {
  return expected === found
    ? []
    : [`${what}: ${String(found)} where there were ${String(expected)}`];
}

/** As a person goes on with it: the ledger takes the lake over, and proves each value of it. */
async function prove(scratch: Omit<DrillRooms, 'place'>, tell: TellProgress): Promise<ScrubResult> {
  await withClient(
    () => scratch.connect('work'),
    async (db) => {
      // Those that were held in the snapshot were copied with it, and have no process behind them here.
      await db.query('update tierd.leases set expires_at = clock_timestamp()');
      await takeOverLake(scratch, db);
    },
  );
  return scrub(scratch, {
    ...{ dataset: null, sample: null, prove: 'standard' },
    onProgress: (done, of) => {
      tell('prove', done, of);
    },
  });
}
