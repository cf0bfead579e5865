import { type Command, InvalidArgumentError, Option } from 'commander';
import type { IngestReading, OnConflict } from '../../domain/ingest/reading.ts';
import type { IntegerTimeUnit } from '../../domain/table.ts';
import { isNamedZone } from '../../domain/time/time-zone.ts';
import type { CliContext } from '../context.ts';
import { narrateIngest, reportIngest, reportIngestPlan } from '../reports/ingest-report.ts';
import { selectDataset } from '../select-datasets.ts';
import { usageOf } from '../span-and-reason.ts';

interface IngestFlags {
  readonly dataset: string;
  readonly columns?: readonly string[];
  readonly map: Readonly<Record<string, string>>;
  readonly set: Readonly<Record<string, string>>;
  readonly ignore: readonly string[];
  readonly timeUnit?: IntegerTimeUnit;
  readonly timeZone?: string;
  readonly onConflict: OnConflict;
  readonly dryRun?: true;
  readonly force?: true;
}

export function registerIngest(program: Command, context: CliContext): void {
  program
    .command('ingest')
    .description('bring rows of files in: old ones into the lake, recent ones into PostgreSQL')
    .argument(
      '<path...>',
      'files, folders or patterns: .parquet, .csv, .ndjson, .jsonl (also .gz, .zst)',
    )
    .requiredOption('--dataset <name>', 'into which dataset')
    .option('--columns <names>', "of CSV without a first line of names: 'time,open,…'", nameList)
    .option('--map <file=table>', "a file's column is that of the table, may be repeated", pair, {})
    .option('--set <column=value>', 'all rows have this value, may be repeated', pair, {})
    .option('--ignore <names>', "columns of the files that are left out: 'a,b'", nameList, [])
    .addOption(
      new Option('--time-unit <unit>', 'numbers in the time column count these since 1970').choices(
        ['s', 'ms', 'us', 'ns'],
      ),
    )
    .option('--time-zone <zone>', 'whose local time a text without a zone is (default: UTC)', zone)
    .addOption(
      new Option('--on-conflict <what>', 'with a row whose key another row has with other values')
        .choices(['error', 'skip', 'replace'])
        .default('error'),
    )
    .option('-n, --dry-run', 'show how many rows would go where, and change nothing')
    .option('-f, --force', 'overrule guards that can be overruled; also a paused dataset')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd ingest history/ --dataset market_data --dry-run
  $ tierd ingest 'history/**/*.parquet' --dataset market_data
  $ tierd ingest BTCUSDT-1m.csv --dataset market_data --time-unit ms --set symbol=BTCUSDT \\
      --columns time,open,high,low,close,volume,close_time,trades --ignore close_time,trades
  $ tierd ingest AAPL.csv --dataset market_data --map Date=time --map Close=close --set symbol=AAPL \\
      --ignore Open,High,Low,Volume --time-zone America/New_York --on-conflict skip`,
    )
    .action((paths: string[], flags: IngestFlags) => ingest(context, paths, flags));
}

function nameList(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim());
}

function pair(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError("two names with = between them, such as 'Date=time'");
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
}

function zone(text: string): string {
  if (isNamedZone(text)) return text;
  throw new InvalidArgumentError('a time zone such as UTC, Europe/Berlin or America/New_York');
}

async function ingest(
  context: CliContext,
  paths: readonly string[],
  flags: IngestFlags,
): Promise<void> {
  const dataset = selectDataset(context.loadConfig().datasets, flags.dataset);
  const { findFiles } = await import('../../jobs/ingestion/find-files.ts');
  const { files, others } = await findFiles(paths, context.workingDirectory);
  const reading = readingOf(flags);
  if (reading.columns !== null && files.some(({ kind }) => kind.format !== 'csv')) {
    throw usageOf('ingest')('--columns is for CSV files, and there are others among these');
  }
  const request = { files, reading, onConflict: flags.onConflict, force: flags.force === true };
  const { ingestFiles, planIngestOf } = await import('../../jobs/ingest.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { withRooms } = await import('../rooms/rooms.ts');
  await withRooms(context, 'ingest', async (rooms) => {
    const all = { ...rooms, tell: narrateIngest(context) };
    if (flags.dryRun === true) {
      const plans = await forEachNamed([dataset], (one) => planIngestOf(all, one, request));
      context.report(reportIngestPlan(plans, others, request.force));
      return;
    }
    const results = await forEachNamed([dataset], (one) => ingestFiles(all, one, request));
    context.report(reportIngest(results, others));
  });
}

function readingOf({ columns, map, set, ignore, timeUnit, timeZone }: IngestFlags): IngestReading {
  return {
    columns: columns ?? null,
    map,
    set,
    ignore,
    timeUnit: timeUnit ?? null,
    timeZone: timeZone ?? null,
  };
}
