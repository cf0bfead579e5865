import type { Redis } from 'ioredis';
import { TierdError } from '../domain/errors.ts';
import { isRefusal } from './redis-error.ts';

/**
 * ioredis takes a refused SELECT for an event and goes on in database 0, where the keys are somebody
 * else's: so the server is asked once more, and its answer counts. Throws CONFIG_INVALID where it has no such database;
 * another refusal is thrown as it came.
 */
export async function selectDatabase(server: Redis, place: string, db: number): Promise<void> {
  // Where each connection begins, and what a user without the right to SELECT may use.
  if (db === 0) return;
  try {
    await server.select(db);
  } catch (error) {
    if (!isRefusal(error, 'ERR')) throw error;
    throw new TierdError({
      code: 'CONFIG_INVALID',
      message: `${place}: the server has no database ${String(db)} (${error.message}); nothing was read`,
      hint: 'set redis.db, or the number at the end of redis.url, to one below what `CONFIG GET databases` says there',
      context: { place, db },
    });
  }
}
