/** Composes what the drain works with from the configuration. */
import { hostname } from 'node:os';
import { TierdError } from '../../domain/errors.ts';
import type { DrainEvent } from '../../jobs/drain/events.ts';
import type { DrainRooms } from '../../jobs/drain/rooms.ts';
import type { CliContext } from '../context.ts';
import { connector } from './rooms.ts';

/** A server that restarts is back within this; longer is for a person, or for `--follow`. */
const PATIENCE_MS = 60_000;

export async function composeDrain(
  context: CliContext,
  job: string,
  emit: (event: DrainEvent) => void,
): Promise<DrainRooms> {
  const config = context.loadConfig();
  const { redis, postgres, drain } = config;
  if (redis === undefined) {
    throw new TierdError({
      code: 'USAGE',
      message: 'no live store is configured; nothing was done',
      hint: 'add the sections redis and drain to the configuration (docs/configuration.md)',
    });
  }
  const { connectLive } = await import('../../live/connect.ts');
  return {
    connect: connector(context, job),
    connectLive: () => connectLive(redis, job, context.signal),
    clock: context.clock,
    random: Math.random,
    holder: `${hostname()}:${String(process.pid)}`,
    isByHand: context.sendToDaemon === undefined,
    settings: {
      leaseTtlMs: config.daemon.leaseTtlMs,
      statementTimeoutMs: postgres.statementTimeoutMs,
      lockTimeoutMs: postgres.lockTimeoutMs,
      keepDeliveriesMs: drain.keepDeliveriesMs,
      patienceMs: PATIENCE_MS,
    },
    signal: context.signal,
    emit,
  };
}
