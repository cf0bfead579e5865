/** TTLs that fields of a hash have for themselves: since Redis 7.4 and Valkey 9. */
import type { Redis } from 'ioredis';
import type { LiveStore } from './connect.ts';
import { doing, isRefusal } from './redis-error.ts';
import { runOverItems } from './run-script.ts';
import { FIND_MORTAL } from './scripts/mortal-fields.ts';

/** Nobody's key: it is asked for to learn whether the command is known. */
const NO_KEY = 'tierd:none';

/** Whether any server of the store may have fields that run out by themselves. */
export async function hasFieldTtls(store: LiveStore): Promise<boolean> {
  const answers = await doing(`asking ${store.place} whether fields can have a TTL`, () =>
    Promise.all(store.masters().map(knowsFieldTtls)),
  );
  return answers.includes(true);
}

async function knowsFieldTtls(server: Redis): Promise<boolean> {
  try {
    await server.call('HPTTL', NO_KEY, 'FIELDS', 1, 'none');
    return true;
  } catch (error) {
    // An unknown command has no code of its own. One that is forbidden, or asked of the wrong node of
    // a cluster, is known all the same.
    if (isRefusal(error, 'ERR')) return false;
    if (isRefusal(error)) return true;
    throw error;
  }
}

/** Whether any hash of the database has fields that run out by themselves, as INFO counts them. */
async function hasMortalHashes(store: LiveStore): Promise<boolean> {
  const answers = await doing(`asking ${store.place} for hashes whose fields run out`, () =>
    Promise.all(store.masters().map((server) => server.info('keyspace'))),
  );
  // Redis: `db0:keys=3,expires=0,avg_ttl=0,subexpiry=1`. Valkey calls it keys_with_volatile_items.
  return answers.some((text) => /\b(?:subexpiry|keys_with_volatile_items)=[1-9]/.test(text));
}

/** Which of the hashes have fields that run out by themselves, or lost some since `fields` were read. */
export async function findMortal(
  store: LiveStore,
  hashes: readonly { readonly at: string; readonly fields: number }[],
): Promise<readonly boolean[]> {
  if (hashes.length === 0 || !(await hasMortalHashes(store))) return hashes.map(() => false);
  const answers = await doing(`looking for fields that run out at ${store.place}`, () =>
    runOverItems(
      store,
      FIND_MORTAL,
      [],
      hashes.map(({ at, fields }) => ({ keys: [at], args: [fields] })),
    ),
  );
  return answers.map((answer) => Number(answer) === 1);
}

/** Enough to meet a TTL that all of its kind have. */
const FIELDS_LOOKED_AT = 20;

/** The shortest TTL among some fields of the hash; null when none of them has one. */
export async function shortestFieldTtlMs(store: LiveStore, key: string): Promise<number | null> {
  const { client } = store;
  let ttls: readonly unknown[];
  try {
    const names = (await client.callBuffer('HRANDFIELD', key, FIELDS_LOOKED_AT)) as Buffer[];
    if (names.length === 0) return null;
    ttls = (await client.call('HPTTL', key, 'FIELDS', names.length, ...names)) as unknown[];
  } catch (error) {
    // Not a hash: the drain itself tells of it. Nor is a warning worth a right that nothing else needs.
    if (isRefusal(error, 'WRONGTYPE') || isRefusal(error, 'NOPERM')) return null;
    throw error;
  }
  const mortal = ttls.map(Number).filter((ttl) => ttl >= 0);
  return mortal.length === 0 ? null : Math.min(...mortal);
}
