/** Lua scripts over many keys: one call for all of them, or one for each slot of a cluster. */
import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { LiveStore } from './connect.ts';
import { keySlot } from './key-slot.ts';
import { isRefusal } from './redis-error.ts';

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export type ScriptArgument = string | number | Buffer;

/** The keys of one item lie in one slot. */
export interface ScriptItem {
  readonly keys: readonly string[];
  readonly args?: readonly ScriptArgument[];
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** What the script returns, its strings as bytes. A server that does not know it yet is told. */
export async function runScript(
  client: Redis | Cluster,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly ScriptArgument[],
): Promise<unknown> {
  try {
    return await client.callBuffer('EVALSHA', sha, keys.length, ...keys, ...args);
  } catch (error) {
    // Nothing of it ran, so that running it now is the first time.
    if (!isRefusal(error, 'NOSCRIPT')) throw error;
    return client.callBuffer('EVAL', lua, keys.length, ...keys, ...args);
  }
}

/**
 * One answer for each item, in their order; undefined for those that the script left for later
 * because what it had was enough. ARGV is `common` and then the arguments of the items.
 */
export async function runOverItems(
  store: LiveStore,
  what: Script,
  common: readonly ScriptArgument[],
  items: readonly ScriptItem[],
): Promise<readonly unknown[]> {
  const answers = new Array<unknown>(items.length);
  await Promise.all(
    groupsOf(store, items).map(async (indexes) => {
      const group = indexes.flatMap((index) => items[index] ?? []);
      const reply = await runScript(
        store.client,
        what,
        group.flatMap(({ keys }) => keys),
        [...common, ...group.flatMap(({ args }) => args ?? [])],
      );
      for (const [position, answer] of (reply as unknown[]).entries()) {
        const index = indexes[position];
        if (index !== undefined) answers[index] = answer;
      }
    }),
  );
  return answers;
}

/** How many items one call takes: a millisecond or two in which Redis serves nobody else. */
const ITEMS_PER_CALL = 500;

/** Indexes of `items`, as each call takes them: on a cluster those of one slot together. */
function groupsOf(
  { isCluster }: LiveStore,
  items: readonly ScriptItem[],
): readonly (readonly number[])[] {
  if (items.length === 0) return [];
  if (!isCluster) return piecesOf(Array.from(items.keys()));
  const groups = new Map<number, number[]>();
  for (const [index, { keys }] of items.entries()) {
    const slot = keySlot(keys[0] ?? '');
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [index]);
    else group.push(index);
  }
  return [...groups.values()].flatMap(piecesOf);
}

function piecesOf(indexes: readonly number[]): readonly (readonly number[])[] {
  const pieces: (readonly number[])[] = [];
  for (let from = 0; from < indexes.length; from += ITEMS_PER_CALL) {
    pieces.push(indexes.slice(from, from + ITEMS_PER_CALL));
  }
  return pieces;
}
