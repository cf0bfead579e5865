import { once } from 'node:events';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import { formatSnapshotVersion } from '../domain/snapshot-version.ts';
import type { LookingRooms } from '../jobs/rotation/rooms.ts';
import { QUERY_FORMATS, type QueryFormat } from '../query/query-format.ts';
import type { QueryRequest, QuerySummary } from '../query/query-lake.ts';
import type { CliContext } from './context.ts';
import { withSpillDirectory } from './spill-directory.ts';
import { formatDuration, formatInteger, formatRows } from './terminal/format.ts';
import { safeText } from './terminal/safe-text.ts';
import type { Output, Style } from './terminal/style.ts';

interface QueryFlags {
  readonly format?: QueryFormat;
  readonly output?: string;
}

export function registerQuery(program: Command, context: CliContext): void {
  program
    .command('query')
    .description('run one SELECT over hot and cold rows; each dataset is a table')
    .argument('<sql>', 'a SELECT in the SQL of DuckDB')
    .addOption(
      new Option('-F, --format <format>', 'what the rows are printed as').choices(QUERY_FORMATS),
    )
    .option('-o, --output <file>', 'write to this file, replaced once the query has succeeded')
    .addHelpText(
      'after',
      `
Each row is seen once, wherever it lies. A WHERE on the time column decides which files and which rows of
PostgreSQL are read; hot.<dataset> and cold.<dataset> are the two sides alone.

Examples:
  $ tierd query "select symbol, count(*) from market_data group by symbol"
  $ tierd query "select * from market_data where timestamp >= '2024-01-15' and timestamp < '2024-01-16'" --format csv
  $ tierd query "select * from news" --format parquet --output news.parquet`,
    )
    .action((sql: string, flags: QueryFlags) => runQuery(context, sql, flags));
}

async function runQuery(context: CliContext, sql: string, flags: QueryFlags): Promise<void> {
  const config = context.loadConfig();
  const { maintenance } = config;
  const { disconnect } = await import('../hot/connect.ts');
  const { assertMigrated } = await import('../ledger/migrate.ts');
  const { postgresStores } = await import('../query/postgres-stores.ts');
  const { queryLake } = await import('../query/query-lake.ts');
  const { composeLooking } = await import('./rooms.ts');
  const { openSegmentsOf } = await import('./open-lake.ts');
  const rooms = await composeLooking(context, 'query');
  const db = await rooms.connect('work');
  try {
    await assertMigrated(db);
    await warnOfOthersLake(context, rooms, db);
    const summary = await withSpillDirectory(maintenance.tempDirectory, (spillDirectory) =>
      queryLake(requestOf(context, sql, flags), {
        inSnapshot: postgresStores({
          db,
          datasets: config.datasets,
          ...config.query,
          signal: context.signal,
        }),
        store: rooms.store,
        openSegments: openSegmentsOf(config, rooms.store),
        limits: {
          memoryLimitBytes: maintenance.memoryLimitBytes,
          threads: maintenance.threads,
          spillDirectory,
        },
        clock: context.clock,
        signal: context.signal,
      }),
    );
    tell(context, summary);
  } finally {
    await disconnect(db);
  }
}

/** Reading does no harm, but a copy's list of segments may be older than the lake. */
async function warnOfOthersLake(
  context: CliContext,
  { store }: LookingRooms,
  db: pg.Client,
): Promise<void> {
  const { lakeRefusal, lookAtLake } = await import('../jobs/rotation/own-lake.ts');
  const standing = await lookAtLake(store, db);
  const refusal = standing === null ? null : lakeRefusal(standing, store.place);
  if (refusal === null) return;
  context.liveLine.print(
    `${context.err.colour.yellow('warning')} this ledger is not the owner of the lake, so its list of segments may be out of date: ${safeText(refusal.message, { isColorSupported: false })}`,
  );
}

function requestOf(context: CliContext, sql: string, flags: QueryFlags): QueryRequest {
  if (context.options.json === true && flags.format !== undefined && flags.format !== 'json') {
    throw new TierdError({
      code: 'USAGE',
      message: `--json and --format ${flags.format} contradict each other; nothing was run`,
      hint: 'use one of them',
    });
  }
  const format = context.options.json === true ? 'json' : (flags.format ?? 'table');
  return {
    sql,
    format,
    output:
      flags.output === undefined
        ? { sink: { write: (text) => writeAll(context.stdout, shownOn(context.out, text)) } }
        : { file: resolve(context.workingDirectory, flags.output) },
    terminalWidth: context.out.width ?? null,
  };
}

/** Values that would steer a terminal are for programs that read a pipe or a file. */
function shownOn({ isTerminal, colour }: Style, text: string): string {
  return isTerminal ? safeText(text, colour) : text;
}

/** Waits when the reader is slower than the query, so that nothing piles up in memory. */
async function writeAll(stream: Output, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}

/** On stderr: stdout has the rows and nothing else. */
function tell(context: CliContext, summary: QuerySummary): void {
  const version = formatSnapshotVersion(summary.version);
  context.logger.debug({ ...summary, version }, 'a query was answered');
  if (context.options.quiet === true) return;
  for (const note of summary.notes) {
    context.liveLine.print(`${context.err.colour.yellow('note')} ${note}`);
  }
  const { rows, elapsedMs, segmentsRead, segmentsLive, hotRows } = summary;
  context.liveLine.print(
    context.err.colour.dim(
      `${formatRows(rows)} in ${formatDuration(elapsedMs)}; ${formatInteger(segmentsRead)} of ${formatInteger(segmentsLive)} segments and ${formatInteger(hotRows)} hot rows read at version ${version}`,
    ),
  );
}
