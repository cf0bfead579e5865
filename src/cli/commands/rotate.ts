import type { Command } from 'commander';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import type { CliContext } from '../context.ts';
import { type PausedManner, pausedManner } from '../paused-manner.ts';
import { keepAll, separatePaused } from '../reports/left-out.ts';
import { reportPlans } from '../reports/plan-report.ts';
import { reportRotations } from '../reports/rotation-report.ts';
import { selectDatasets } from '../select-datasets.ts';

interface RotateFlags {
  readonly dryRun?: true;
  readonly force?: true;
  readonly full?: true;
  readonly skipPaused?: true;
}

interface Manner {
  readonly force: boolean;
  readonly paused: PausedManner;
}

export function registerRotate(program: Command, context: CliContext): void {
  program
    .command('rotate')
    .description(
      'move rows that have aged from PostgreSQL to the lake, proven before they are deleted',
    )
    .argument('[dataset...]', 'only these; all with auto_rotation when none is named')
    .option('-n, --dry-run', 'show the plan and change nothing')
    .option('-f, --force', 'rotate even if disabled, and overrule the guards that can be overruled')
    .option('--full', 'all datasets, also those without auto_rotation')
    .option('--skip-paused', 'leave out what is paused, also of the datasets that are named')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd rotate --dry-run
  $ tierd rotate market_data
  $ tierd rotate --full --json`,
    )
    .action(async (names: string[], flags: RotateFlags) => {
      const datasets = chooseDatasets(context, names, flags);
      const manner = { force: flags.force === true, paused: pausedManner(names, flags) };
      if (flags.dryRun === true) await dryRun(context, datasets, manner);
      else await rotate(context, datasets, manner);
    });
}

/** `auto_rotation.enabled: false` switches off what nobody asked for by name, unless forced. */
function chooseDatasets(
  context: CliContext,
  names: readonly string[],
  flags: RotateFlags,
): readonly Dataset[] {
  const { datasets, lifecycle } = context.loadConfig();
  if (names.length > 0) return selectDatasets(datasets, names);
  if (!lifecycle.autoRotation.enabled && flags.force !== true) {
    throw new TierdError({
      code: 'REFUSED',
      message: 'storage.lifecycle.auto_rotation.enabled is false; nothing was rotated',
      hint: 'name the datasets to rotate, or use --force',
    });
  }
  return flags.full === true ? datasets : datasets.filter((dataset) => dataset.autoRotation);
}

async function dryRun(
  context: CliContext,
  datasets: readonly Dataset[],
  { force, paused }: Manner,
): Promise<void> {
  const { planRotationOf } = await import('../../jobs/rotate.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { withLookingEngine } = await import('../rooms/rooms.ts');
  const all = await withLookingEngine(context, 'rotate', (rooms) =>
    forEachNamed(datasets, (dataset) =>
      planRotationOf(rooms, dataset, { leaveOutPaused: paused === 'left out' }),
    ),
  );
  const { results, leftOut } = separatePaused(all);
  context.report(reportPlans(results, force, leftOut));
}

async function rotate(
  context: CliContext,
  datasets: readonly Dataset[],
  { force, paused }: Manner,
): Promise<void> {
  const { rotateDataset } = await import('../../jobs/rotate.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { withRooms } = await import('../rooms/rooms.ts');
  const { narrate } = await import('../reports/narrate-rotation.ts');
  const narrator = narrate(context);
  try {
    await withRooms(context, 'rotate', async (own) => {
      const rooms = { ...own, emit: narrator.emit };
      const all = await forEachNamed(datasets, (dataset) =>
        rotateDataset(rooms, dataset, { force, evenIfPaused: paused === 'taken' }).finally(() => {
          narrator.over(dataset.name);
        }),
      );
      const { results, leftOut } = (paused === 'left out' ? separatePaused : keepAll)(all);
      // A bar that ticks on would be drawn under the result.
      narrator.end();
      context.report(reportRotations(results, leftOut));
    });
  } finally {
    narrator.end();
  }
}
