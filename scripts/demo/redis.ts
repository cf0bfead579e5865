/** The demo's Redis: where it comes from, what is written to it, and how tierd is to drain it. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type ChainableCommander, Redis } from 'ioredis';
import { startRedis } from '../../test/support/redis-server.ts';
import { openServerTree, type ServerTree } from '../../test/support/server-tree.ts';
import { formatCount } from './narrator.ts';
import { type DemoTable, FLIGHTS } from './tables.ts';
import type { Undo } from './undo.ts';

export interface LiveServer {
  readonly url: string;
  readonly client: Redis;
}

const run = promisify(execFile);
const HOW_TO = 'to see it, apt-get install redis-server (6.2 or later) and run the demo again';

/**
 * The one on the PATH; else, on Debian as root, that of the tests' own tree, which is built now if
 * need be and changes nothing in the system.
 */
export async function openRedis(
  tree: ServerTree,
  undo: Undo,
): Promise<LiveServer | { readonly missing: string }> {
  const settings = { appendfsync: 'everysec' };
  const found = (await isOnPath()) ? tree : await openServerTree();
  if (found !== tree && !found.full) return { missing: `${found.lacks}; ${HOW_TO}` };
  const server = await startRedis({ tree: found, settings });
  undo.add(() => server.remove());
  const client = new Redis(server.url);
  client.on('error', () => undefined); // told by the command that meets it
  undo.add(async () => client.disconnect());
  return { url: server.url, client };
}

/** In a version that can do what the drain asks of it. */
async function isOnPath(): Promise<boolean> {
  try {
    const { stdout } = await run('redis-server', ['--version']);
    const [, major = 0, minor = 0] = (/v=(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
    return major > 6 || (major === 6 && minor >= 2);
  } catch {
    return false;
  }
}

/** Bars are hashes that are moved; flights lie in a list and in a stream, and equal ones are two. */
export function drainConfig(url: string): string {
  const flights =
    'departed_at: departed_at, origin: origin, destination: destination, delay_minutes: delay_minutes, distance_miles: distance_miles';
  const bars =
    'timestamp: timestamp, open: open, high: high, low: low, close: close, adjusted_close: adjusted_close, volume: volume';
  return `redis:
  url: ${url}
drain:
  sources:
    bars:
      kind: move
      keys: bar:{symbol}:{number}
      dataset: market_data
      columns: { symbol: "{symbol}", ${bars} }
    flights_list:
      kind: list
      keys: flights:list
      dataset: flights
      columns: { ${flights} }
    flights_stream:
      kind: stream
      keys: flights:stream
      dataset: flights
      columns: { ${flights} }
      trim: true
`;
}

const ENTRIES_PER_WRITE = 2_000;

/** Writes the rows of the file, and says what they became. */
export async function replay(
  { client }: LiveServer,
  table: DemoTable,
  file: string,
): Promise<string> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  for (let from = 0; from < lines.length; from += ENTRIES_PER_WRITE) {
    const pipeline = client.pipeline();
    for (const [index, line] of lines.slice(from, from + ENTRIES_PER_WRITE).entries()) {
      if (table === FLIGHTS) addFlight(pipeline, line, from + index);
      else addBar(pipeline, line, from + index);
    }
    const replies = (await pipeline.exec()) ?? [];
    for (const [error] of replies) if (error !== null) throw error;
  }
  const count = formatCount(lines.length);
  return table === FLIGHTS
    ? `${count} are pushed to a list as JSON, or added to a stream, in turn.`
    : `${count} become a hash each.`;
}

function addBar(pipeline: ChainableCommander, line: string, index: number): void {
  const bar = JSON.parse(line) as Record<string, string>;
  pipeline.hset(`bar:${bar['symbol'] ?? ''}:${String(index)}`, bar);
}

function addFlight(pipeline: ChainableCommander, line: string, index: number): void {
  if (index % 2 === 0) {
    pipeline.rpush('flights:list', line);
    return;
  }
  const flight = JSON.parse(line) as Record<string, string | number>;
  pipeline.xadd('flights:stream', '*', ...Object.entries(flight).flat());
}

/** Everything that is still there: hashes, entries of lists and of streams, claims. */
export async function entriesIn({ client }: LiveServer): Promise<number> {
  const keys = await client.keys('*');
  let entries = 0;
  for (const key of keys) {
    const type = await client.type(key);
    if (type === 'list') entries += await client.llen(key);
    else if (type === 'stream') entries += await client.xlen(key);
    else entries += 1;
  }
  return entries;
}
