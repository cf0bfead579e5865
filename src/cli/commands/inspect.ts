import { type Command, InvalidArgumentError } from 'commander';
import { SECTIONS, type Section } from '../../domain/inspect/finding.ts';
import { suggest } from '../../domain/suggest.ts';
import { wholeNumber } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { reportInspection } from '../reports/inspect-report.ts';
import { selectDataset } from '../select-datasets.ts';

interface InspectFlags {
  readonly dataset?: string;
  readonly timeout: number;
}

/** Of thousands of chunks each question was answered within one. */
const TIMEOUT_SECONDS = 10;

export function registerInspect(program: Command, context: CliContext): void {
  program
    .command('inspect')
    .description(
      'look at PostgreSQL as its operator would: a verdict and a next step for each finding',
    )
    .argument('[section...]', `only these: ${SECTIONS.join(', ')}`, section)
    .option('-d, --dataset <name>', 'of tables, only this dataset’s')
    .option(
      '--timeout <seconds>',
      'how long each question may take',
      wholeNumber({ min: 1, max: 3_600 }),
      TIMEOUT_SECONDS,
    )
    .addHelpText(
      'after',
      `
Reads only. A section that is named is told in full. Exit code 1 where something is to \`act\` on.

Examples:
  $ tierd inspect
  $ tierd inspect locks transactions
  $ tierd inspect --dataset market_data indexes bloat sizes
  $ tierd inspect --json`,
    )
    .action(async (sections: readonly Section[] | undefined, flags: InspectFlags) => {
      const { datasets } = context.loadConfig();
      const only = flags.dataset === undefined ? null : [selectDataset(datasets, flags.dataset)];
      const { inspect } = await import('../../jobs/inspect.ts');
      const { withDirectConnection } = await import('../rooms/hot-connection.ts');
      const named = sections ?? [];
      const options = {
        sections: named.length === 0 ? SECTIONS : SECTIONS.filter((one) => named.includes(one)),
        only,
        timeoutMs: flags.timeout * 1_000,
      };
      const inspection = await withDirectConnection(context, 'inspect', (db) =>
        inspect(db, datasets, options),
      );
      context.report(reportInspection(inspection, named.length > 0));
    });
}

/** commander hands the sections before it; without any its default, which is none. */
function section(text: string, before: readonly Section[] | undefined): readonly Section[] {
  const found = SECTIONS.find((one) => one === text);
  if (found !== undefined) return [...(before ?? []), found];
  const near = suggest(text, SECTIONS);
  throw new InvalidArgumentError(
    near === undefined ? `one of ${SECTIONS.join(', ')}` : `a section; did you mean ${near}?`,
  );
}
