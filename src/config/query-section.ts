/** The `query` section: what a question may take from the hot store. */
import { z } from 'zod';
import { duration, size, wholeNumber } from './fields.ts';
import type { MaintenanceConfig } from './maintenance-section.ts';
import { parseDuration, parseSize } from './units.ts';

export interface QueryConfig {
  /** Of one table, in one query. */
  readonly maxHotRows: number;
  /** A reader holds off the drop of what it reads. */
  readonly maxHoldMs: number;
  /** That wait in Redis, of all sources of one query. */
  readonly maxLiveRows: number;
  /** For all that a query reads of Redis. */
  readonly liveTimeoutMs: number;
  /** Of the process of one query, whatever it holds there. */
  readonly maxMemoryBytes: number;
  /** Of all faces. */
  readonly concurrency: number;
  /** Of a process without a query; 0 ends each with its own. */
  readonly keepWarmMs: number;
  readonly queue: number;
  readonly timeoutMs: number;
  readonly maxResultBytes: number;
  /** Of answers that are kept; 0 keeps none. */
  readonly cacheBytes: number;
  /** Of answers that several daemons have in Redis; null where none are. */
  readonly sharedCache: { readonly ttlMs: number; readonly maxBytes: number } | null;
}

/**
 * Beyond the engine's own limit, where none is given: the program and the engine, rows on their way to
 * text, and the vectors, lists and texts that the engine does not count.
 */
const USUAL_ALLOWANCE_BYTES = 512 * 1024 ** 2;
/** With less, the program itself would be over its limit. */
export const LEAST_ALLOWANCE_BYTES = 256 * 1024 ** 2;

export const querySection = z.strictObject({
  max_hot_rows: wholeNumber(
    { min: 1, max: 1_000_000_000 },
    'A query that needs more rows of one table from PostgreSQL than this is refused. They are copied into the query engine, within maintenance.memory_limit.',
  ).default(5_000_000),
  max_hold: duration(
    'A query that reads a table in PostgreSQL for longer than this is ended, for a rotation can drop no chunk while it is read. Segments are read afterwards, for as long as it takes.',
  ).default('1min'),
  max_live_rows: wholeNumber(
    { min: 1, max: 10_000_000 },
    'A query with live rows for which more entries than this wait in Redis is refused; 64MB of entries are the most in any case. They are held in the process of the query and given to PostgreSQL, which makes rows of them.',
  ).default(100_000),
  live_timeout: duration(
    'A query that has not read what it needs of Redis within this is ended. Without live rows nothing of Redis is asked.',
  ).default('10s'),
  max_memory: size(
    'A query runs in a process of its own, which is ended when it takes more memory than this: what memory_limit does not cover, such as long texts and lists, counts as well. maintenance.memory_limit and 512MB when left out; at least memory_limit and 256MB. Linux only.',
  ).optional(),
  concurrency: wholeNumber(
    { min: 1, max: 64 },
    'Queries over HTTP and server.postgres that run at once. Each may take max_memory.',
  ).default(2),
  keep_warm: duration(
    'A process that has answered a query over HTTP, server.postgres or of `tierd query -i` stays so long for the next one, which is then not held up by its start; at most as many as concurrency, each with a connection to PostgreSQL and up to 256MB of memory. 0s keeps none.',
  ).default('1min'),
  queue: wholeNumber(
    { min: 0, max: 1_000 },
    'Queries over HTTP that may wait for their turn; one more is answered with 503. Sessions of server.postgres wait in any case, as long as query.timeout and their statement_timeout let them.',
  ).default(8),
  timeout: duration('A query over HTTP or server.postgres that takes longer is ended.').default(
    '1min',
  ),
  max_result: size(
    'An answer over HTTP or server.postgres that is larger is broken off, or is an error where nothing was sent yet.',
  ).default('256MB'),
  cache: size(
    'Answers over HTTP that the daemon keeps, in its memory: the same question is answered from there as long as the answer is the same. 0MB keeps none.',
  ).default('64MB'),
  shared_cache: z
    .strictObject({
      ttl: duration('How long an answer is kept that nobody replaces.').default('1h'),
      max: size(
        'Of all answers together, in the memory of Redis; the oldest make room. One may take an eighth of `cache`.',
      ).default('64MB'),
    })
    .optional(),
});

export type QueryFile = z.output<typeof querySection>;

export function resolveQuery(
  file: QueryFile,
  { memoryLimitBytes }: Pick<MaintenanceConfig, 'memoryLimitBytes'>,
): QueryConfig {
  return {
    maxHotRows: file.max_hot_rows,
    maxHoldMs: parseDuration(file.max_hold),
    maxLiveRows: file.max_live_rows,
    liveTimeoutMs: parseDuration(file.live_timeout),
    concurrency: file.concurrency,
    keepWarmMs: parseDuration(file.keep_warm),
    queue: file.queue,
    timeoutMs: parseDuration(file.timeout),
    maxResultBytes: parseSize(file.max_result),
    cacheBytes: parseSize(file.cache),
    sharedCache:
      file.shared_cache === undefined
        ? null
        : {
            ttlMs: parseDuration(file.shared_cache.ttl),
            maxBytes: parseSize(file.shared_cache.max),
          },
    maxMemoryBytes:
      file.max_memory === undefined
        ? memoryLimitBytes + USUAL_ALLOWANCE_BYTES
        : parseSize(file.max_memory),
  };
}
