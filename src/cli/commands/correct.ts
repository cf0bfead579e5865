import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { narrateCorrection } from '../reports/correction-report.ts';
import { selectDataset } from '../select-datasets.ts';
import { reasonOf, usageOf } from '../span-and-reason.ts';

interface CorrectFlags {
  readonly file: string;
  readonly reason: string;
  readonly onlyKnown?: true;
  readonly dryRun?: true;
  readonly force?: true;
}

export function registerCorrect(program: Command, context: CliContext): void {
  program
    .command('correct')
    .description('replace rows of the lake by those of a file that have their keys, proven')
    .argument('<dataset>', 'whose rows')
    .requiredOption(
      '--file <path>',
      'the rows: .csv, .ndjson, .jsonl or .parquet, each column by name',
    )
    .requiredOption('--reason <text>', 'why, for who looks at it in three years')
    .option('--only-known', 'leave out rows whose key the lake has no row of, and count them')
    .option('-n, --dry-run', 'show how many rows of which slices would change, and change nothing')
    .option('-f, --force', 'also a paused dataset')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd correct market_data --file fixed.csv --reason "split of 2024-06-10" --dry-run
  $ tierd correct market_data --file fixed.csv --reason "split of 2024-06-10"
  $ tierd correct market_data --file all.parquet --only-known --reason "prices of the new vendor"`,
    )
    .action((name: string, flags: CorrectFlags) => correct(context, name, flags));
}

async function correct(context: CliContext, name: string, flags: CorrectFlags): Promise<void> {
  const dataset = selectDataset(context.loadConfig().datasets, name);
  const request = {
    file: resolve(context.workingDirectory, flags.file),
    reason: reasonOf(flags.reason, usageOf('correct')),
    onlyKnown: flags.onlyKnown === true,
  };
  const { correctRows, planCorrectionOf } = await import('../../jobs/correct.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { reportCorrection, reportCorrectionPlan } = await import(
    '../reports/correction-report.ts'
  );
  const { withRooms } = await import('../rooms/rooms.ts');
  await withRooms(context, 'correct', async (rooms) => {
    if (flags.dryRun === true) {
      const plans = await forEachNamed([dataset], (one) => planCorrectionOf(rooms, one, request));
      context.report(reportCorrectionPlan(plans));
      return;
    }
    const all = { ...rooms, tell: narrateCorrection(context) };
    const options = { force: flags.force === true };
    const results = await forEachNamed([dataset], (one) => correctRows(all, one, request, options));
    context.report(reportCorrection(results));
  });
}
