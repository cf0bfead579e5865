/** A drain's rooms over a test database and a Redis of the test's own. */

import type { DrainSource } from '../../src/domain/drain/source.ts';
import { systemClock } from '../../src/domain/time/clock.ts';
import { connect } from '../../src/hot/server/connect.ts';
import type { DrainEvent } from '../../src/jobs/drain/events.ts';
import type { DrainRooms } from '../../src/jobs/drain/rooms.ts';
import type { DrainTotals } from '../../src/jobs/drain/totals.ts';
import { type DrainOptions, drainSource } from '../../src/jobs/drain.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { connectLive } from '../../src/live/connect.ts';
import type { TestDatabase } from './database.ts';
import { targetOf } from './live-target.ts';

export interface DrainBench {
  readonly rooms: DrainRooms;
  readonly events: DrainEvent[];
  /** One run until the source is empty. */
  drain(
    source: DrainSource,
    changes?: Partial<DrainRooms>,
    options?: DrainOptions,
  ): Promise<DrainTotals>;
}

/** Rooms with a ledger. `changes` replace what a test wants to be different. */
export async function openDrainBench(
  database: TestDatabase,
  redisUrl: string,
  changes: Partial<DrainRooms> = {},
): Promise<DrainBench> {
  const client = await database.connect();
  await migrate(client);
  await client.end();
  const events: DrainEvent[] = [];
  const rooms: DrainRooms = {
    connect: () => connect({ url: database.url, job: 'test' }),
    connectLive: () => connectLive(targetOf(redisUrl), 'test'),
    clock: systemClock,
    random: Math.random,
    holder: 'test',
    isByHand: true,
    settings: {
      leaseTtlMs: 60_000,
      statementTimeoutMs: 60_000,
      lockTimeoutMs: 5_000,
      keepDeliveriesMs: 86_400_000,
      patienceMs: 0,
    },
    signal: new AbortController().signal,
    emit: (event) => events.push(event),
    ...changes,
  };
  return {
    rooms,
    events,
    drain: (source, more = {}, options = { followEveryMs: null }) =>
      drainSource({ ...rooms, ...more }, source, options),
  };
}
