/** Files become staged rows of a session, each with where it belongs by its time. Nothing of it is seen by anybody else. */
import type pg from 'pg';
import { routesOf } from '../../domain/ingest/routes.ts';
import { cutoffsOf } from '../../domain/plan/regions.ts';
import { subtractRanges } from '../../domain/time/range-sets.ts';
import { floorToUnit, hullOf, type TimeRange } from '../../domain/time/time-range.ts';
import { tableClock } from '../../domain/time/time-zone.ts';
import { measureSlices } from '../../hot/measure/measure.ts';
import { inTransaction } from '../../hot/transaction.ts';
import {
  analyseStaged,
  dropDone,
  listRequired,
  makeStaged,
  routeRows,
} from '../../hot/write/ingest-tables.ts';
import type { FileReading, KnownFile } from '../../ledger/ingested-files.ts';
import { listColdRanges } from '../../ledger/live-segments.ts';
import { listPins } from '../../ledger/pins.ts';
import { earlierClock } from '../both-clocks.ts';
import { stopIfAborted } from '../job-failure.ts';
import { filterOf } from '../rotation/region-filter.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { FoundFile } from './find-files.ts';
import { makeLetters } from './letters.ts';
import { type ReadFile, readFile } from './read-file.ts';
import type { IngestRequest, Known } from './rooms.ts';

/** A file that is to be brought in, as it was before it was read. */
export interface FileToBring {
  readonly file: FoundFile;
  readonly reading: FileReading;
  /** Of a run before; null where there was none. */
  readonly before: KnownFile | null;
}

export interface Staging {
  readonly db: pg.Client;
  readonly known: Known;
  readonly request: IngestRequest;
  /** Nothing that counts is moved on. */
  readonly onlyLooks: boolean;
}

export interface StagedFiles {
  /** In the files' order. */
  readonly read: readonly ReadFile[];
  /** Columns of the table that some file has no value for; and of these those that have to have one. */
  readonly missing: readonly string[];
  readonly required: readonly string[];
}

type StagingRooms = Pick<JobRooms, 'engine' | 'tempDirectory' | 'settings' | 'clock' | 'signal'>;

/** @param tell as files are read */
export async function stageFiles(
  rooms: StagingRooms,
  { db, known, request, onlyLooks }: Staging,
  files: readonly FileToBring[],
  tell: (path: string, read: ReadFile) => void,
): Promise<StagedFiles> {
  const { table } = known;
  const limits = limitsOf(rooms);
  const staging = { isolation: 'read committed', readOnly: false, limits } as const;
  const making = { ...staging, doing: 'making place for files' };
  const untold = await inTransaction(db, making, async () => {
    await makeLetters(db);
    return makeStaged(db, table, onlyLooks);
  });
  const read: ReadFile[] = [];
  for (const [index, { file }] of files.entries()) {
    stopIfAborted(rooms.signal);
    const { reading } = request;
    const one = await readFile(rooms, db, { file, place: index + 1, reading, known, untold });
    tell(file.path, one);
    read.push(one);
  }
  const required = await inTransaction(
    db,
    { ...staging, doing: 'sorting rows of files' },
    async () => {
      for (const [index, { before }] of files.entries()) {
        await dropDone(db, index + 1, table, before?.done ?? []);
      }
      await route(rooms, db, known);
      await analyseStaged(db);
      return listRequired(db, table.oid);
    },
  );
  const missing = table.columns
    .filter(
      ({ name, generated }) =>
        !generated && read.some(({ rows, given }) => rows > 0 && !given.includes(name)),
    )
    .map(({ name }) => name);
  return { read, missing, required: required.filter((name) => missing.includes(name)) };
}

async function route(
  { clock }: Pick<JobRooms, 'clock'>,
  db: pg.Client,
  { dataset, table }: Known,
): Promise<void> {
  const now = clock.now();
  const cutoffs = cutoffsOf(dataset, tableClock(dataset, now));
  const routes = routesOf(table, dataset, {
    cutoffs,
    pins: await listPins(db, dataset.name),
    now: await earlierClock(now, db),
    moved:
      cutoffs.closed === null ? await findMoved(db, { dataset, table }, cutoffs.aged, now) : [],
  });
  const filter = cutoffs.closed === null ? null : filterOf(dataset, 'interval');
  await routeRows(db, table, routes, filter);
}

/** Slices since the cutoff that the lake has, and PostgreSQL has not a row of: what was moved when less was to stay hot. */
async function findMoved(
  db: pg.Client,
  { dataset, table }: Pick<Known, 'dataset' | 'table'>,
  from: number,
  now: number,
): Promise<readonly TimeRange[]> {
  const to = floorToUnit(tableClock(dataset, now), dataset.slice);
  if (from >= to) return [];
  const within = { fromInclusive: from, toExclusive: to };
  const schemas = null;
  const cold = (await listColdRanges(db, dataset.name, { schemas, within })).filter(
    ({ fromInclusive, toExclusive }) => fromInclusive >= from && toExclusive <= to,
  );
  if (cold.length === 0) return [];
  const occupied = await measureSlices(db, table, hullOf(cold), dataset.slice, null);
  return subtractRanges(
    cold,
    occupied.map(({ range }) => range),
  );
}

export function limitsOf({ settings }: Pick<JobRooms, 'settings'>): {
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
} {
  const { statementTimeoutMs, lockTimeoutMs } = settings;
  return { statementTimeoutMs, lockTimeoutMs };
}
