import type { Command } from 'commander';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import type { CliContext } from './context.ts';
import { reportPlans } from './plan-report.ts';
import { reportRotations } from './rotation-report.ts';
import { selectDatasets } from './select-datasets.ts';

interface RotateFlags {
  readonly dryRun?: true;
  readonly force?: true;
  readonly full?: true;
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
      if (flags.dryRun === true) await dryRun(context, datasets, flags.force === true);
      else await rotate(context, datasets, flags.force === true);
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
  force: boolean,
): Promise<void> {
  const { planRotationOf } = await import('../jobs/rotate.ts');
  const { forEachNamed } = await import('../jobs/rotate-all.ts');
  const { composeLooking } = await import('./rooms.ts');
  const rooms = await composeLooking(context, 'rotate');
  const results = await forEachNamed(datasets, (dataset) => planRotationOf(rooms, dataset));
  context.report(reportPlans(results, force));
}

async function rotate(
  context: CliContext,
  datasets: readonly Dataset[],
  force: boolean,
): Promise<void> {
  const { rotateDataset } = await import('../jobs/rotate.ts');
  const { forEachNamed } = await import('../jobs/rotate-all.ts');
  const { withRooms } = await import('./rooms.ts');
  const { narrate } = await import('./narrate-rotation.ts');
  const narrator = narrate(context);
  try {
    await withRooms(context, 'rotate', narrator.emit, async (rooms) => {
      const results = await forEachNamed(datasets, (dataset) =>
        rotateDataset(rooms, dataset, { force }),
      );
      context.report(reportRotations(results));
    });
  } finally {
    narrator.end();
  }
}
