/** A rotation's rooms over a test database and a lake in a temporary directory. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { DAY_MS, type EpochMs } from '../../src/domain/time/time-range.ts';
import { connect } from '../../src/hot/server/connect.ts';
import type { RotationEvent } from '../../src/jobs/rotation/events.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import { DuckEngine } from '../../src/lake/segment/duckdb.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import type { TestDatabase } from './database.ts';

/** What the tests call now: the middle of a day, so that cutoffs and clocks are told apart. */
export const NOW: EpochMs = Date.parse('2026-03-31T13:45:00Z');

/** Midnight `days` before the day of NOW, in UTC. */
export const daysAgo = (days: number): string =>
  new Date(Math.floor(NOW / DAY_MS) * DAY_MS - days * DAY_MS).toISOString();

export interface Bench {
  readonly rooms: Rooms;
  readonly events: RotationEvent[];
  readonly lake: string;
  readonly directory: string;
}

/**
 * Rooms with a ledger, a fresh lake and a clock that stands at NOW. `changes` replace what a test
 * wants to be different. Everything is removed when the test has finished, or when `atEnd` says.
 */
export async function openBench(
  database: TestDatabase,
  changes: Partial<Rooms> = {},
  atEnd: (remove: () => Promise<void>) => void = onTestFinished,
): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'tierd-test-'));
  const spill = join(directory, 'spill');
  await nodeFileSystem.makeDirectory(spill);
  const engine = await DuckEngine.open({
    memoryLimitBytes: 256 * 1024 * 1024,
    threads: 2,
    tempDirectory: spill,
  });
  atEnd(async () => {
    engine.close();
    await rm(directory, { recursive: true, force: true });
  });
  // As the configuration's `lake: { path: <directory> }` has it.
  const lake = join(directory, 'cold_storage');
  const client = await database.connect();
  await migrate(client);
  await client.end();
  const events: RotationEvent[] = [];
  const rooms: Rooms = {
    connect: () => connect({ url: database.url, job: 'test' }),
    store: await openLocalStore(lake, nodeFileSystem),
    fileSystem: nodeFileSystem,
    engine,
    tempDirectory: spill,
    clock: { now: () => NOW },
    newId: randomUUID,
    isByHand: true,
    holder: 'test',
    version: '0.0.0-test',
    settings: {
      leaseTtlMs: 60_000,
      statementTimeoutMs: 60_000,
      lockTimeoutMs: 2_000,
      gracePeriodMs: 3_600_000,
      vacuum: { enabled: true, analyze: true, truncate: false },
    },
    signal: new AbortController().signal,
    emit: (event) => events.push(event),
    ...changes,
  };
  return { rooms, events, lake, directory };
}

/** A dataset that may move everything: the guards have tests of their own. */
export function makeDataset(table: string, changes: Partial<Dataset> = {}): Dataset {
  return {
    name: table,
    table: { schema: 'public', name: table },
    timeColumn: 'time',
    slice: 'day',
    hotDays: 30,
    autoRotation: true,
    sortBy: ['symbol', 'time'],
    columns: {},
    portable: false,
    iceberg: false,
    verify: 'standard',
    onColdDuplicate: 'newest',
    targetFileBytes: 256 * 1024 * 1024,
    parquet: { codec: 'zstd', zstdLevel: 1, rowGroupRows: 61_440 },
    ...changes,
    limits: {
      maxRowsPerSecond: 0,
      pauseBetweenSlicesMs: 0,
      maxShare: 1,
      maxShareMinRows: 0,
      maxClockSkewMs: 1e15,
      maxClockJumpMs: 1e15,
      maxFutureMs: 1e12,
      maxReplicaLagMs: 0,
      minFreeBytes: 0,
      ...changes.limits,
    },
  };
}
