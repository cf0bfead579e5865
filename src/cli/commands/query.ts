import { once } from 'node:events';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { countOf } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import { formatSnapshotVersion } from '../../domain/lake/snapshot-version.ts';
import { partPathOf } from '../../query/answer/output-file.ts';
import { QUERY_FORMATS, type QueryFormat } from '../../query/answer/query-format.ts';
import type { FileOutput, QuerySummary } from '../../query/query-lake.ts';
import type { CliContext } from '../context.ts';
import { explainReport } from '../reports/explain-report.ts';
import type { QueryTask } from '../rooms/query-task.ts';
import { formatDuration, formatInteger, formatRows } from '../terminal/format.ts';
import { safeText } from '../terminal/safe-text.ts';
import type { Output } from '../terminal/style.ts';
import { parseParameter, readQuery } from './query-text.ts';

interface QueryFlags {
  readonly format?: QueryFormat;
  readonly output?: string;
  readonly file?: string;
  readonly param?: readonly (string | null)[];
  readonly explain?: true;
}

export function registerQuery(program: Command, context: CliContext): void {
  program
    .command('query')
    .description('run one SELECT over hot and cold rows; each dataset is a table')
    .argument('[sql]', 'a SELECT in the SQL of DuckDB; standard input where there is none')
    .addOption(
      new Option('-f, --file <file>', 'read the query from this file; - is standard input'),
    )
    .option(
      '-p, --param <value>',
      'the value of $1, the next one that of $2 …; \\N is NULL',
      (value: string, before: readonly (string | null)[] | undefined) => [
        ...(before ?? []),
        parseParameter(value),
      ],
    )
    .addOption(
      new Option('--explain', 'say what would be read, and why no more; read nothing').conflicts([
        'format',
        'output',
      ]),
    )
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
  $ tierd query "select * from news" --format parquet --output news.parquet
  $ tierd query -f report.sql --param reuters --param 2024-01-15
  $ tierd query --explain -f report.sql --param reuters --param 2024-01-15`,
    )
    .action((sql: string | undefined, flags: QueryFlags) => runQuery(context, sql, flags));
}

async function runQuery(
  context: CliContext,
  typed: string | undefined,
  flags: QueryFlags,
): Promise<void> {
  const config = context.loadConfig();
  const sql = await readQuery({ sql: typed, file: flags.file }, context);
  const { startQuery } = await import('../rooms/start-query.ts');
  const { signal } = context;
  const summary = await startQuery(config, context, requestOf(context, sql, flags), {
    signal,
    write: (part) => writeAll(context.stdout, part, signal),
    warn: (text) =>
      context.liveLine.print(
        `${context.err.colour.yellow('warning')} ${safeText(text, { isColorSupported: false })}`,
      ),
  });
  if (flags.explain === true) context.report(explainReport(summary));
  else tell(context, summary);
}

function requestOf(context: CliContext, sql: string, flags: QueryFlags): QueryTask['request'] {
  if (context.options.json === true && flags.format !== undefined && flags.format !== 'json') {
    throw new TierdError({
      code: 'USAGE',
      message: `--json and --format ${flags.format} contradict each other; nothing was run`,
      hint: 'use one of them',
    });
  }
  const format = context.options.json === true ? 'json' : (flags.format ?? 'table');
  const { isTerminal, colour, width } = context.out;
  return {
    sql,
    parameters: flags.param ?? [],
    explain: flags.explain === true,
    format,
    output: flags.output === undefined ? null : outputOf(context, flags.output),
    terminal: isTerminal ? { isColorSupported: colour.isColorSupported } : null,
    terminalWidth: width ?? null,
  };
}

function outputOf({ workingDirectory }: CliContext, path: string): FileOutput {
  const file = resolve(workingDirectory, path);
  return { file, part: partPathOf(file, process.pid) };
}

/** Waits when the reader is slower than the query, so that nothing piles up in memory. */
async function writeAll(stream: Output, part: Buffer, signal: AbortSignal): Promise<void> {
  if (!stream.write(part)) await once(stream, 'drain', { signal });
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
      `${formatRows(rows)} in ${formatDuration(elapsedMs)}; ${formatInteger(segmentsRead)} of ${countOf(segmentsLive, 'segment')} and ${countOf(hotRows, 'hot row')} read at version ${version}`,
    ),
  );
}
