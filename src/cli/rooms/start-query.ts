/** A query as a process of tierd's own: what it is handed, and what it may take. */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TierdConfig } from '../../config/load.ts';
import { LEAST_ALLOWANCE_BYTES } from '../../config/query-section.ts';
import { TierdError } from '../../domain/errors.ts';
import { mayNameLive } from '../../query/live/live-names.ts';
import type { QueryCommand, QueryWatch } from '../../query/process/query-process.ts';
import { QueryProcesses } from '../../query/process/query-processes.ts';
import type { QuerySummary } from '../../query/query-request.ts';
import type { CliIo } from '../context.ts';
import type { LiveTask } from './live-side.ts';
import type { QueryTask } from './query-task.ts';
import { withSpillDirectory } from './spill-directory.ts';

/** Beside this program, built or not. */
const PROGRAM = fileURLToPath(
  new URL(`../../query-main${extname(import.meta.url)}`, import.meta.url),
);

/** DuckDB works on libuv's threads and would leave none for the file system. */
const THREAD_POOL = '16';
/** Of the process's memory: what is not DuckDB's is mostly rows on their way to text. */
const HEAP_SHARE = 1 / 2;

/**
 * Processes of which so many may wait for a further query. One that holds more than the program by itself
 * ever does is none of them: each query has what `query.max_memory` leaves of the same beginning.
 */
export function openProcesses(maxIdle: number): QueryProcesses {
  return new QueryProcesses({ maxIdle, maxIdleBytes: LEAST_ALLOWANCE_BYTES });
}

/**
 * Runs one query to its end. What it had on disk is gone then, but for its result.
 *
 * @throws TierdError as `QueryProcess.ask`; CONFIG_INVALID where nothing can be spilled
 */
export async function startQuery(
  processes: QueryProcesses,
  config: TierdConfig,
  io: Pick<CliIo, 'env' | 'workingDirectory'>,
  request: QueryTask['request'],
  watch: Omit<QueryWatch, 'maxMemoryBytes'>,
  mayKeep = false,
): Promise<QuerySummary> {
  const { maintenance, query, postgres, lake, datasets } = config;
  const { maxMemoryBytes, maxHotRows, maxHoldMs } = query;
  const live = liveTaskOf(config, request);
  return withSpillDirectory(maintenance.tempDirectory, async (spillDirectory) => {
    const task: QueryTask = {
      request,
      mayKeep,
      postgres: { url: postgres.url, connectTimeoutMs: postgres.connectTimeoutMs },
      lake,
      datasets,
      maxHotRows,
      maxHoldMs,
      live,
      limits: {
        memoryLimitBytes: maintenance.memoryLimitBytes,
        threads: maintenance.threads,
        spillDirectory,
      },
    };
    try {
      return await processes.ask(
        commandOf(config, io, live !== null),
        task,
        { ...watch, maxMemoryBytes },
        query.keepWarmMs,
      );
    } finally {
      // One that was killed could not.
      if (request.output !== null) await rm(request.output.part, { force: true });
    }
  });
}

function commandOf(
  { query, lake }: TierdConfig,
  { env, workingDirectory }: Pick<CliIo, 'env' | 'workingDirectory'>,
  isLive: boolean,
): QueryCommand {
  const heapMb = Math.floor((query.maxMemoryBytes * HEAP_SHARE) / 1024 ** 2);
  return {
    argv: [
      ...limiter(query.maxMemoryBytes),
      process.execPath,
      `--max-old-space-size=${String(heapMb)}`,
      PROGRAM,
      // Another command, so that no other question is asked of a process that was told of Redis.
      ...(isLive ? ['live'] : []),
    ],
    env: { UV_THREADPOOL_SIZE: THREAD_POOL, ...environmentOf(env, lake) },
    workingDirectory,
  };
}

/** Redis' password and the sources, where the question may be about them; null where it can't. */
function liveTaskOf(
  { redis, drain, query, postgres }: TierdConfig,
  { withLive = false, sql }: QueryTask['request'],
): LiveTask | null {
  if (!withLive && !mayNameLive(sql)) return null;
  if (redis === undefined) {
    if (!withLive) return null;
    throw new TierdError({
      code: 'QUERY_INVALID',
      message: 'live rows were asked for, and no live store is configured; nothing was run',
      hint: 'ask without them, or add the sections redis and drain to the configuration (docs/configuration.md)',
    });
  }
  return {
    isWith: withLive,
    redis,
    sources: drain.sources,
    maxRows: query.maxLiveRows,
    timeoutMs: query.liveTimeoutMs,
    statementTimeoutMs: postgres.statementTimeoutMs,
    lockTimeoutMs: postgres.lockTimeoutMs,
  };
}

/** Of util-linux, which each Debian has. */
const PRLIMIT = '/usr/bin/prlimit';
/** Of what a process can write to, not all is resident: stacks of threads, what allocators keep. */
const NOT_RESIDENT_BYTES = 256 * 1024 ** 2;

/**
 * Where it is there, the kernel bounds what can be taken between two looks: since Linux 4.7 RLIMIT_DATA
 * counts all memory that a process can write to and shares with nobody. The engine is then refused
 * the memory and says so. (RLIMIT_AS counts what Node reserves and never touches.)
 */
function limiter(maxMemoryBytes: number): readonly string[] {
  const bytes = maxMemoryBytes + NOT_RESIDENT_BYTES;
  if (process.platform !== 'linux' || !existsSync(PRLIMIT) || hasStricter(bytes)) return [];
  return [PRLIMIT, `--data=${String(bytes)}`];
}

/** A limit can't be raised above the one that this process has. */
function hasStricter(maxBytes: number): boolean {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const hard = /^Max data size +\S+ +(\d+)/m.exec(limits)?.[1];
  return hard !== undefined && Number(hard) < maxBytes;
}

/** What programs need of their surroundings, and how PostgreSQL is reached. */
const HANDED_ON =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|LD_\w+|NODE_\w+|UV_\w+|SSL_CERT_\w+|DUCKDB_\w+|MALLOC_\w+|PG\w+)$/;
/** How a bucket is reached, where the configuration does not say with what. */
const OF_A_BUCKET = /^AWS_\w+$/;

/** Not the other secrets that this process was started with. */
function environmentOf(env: CliIo['env'], lake: TierdConfig['lake']): QueryCommand['env'] {
  const needsAws = [lake, lake.far].some(
    (place) => place?.type === 's3' && place.target.credentials === null,
  );
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => HANDED_ON.test(name) || (needsAws && OF_A_BUCKET.test(name)),
    ),
  );
}
