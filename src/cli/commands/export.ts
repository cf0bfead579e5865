import { extname, relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DURATION_EXPECTED, parseDuration } from '../../config/units.ts';
import {
  CALENDAR_UNITS,
  type CalendarUnit,
  type ExportFormat,
} from '../../domain/ask/structured-ask.ts';
import { countOf } from '../../domain/count.ts';
import { type TableTime, tableTime } from '../arguments.ts';
import type { CliContext, Report } from '../context.ts';
import type { WrittenFile } from '../rooms/export-dataset.ts';
import { selectDataset } from '../select-datasets.ts';
import { spanOf, usageOf } from '../span-and-reason.ts';
import { formatBytes } from '../terminal/format.ts';

interface ExportFlags {
  readonly from?: TableTime;
  readonly to?: TableTime;
  readonly columns?: readonly string[];
  readonly format?: ExportFormat;
  readonly output: string;
  readonly partitionBy?: readonly string[];
  readonly maxHold?: number;
}

const FORMAT_OF: Readonly<Record<string, ExportFormat>> = {
  '.parquet': 'parquet',
  '.csv': 'csv',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.arrows': 'arrow',
  '.arrow': 'arrow',
};

export function registerExport(program: Command, context: CliContext): void {
  program
    .command('export')
    .description('write the rows of a dataset, hot and cold as one, into files for others')
    .argument('<dataset>')
    .requiredOption('-o, --output <path>', 'the file; with --partition-by an empty or new folder')
    .option('--from <time>', 'rows from here on, UTC unless it says otherwise', tableTime)
    .option('--to <time>', 'rows before this', tableTime)
    .option('--columns <list>', 'only these columns, separated by commas', list)
    .addOption(
      new Option('-F, --format <format>', 'by the name of the file where it is not given').choices([
        ...new Set(Object.values(FORMAT_OF)),
      ]),
    )
    .option(
      '--partition-by <list>',
      'a file for each year, month or day, for each value of a column, or both: month,symbol',
      list,
    )
    .option(
      '--max-hold <duration>',
      'how long their one snapshot may be held; query.max_hold when left out',
      holdTime,
    )
    .addHelpText(
      'after',
      `
Rows are sorted as the dataset's sort_by says. Nothing is moved or deleted. A file or folder is there whole or not at all.

Examples:
  $ tierd export market_data --output market_data.parquet
  $ tierd export market_data --from 2024-01-01 --to 2025-01-01 --columns timestamp,close -o closes.csv
  $ tierd export market_data --partition-by month --output market_data/
  $ tierd export market_data --partition-by year,symbol --format csv --max-hold 20min --output by_symbol/`,
    )
    .action((dataset: string, flags: ExportFlags) => runExport(context, dataset, flags));
}

async function runExport(context: CliContext, name: string, flags: ExportFlags): Promise<void> {
  const config = context.loadConfig();
  const dataset = selectDataset(config.datasets, name);
  const usage = usageOf('export');
  spanOf(dataset, flags, usage);
  const partitioning = partitioningOf(flags);
  if (flags.maxHold !== undefined && partitioning === null) {
    throw usage('--max-hold is about the files of --partition-by, and one file needs none');
  }
  const format =
    flags.format ?? FORMAT_OF[extname(flags.output).toLowerCase()] ?? (partitioning && 'parquet');
  if (format === null) {
    throw usage(
      `the name ${flags.output} tells no format: name it .parquet, .csv, .ndjson or .arrows, or give --format`,
    );
  }
  const asked = {
    ...{ dataset, format, columns: flags.columns ?? null },
    ...{ from: flags.from?.text ?? null, to: flags.to?.text ?? null },
    output: resolve(context.workingDirectory, flags.output),
  };
  const rooms = await import('../rooms/export-dataset.ts');
  if (partitioning === null) {
    const { tellOf } = await import('../reports/query-told.ts');
    const { file, summary } = await rooms.exportFile(context, config, asked);
    tellOf(context, summary, true);
    context.report(reportExport(context, [file], asked.output));
    return;
  }
  const progress = context.createProgress('rows');
  try {
    const maxHoldMs = flags.maxHold ?? config.query.maxHoldMs;
    const files = await rooms.exportFolder(
      ...([context, config, asked, { ...partitioning, maxHoldMs }] as const),
      (folder, done, total) => progress.update({ label: `${name} ${folder}`, done, total }),
    );
    progress.end();
    context.report(reportExport(context, files, asked.output));
  } finally {
    progress.end();
  }
}

interface NamedParts {
  readonly unit: CalendarUnit | null;
  readonly by: readonly string[];
}

function partitioningOf({ partitionBy }: ExportFlags): NamedParts | null {
  if (partitionBy === undefined) return null;
  const units = CALENDAR_UNITS.filter((unit) => partitionBy.includes(unit));
  // A day has its month and its year in it.
  const unit = units.at(-1) ?? null;
  const by = partitionBy.filter((name) => !CALENDAR_UNITS.some((one) => one === name));
  return { unit, by: [...new Set(by)] };
}

function reportExport(
  { workingDirectory }: CliContext,
  files: readonly WrittenFile[],
  output: string,
): Report {
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const shown = relative(workingDirectory, output);
  const place = shown === '' || shown.startsWith('..') ? output : shown;
  return {
    json: { output, rows, bytes, files },
    text: () =>
      files.length === 0
        ? 'there are no rows to export; nothing was written'
        : `${countOf(rows, 'row')} (${formatBytes(bytes)}) written to ${place}${files.length === 1 ? '' : `, in ${countOf(files.length, 'file')}`}`,
  };
}

function list(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('names separated by commas');
}

function holdTime(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError(DURATION_EXPECTED);
  }
}
