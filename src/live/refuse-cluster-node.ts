import type { Redis } from 'ioredis';
import { TierdError } from '../domain/errors.ts';
import { infoFields } from './info.ts';
import { isRefusal } from './redis-error.ts';

/**
 * One node of a cluster has the keys of its own slots: read alone, a part would pass for all of them.
 * Throws CONFIG_INVALID where `server` is such a node. One that does not tell is believed.
 */
export async function refuseClusterNode(server: Redis, place: string, db: number): Promise<void> {
  let info: string;
  try {
    info = await server.info('cluster');
  } catch (error) {
    if (isRefusal(error)) return;
    throw error;
  }
  if (infoFields(info).get('cluster_enabled') !== '1') return;
  throw new TierdError({
    code: 'CONFIG_INVALID',
    message: `${place} is one node of a Redis Cluster, and the redis section names it as if it were all of it: only the keys of its own slots would be seen; nothing was read`,
    hint: `name it under redis.cluster.nodes instead of redis.url or redis.host; the others are found through it${db === 0 ? '' : `. A cluster is read in database 0: what lies in ${String(db)}, where the server has several (Valkey 9), is not drained`}`,
    context: { place, db },
  });
}
