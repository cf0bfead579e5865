/** Waits until Redis has on disk, and its replicas have, what was written so far. */
import type { Redis } from 'ioredis';
import { TierdError } from '../domain/errors.ts';
import { isBefore } from '../domain/live/live-health.ts';
import type { LiveStore } from './connect.ts';
import { infoFields } from './info.ts';
import { doing } from './redis-error.ts';

/** Well beyond the second that `appendfsync everysec` lets pass. */
const DURABLE_TIMEOUT_MS = 10_000;

/**
 * Returns when a restart of the servers that have `claims`, and a failover to one of the configured
 * replicas, keep what this connection wrote. Where a server has no append-only file, or is too old
 * to be asked (before 7.2), only the replicas are waited for: `tierd doctor` warns of that.
 *
 * Throws CLAIM_NOT_DURABLE when that can't be had in time.
 */
export async function makeDurable(store: LiveStore, claims: readonly string[]): Promise<void> {
  const servers = new Set(claims.map((claim) => store.serverOf(claim)));
  await Promise.all([...servers].map((server) => makeServerDurable(store, server)));
}

async function makeServerDurable(store: LiveStore, server: Redis): Promise<void> {
  const wanted = store.waitReplicas;
  const what = `waiting until ${store.place} has saved a claim`;
  const [disks, replicas] = await doing(what, () => wait(server, wanted));
  if (disks >= 1 && replicas >= wanted) return;
  const lacking =
    disks < 1 ? 'its disk did' : `${String(wanted - replicas)} of ${String(wanted)} replicas did`;
  throw new TierdError({
    code: 'CLAIM_NOT_DURABLE',
    message: `of claims at ${store.place}, ${lacking} not confirm within ${String(DURABLE_TIMEOUT_MS / 1000)} s; none of them was committed, and they are found again by the next run`,
    hint: 'check that appendfsync is not no, the disk of Redis and its replicas (CONFIG GET appendfsync, INFO persistence, INFO replication), or lower redis.wait_replicas',
    context: { replicas, wanted },
  });
}

async function wait(
  server: Redis,
  replicas: number,
): Promise<readonly [disks: number, replicas: number]> {
  if (await hasWaitAof(server)) {
    const reply = await server.call('WAITAOF', 1, replicas, DURABLE_TIMEOUT_MS);
    return reply as [disks: number, replicas: number];
  }
  if (replicas === 0) return [1, 0];
  return [1, await server.wait(replicas, DURABLE_TIMEOUT_MS)];
}

/** Since Redis 7.2 a client can wait for the append-only file, where there is one. */
async function hasWaitAof(server: Redis): Promise<boolean> {
  const fields = infoFields(await server.info());
  return fields.get('aof_enabled') === '1' && !isBefore(fields.get('redis_version') ?? '', 7, 2);
}
