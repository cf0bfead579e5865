import type { LiveRooms } from '../../jobs/live-checks.ts';
import type { CliContext } from '../context.ts';

/** For verbs that look at the live store; null where none is configured. */
export async function composeLiveChecks(context: CliContext): Promise<LiveRooms | null> {
  const { redis, drain } = context.loadConfig();
  if (redis === undefined) return null;
  const { connectLive } = await import('../../live/connect.ts');
  return {
    connect: () => connectLive(redis, 'look', context.signal),
    sources: drain.sources.map(({ live }) => live),
    settings: { drainIntervalMs: drain.intervalMs, waitReplicas: redis.waitReplicas },
    clock: context.clock,
    signal: context.signal,
  };
}
