/** Composes what the jobs work with from the configuration. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { connect } from '../../hot/server/connect.ts';
import type { JobRooms, LedgerRooms, LocalRooms, LookingRooms } from '../../jobs/rotation/rooms.ts';
import { DuckEngine } from '../../lake/segment/duckdb.ts';
import type { CliContext } from '../context.ts';
import { readVersion } from '../version.ts';
import { fileSystemOf, openLake } from './open-lake.ts';
import { withSpillDirectory } from './spill-directory.ts';
import { waitRules } from './wait-rules.ts';

/** For verbs that only look. */
export async function composeLooking(context: CliContext, job: string): Promise<LookingRooms> {
  const config = context.loadConfig();
  return {
    connect: connector(context, job),
    store: await openLake(config),
    clock: context.clock,
    settings: settingsOf(context),
  };
}

export function settingsOf(context: CliContext): LookingRooms['settings'] {
  const { daemon, postgres, maintenance } = context.loadConfig();
  return {
    leaseTtlMs: daemon.leaseTtlMs,
    statementTimeoutMs: postgres.statementTimeoutMs,
    lockTimeoutMs: postgres.lockTimeoutMs,
    vacuum: maintenance.vacuum,
    gracePeriodMs: maintenance.gracePeriodMs,
  };
}

/** For the verbs by which a person changes the ledger alone. */
export async function composeByHand(context: CliContext, job: string): Promise<LedgerRooms> {
  return { ...(await composeLooking(context, job)), holder: thisProcess(), isByHand: true };
}

export const thisProcess = (): string => `${hostname()}:${String(process.pid)}`;

/** For the verbs that change the lake. `work` gets rooms that are closed when it has ended. */
export async function withRooms<Result>(
  context: CliContext,
  job: string,
  work: (rooms: JobRooms) => Promise<Result>,
): Promise<Result> {
  return withEngine(context, async (local) =>
    work({
      ...(await composeLooking(context, job)),
      ...local,
      newId: randomUUID,
      version: readVersion(),
      holder: thisProcess(),
      isByHand: context.sendToDaemon === undefined,
      signal: context.signal,
    }),
  );
}

/** For a plan that also looks into the lake: whether rows that are due are there already. */
export async function withLookingEngine<Result>(
  context: CliContext,
  job: string,
  work: (rooms: LookingRooms) => Promise<Result>,
): Promise<Result> {
  return withEngine(context, async (local) =>
    work({ ...(await composeLooking(context, job)), ...local }),
  );
}

/** Means of this machine, which are given back when `work` has ended. */
export async function withEngine<Result>(
  context: CliContext,
  work: (local: LocalRooms) => Promise<Result>,
): Promise<Result> {
  const { maintenance, lake } = context.loadConfig();
  return withSpillDirectory(maintenance.tempDirectory, async (tempDirectory) => {
    const engine = await DuckEngine.open({
      memoryLimitBytes: maintenance.memoryLimitBytes,
      threads: maintenance.jobThreads,
      tempDirectory,
    });
    try {
      return await work({ engine, tempDirectory, fileSystem: fileSystemOf(lake) });
    } finally {
      engine.close();
    }
  });
}

export function connector(context: CliContext, job: string): LookingRooms['connect'] {
  const config = context.loadConfig();
  const { url, directUrl, connectTimeoutMs } = config.postgres;
  const waits = waitRules(config, context);
  return (purpose) =>
    connect({ url: purpose === 'direct' ? directUrl : url, job, connectTimeoutMs, waits });
}
