/**
 * tierd up to the commit: every move staged, published and verified by the stages that a rotation
 * runs, the next one's export beside this one's proof, as there. Only the deletion is left out.
 */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { openLake } from '../../src/cli/rooms/open-lake.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Dataset } from '../../src/domain/dataset.ts';
import type { PlannedMove } from '../../src/domain/plan/plan.ts';
import { systemClock } from '../../src/domain/time/clock.ts';
import { connect, disconnect } from '../../src/hot/server/connect.ts';
import { keepLease } from '../../src/jobs/keep-lease.ts';
import { meetColdRows } from '../../src/jobs/rotation/again/meet-cold-rows.ts';
import { arrivingOf, publishAndProve } from '../../src/jobs/rotation/move/finish-move.ts';
import { type Staging, stageMove } from '../../src/jobs/rotation/move/stage-move.ts';
import { claimLake } from '../../src/jobs/rotation/own-lake.ts';
import { gatherPlan } from '../../src/jobs/rotation/plan/gather-plan.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import type { RunContext } from '../../src/jobs/rotation/staged-move.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { DuckEngine } from '../../src/lake/segment/duckdb.ts';
import { startRun } from '../../src/ledger/runs.ts';
import { type Archived, compete, type Job } from '../contender.ts';

await compete(async (job) => {
  const { rooms, dataset, close } = await openRooms(job);
  const { signal } = rooms;
  const db = await rooms.connect('work');
  const kept = await keepLease({
    connect: () => rooms.connect('direct'),
    dataset: dataset.name,
    holder: rooms.holder,
    ttlMs: rooms.settings.leaseTtlMs,
    signal,
  });
  const { plan, table, columns } = await gatherPlan(rooms, db, dataset);
  const runId = await startRun(db, {
    job: 'rotate',
    dataset: dataset.name,
    holder: rooms.holder,
    isByHand: rooms.isByHand,
    startedAtMs: rooms.clock.now(),
  });
  await claimLake(rooms, db);
  const run = { runId, lease: kept.lease, dataset, table, columns, identity: null, signal };
  return {
    work: () => stageAndProve(rooms, db, run, plan.moves),
    close: async () => {
      await kept.release();
      await disconnect(db);
      close();
    },
  };
});

async function stageAndProve(
  rooms: Rooms,
  db: pg.Client,
  run: RunContext,
  moves: readonly PlannedMove[],
): Promise<Archived> {
  let ahead: Staging | null = null;
  let rows = 0;
  let bytes = 0;
  for (const [index, move] of moves.entries()) {
    const current: Staging = ahead ?? stageMove(rooms, run, move);
    await current.exported;
    const next = moves[index + 1];
    ahead = next === undefined ? null : stageMove(rooms, run, next);
    const staged = await meetColdRows(rooms, run, await current.staged);
    await publishAndProve(rooms, run, db, arrivingOf(staged));
    const segments = staged.slices.flatMap((slice) => slice.segments);
    rows += Number(staged.source.rows);
    bytes += segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }
  return { rows, bytes };
}

/** As the command composes them from the same configuration. */
async function openRooms(
  job: Job,
): Promise<{ readonly rooms: Rooms; readonly dataset: Dataset; readonly close: () => void }> {
  const config = loadConfig({ file: job.configFile, env: {}, workingDirectory: job.outDir });
  const [dataset] = config.datasets;
  if (dataset === undefined) throw new Error('no dataset');
  const { maintenance, postgres } = config;
  const tempDirectory = join(job.outDir, 'temp');
  await mkdir(tempDirectory);
  const engine = await DuckEngine.open({
    memoryLimitBytes: maintenance.memoryLimitBytes,
    threads: maintenance.jobThreads,
    tempDirectory,
  });
  const rooms: Rooms = {
    connect: (purpose) =>
      connect({
        url: purpose === 'direct' ? postgres.directUrl : postgres.url,
        job: 'bench',
        connectTimeoutMs: postgres.connectTimeoutMs,
      }),
    store: await openLake(config),
    fileSystem: nodeFileSystem,
    engine,
    tempDirectory,
    clock: systemClock,
    newId: randomUUID,
    holder: `bench:${process.pid}`,
    isByHand: true,
    version: 'bench',
    settings: {
      leaseTtlMs: 60_000,
      statementTimeoutMs: postgres.statementTimeoutMs,
      lockTimeoutMs: postgres.lockTimeoutMs,
      gracePeriodMs: 0,
      vacuum: maintenance.vacuum,
    },
    signal: new AbortController().signal,
    emit: () => undefined,
  };
  return { rooms, dataset, close: () => engine.close() };
}
