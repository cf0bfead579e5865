/**
 * Writers who know what they were told. Each thing is written once, under a number of its own: what
 * was confirmed must be found once, what got no answer once or not at all.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { DAY_MS } from '../../src/domain/time/time-range.ts';

export interface Told {
  readonly confirmed: ReadonlySet<number>;
  /** The answer was lost, or came as an error. */
  readonly unknown: ReadonlySet<number>;
}

export interface Writer {
  readonly table: string;
  readonly told: Told;
  /** Comes back when the last write has its answer. */
  stop(): Promise<void>;
}

/** How long a writer waits for an answer, and after an error. */
const ANSWER_TIMEOUT_MS = 10_000;
const AFTER_ERROR_MS = 250;

/** The tables with what feeds each; `quotes` has a key, so that it can be written by one. */
export const TABLES = {
  ticks: 'symbol text not null, ts timestamptz not null, n int not null',
  orders: 'symbol text not null, ts timestamptz not null, n int not null',
  quotes: 'symbol text not null, ts timestamptz not null, n int not null, unique (symbol, ts)',
  events: 'symbol text not null, ts timestamptz not null, n int not null',
} as const;

export const SOURCES = `
    streams: { kind: stream, keys: "stream:{symbol}", dataset: ticks, columns: { symbol: "{symbol}", ts: ts, n: n }, types: { ts: time_ms }, trim: true }
    lists: { kind: list, keys: "list:{symbol}", dataset: orders, columns: { symbol: "{symbol}", ts: ts, n: n }, types: { ts: time_ms } }
    moves: { kind: move, keys: "quote:{symbol}", dataset: quotes, columns: { symbol: "{symbol}", ts: ts, n: n }, types: { ts: time_ms } }`;

/** Three of five are old enough to go on to the lake at once, into one of four days. */
function timeOf(n: number, startMs: number): number {
  const isDue = n % 5 < 3;
  const daysAgo = isDue ? 40 + (n % 4) : n % 5;
  return startMs - daysAgo * DAY_MS + (n % 10_000);
}

/** Every seventh of those that pass through Redis can be no row, and becomes a dead letter. */
function valueOf(n: number): string | number {
  return n % 7 === 3 ? `x${String(n)}` : n;
}

export interface Stores {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  /** Between two writes of one writer. */
  readonly everyMs: number;
}

/** One for each table, going at once. */
export function startWriters({ postgresUrl, redisUrl, everyMs }: Stores): readonly Writer[] {
  const startMs = Date.now();
  const redis = openWriterRedis(redisUrl);
  const events = openInserter(postgresUrl);
  const symbol = (n: number): string => 'ABC'[n % 3] ?? '';
  const at = (n: number): number => timeOf(n, startMs);
  const writers = [
    write('ticks', everyMs, async (n) => {
      await redis.xadd(`stream:${symbol(n)}`, '*', 'ts', at(n), 'n', valueOf(n));
    }),
    write('orders', everyMs, async (n) => {
      await redis.rpush(`list:${symbol(n)}`, JSON.stringify({ ts: at(n), n: valueOf(n) }));
    }),
    write('quotes', everyMs, async (n) => {
      await redis.hset(`quote:Q${String(n)}`, { ts: at(n), n: valueOf(n) });
    }),
    write('events', everyMs, (n) => events.insert(symbol(n), at(n), n), events.close),
  ];
  let writing = 3;
  const leaveRedis = (): void => {
    writing -= 1;
    if (writing === 0) redis.disconnect();
  };
  return writers.map((writer) => ({
    ...writer,
    async stop() {
      await writer.stop();
      if (writer.table !== 'events') leaveRedis();
    },
  }));
}

function write(
  table: string,
  everyMs: number,
  one: (n: number) => Promise<void>,
  close: () => Promise<void> = () => Promise.resolve(),
): Writer {
  const over = new AbortController();
  const confirmed = new Set<number>();
  const unknown = new Set<number>();
  const running = (async () => {
    for (let n = 1; !over.signal.aborted; n += 1) {
      try {
        await one(n);
        confirmed.add(n);
      } catch {
        // The server is away, or went away just then: nobody knows.
        unknown.add(n);
        await pause(AFTER_ERROR_MS);
      }
      await pause(everyMs);
    }
    await close();
  })();
  return {
    table,
    told: { confirmed, unknown },
    async stop() {
      over.abort();
      await running;
    },
  };
}

/** Nothing is sent twice: what has no answer has none. */
export function openWriterRedis(url: string): Redis {
  const redis = new Redis(url, {
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_TIMEOUT_MS,
    retryStrategy: () => AFTER_ERROR_MS,
  });
  redis.on('error', () => undefined); // told by the command that failed
  return redis;
}

function openInserter(url: string): {
  readonly insert: (symbol: string, atMs: number, n: number) => Promise<void>;
  readonly close: () => Promise<void>;
} {
  let client: pg.Client | null = null;
  const close = async (): Promise<void> => {
    const old = client;
    client = null;
    await old?.end().catch(() => undefined); // it was broken
  };
  return {
    async insert(symbol, atMs, n) {
      try {
        client ??= await openClient(url);
        await client.query('insert into events (symbol, ts, n) values ($1, $2, $3)', [
          symbol,
          new Date(atMs).toISOString(),
          n,
        ]);
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
  };
}

export async function openClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: ANSWER_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
  });
  client.on('error', () => undefined); // told by the query that meets it
  await client.connect();
  return client;
}
