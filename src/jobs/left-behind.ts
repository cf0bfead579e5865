/**
 * The doctor's look at what is there of a dataset or source that left the configuration: no run will
 * ever come back for it, and no query finds it. Changes nothing.
 */

import type { Check } from '../domain/check.ts';
import { agree, countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import { quoteLiteral } from '../hot/quote.ts';
import { disconnect } from '../hot/server/connect.ts';
import { type LeftBehind, listLeftBehind } from '../ledger/left-behind.ts';
import { migrationStatus } from '../ledger/migrate.ts';
import { countClaims } from '../live/find-claims.ts';
import type { LiveRooms } from './live-checks.ts';
import type { LookingRooms } from './rotation/rooms.ts';

interface LeftRooms extends Pick<LookingRooms, 'connect'> {
  /** Null where no live store is configured. */
  readonly live: LiveRooms | null;
}

export async function checkLeftBehind(
  rooms: LeftRooms,
  datasets: readonly Dataset[],
): Promise<readonly Check[]> {
  const sources = (rooms.live?.sources ?? []).map(({ name }) => name);
  const configured = { datasets: datasets.map(({ name }) => name), sources };
  // A store that can't be reached, or a ledger that can't be read, has a check of its own.
  const inLedger = await lookAtLedger(rooms, configured).catch(() => []);
  const inRedis = rooms.live === null ? [] : await lookAtRedis(rooms.live).catch(() => []);
  return [...inLedger.map(describe), ...inRedis];
}

async function lookAtLedger(
  rooms: LeftRooms,
  configured: Parameters<typeof listLeftBehind>[1],
): Promise<readonly LeftBehind[]> {
  const db = await rooms.connect('work');
  try {
    const { pending } = await migrationStatus(db);
    return pending.length > 0 ? [] : await listLeftBehind(db, configured);
  } finally {
    await disconnect(db);
  }
}

async function lookAtRedis(live: LiveRooms): Promise<readonly Check[]> {
  const store = await live.connect();
  try {
    const configured = new Set(live.sources.map(({ name }) => name));
    const claims = await countClaims(store, live.signal);
    return [...claims]
      .filter(([source]) => !configured.has(source))
      .map(([source, count]) => ({
        name: `left_behind:${source}:claims`,
        status: 'warning',
        found: `${countOf(count, 'key')} ${agree(count, 'is', 'are')} in Redis under the name that the source ${source} gave them (tierd:claim:${source}:*), not drained to their end, and ${source} is not in the configuration`,
        advice: drainOnce(source),
      }));
  } finally {
    store.close();
  }
}

const drainOnce = (source: string): string =>
  `put the source ${source} back, with its kind and dataset, and run \`tierd drain ${source}\` once`;

function describe({ kind, name, count }: LeftBehind): Check {
  const gone = `and ${name} is not in the configuration`;
  const shared = { name: `left_behind:${name}`, status: 'warning' } as const;
  switch (kind) {
    case 'segment':
      return {
        name: `left_behind:${name}:segments`,
        status: 'warning',
        found: `${countOf(count, 'live segment')} of the dataset ${name} ${agree(count, 'is', 'are')} in the lake, ${gone}: no query finds their rows, and none of them expires`,
        advice: `if it has another name now: \`tierd lake rename ${name} <its new name>\`. Otherwise put the dataset ${name} back into the configuration; to have its rows in a table: \`tierd restore ${name}\` once it is back`,
      };
    case 'move':
      return {
        ...shared,
        found: `${countOf(count, 'move')} of the dataset ${name} ${agree(count, 'was', 'were')} begun and not ended, ${gone}`,
        advice: `put the dataset ${name} back and run \`tierd rotate ${name}\` once: it removes what lies half done in the lake`,
      };
    case 'delivery':
      return {
        ...shared,
        found: `${String(count)} batches of the source ${name} are committed and nobody knows whether Redis was told, ${gone}`,
        advice: `${drainOnce(name)}; or, if no entry of it can come again: delete from tierd.deliveries where source = ${quoteLiteral(name)}`,
      };
    case 'claim':
      return {
        ...shared,
        found: `${String(count)} lists that the source ${name} had claimed are not known to be removed from Redis, ${gone}`,
        advice: `${drainOnce(name)}; or, if none of them can come again: delete from tierd.claims where source = ${quoteLiteral(name)}`,
      };
  }
}
