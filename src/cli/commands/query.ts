import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { TierdConfig } from '../../config/load.ts';
import { TierdError } from '../../domain/errors.ts';
import type { LakePrice } from '../../domain/lake/lake-price.ts';
import { partPathOf } from '../../query/answer/output-file.ts';
import {
  BINARY_FORMATS,
  QUERY_FORMATS,
  type QueryFormat,
} from '../../query/answer/query-format.ts';
import { type FileOutput, ON_BAD_SEGMENT, type OnBadSegment } from '../../query/query-request.ts';
import type { CliContext } from '../context.ts';
import { explainReport } from '../reports/explain-report.ts';
import { tellOf } from '../reports/query-told.ts';
import { parseParameter, readQuery } from './query-text.ts';

interface QueryFlags {
  readonly format?: QueryFormat;
  readonly output?: string;
  readonly file?: string;
  readonly param?: readonly (string | null)[];
  readonly explain?: true;
  readonly interactive?: true;
  readonly withLive?: true;
  readonly onBadSegment: OnBadSegment;
}

export function registerQuery(program: Command, context: CliContext): void {
  program
    .command('query')
    .description('run one SELECT over hot and cold rows; each dataset is a table')
    .argument('[sql]', 'a SELECT in the SQL of DuckDB; standard input where there is none, or -')
    .addOption(
      new Option(
        '-i, --interactive',
        'a shell: a query after the other, each ended by a ;',
      ).conflicts(['file', 'param', 'explain', 'output']),
    )
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
    .option(
      '--with-live',
      'count what waits in Redis to each dataset, as a drain would bring it in',
    )
    .addOption(
      new Option(
        '--on-bad-segment <do>',
        'skip: answer without the segments that are missing or damaged, and say which',
      )
        .choices(ON_BAD_SEGMENT)
        .default('fail'),
    )
    .addHelpText(
      'after',
      `
Each row is seen once, wherever it lies. A WHERE on the time column decides which files and which rows of
PostgreSQL are read; hot.<dataset> and cold.<dataset> are the two sides alone; live.<source> is what waits in Redis.

Examples:
  $ tierd query -i
  $ tierd query "select symbol, count(*) from market_data group by symbol"
  $ tierd query "select * from market_data where timestamp >= '2024-01-15' and timestamp < '2024-01-16'" --format csv
  $ tierd query "select * from news" --format parquet --output news.parquet
  $ tierd query -f report.sql --param reuters --param 2024-01-15
  $ tierd query --explain -f report.sql --param reuters --param 2024-01-15
  $ tierd query --with-live "select max(timestamp) from market_data"`,
    )
    .action((sql: string | undefined, flags: QueryFlags) => runQuery(context, sql, flags));
}

async function runQuery(
  context: CliContext,
  typed: string | undefined,
  flags: QueryFlags,
): Promise<void> {
  if (flags.interactive === true) return openShell(context, typed, flags);
  const config = context.loadConfig();
  const sql = await readQuery({ sql: typed, file: flags.file }, context);
  const { printQuery } = await import('../rooms/print-query.ts');
  const { openProcesses } = await import('../rooms/start-query.ts');
  const summary = await printQuery(
    context,
    config,
    {
      sql,
      parameters: flags.param ?? [],
      explain: flags.explain === true,
      onBadSegment: flags.onBadSegment,
      withLive: flags.withLive === true,
      format: formatOf(context, flags),
      output: flags.output === undefined ? null : outputOf(context, flags.output),
    },
    context.signal,
    openProcesses(0),
  );
  if (flags.explain === true) context.report(explainReport(summary, priceIn(config.lake)));
  else tellOf(context, summary, true);
}

const priceIn = (lake: TierdConfig['lake']): LakePrice | null =>
  lake.type === 's3' ? lake.price : null;

async function openShell(
  context: CliContext,
  typed: string | undefined,
  { format, onBadSegment, withLive }: QueryFlags,
): Promise<void> {
  if (typed !== undefined || context.options.json === true) {
    throw new TierdError({
      code: 'USAGE',
      message: `${typed === undefined ? '--json' : 'a query on the command line'} and --interactive contradict each other; nothing was run`,
      hint: 'start `tierd query -i` and type the query there, with its `;`; \\f json prints JSON',
    });
  }
  const { runShell } = await import('../shell/shell.ts');
  const exitCode = await runShell(context, context.loadConfig(), {
    format: shellFormatOf(format),
    onBadSegment,
    withLive: withLive === true,
  });
  context.report({ json: null, text: () => '', exitCode });
}

function shellFormatOf(format: QueryFormat = 'table'): QueryFormat {
  if (!BINARY_FORMATS.includes(format)) return format;
  throw new TierdError({
    code: 'USAGE',
    message: `--format ${format} and --interactive contradict each other; nothing was run`,
    hint: `${format} goes to a file: use --output FILE instead of --interactive`,
  });
}

function formatOf(context: CliContext, { format, output }: QueryFlags): QueryFormat {
  if (format === 'arrow' && output === undefined && context.out.isTerminal) {
    throw new TierdError({
      code: 'USAGE',
      message: 'Arrow is bytes, and standard output is a terminal; nothing was run',
      hint: 'add --output FILE, or pipe it into what reads a stream of Arrow IPC',
    });
  }
  if (context.options.json !== true) return format ?? 'table';
  if (format === undefined || format === 'json') return 'json';
  throw new TierdError({
    code: 'USAGE',
    message: `--json and --format ${format} contradict each other; nothing was run`,
    hint: 'use one of them',
  });
}

function outputOf({ workingDirectory }: CliContext, path: string): FileOutput {
  const file = resolve(workingDirectory, path);
  return { file, part: partPathOf(file, process.pid) };
}
