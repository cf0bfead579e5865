import { type Command, Option } from 'commander';
import type { DrainSource } from '../../domain/drain/source.ts';
import { TierdError } from '../../domain/errors.ts';
import type { DrainRooms } from '../../jobs/drain/rooms.ts';
import type { CliContext } from '../context.ts';
import { type PausedManner, pausedManner } from '../paused-manner.ts';
import { reportDrains, reportPreviews } from '../reports/drain-report.ts';
import { keepAll, separatePaused } from '../reports/left-out.ts';
import { selectSources } from '../select-sources.ts';

interface DrainFlags {
  readonly dryRun?: true;
  readonly follow?: true;
  readonly force?: true;
}

/** Of each source, for `--dry-run`. */
const SAMPLE_SIZE = 5;

export function registerDrain(program: Command, context: CliContext): void {
  program
    .command('drain')
    .description('move what waits in Redis into PostgreSQL, each entry once')
    .argument('[source...]', 'only these; all that are enabled when none is named')
    .addOption(
      new Option('-n, --dry-run', 'show what waits, and change nothing in either store').conflicts(
        'follow',
      ),
    )
    .option('-f, --force', 'drain the sources that are named even if their dataset is paused')
    .option('--follow', 'go on: look again every drain.interval until interrupted')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd drain --dry-run
  $ tierd drain trades signals_by_type
  $ tierd drain --follow
  $ tierd drain --json`,
    )
    .action(async (names: string[], flags: DrainFlags) => {
      const sources = chooseSources(context, names);
      if (flags.dryRun === true) await preview(context, sources);
      else if (flags.follow === true) await follow(context, sources, pausedManner(names, flags));
      else await drain(context, sources, pausedManner(names, flags));
    });
}

function chooseSources(context: CliContext, names: readonly string[]): readonly DrainSource[] {
  const { sources } = context.loadConfig().drain;
  if (names.length > 0) return selectSources(sources, names);
  const enabled = sources.filter((source) => source.enabled);
  if (enabled.length > 0) return enabled;
  throw new TierdError({
    code: 'USAGE',
    message: 'no source of the drain is configured and enabled; nothing was done',
    hint: 'add one under drain.sources in the configuration: docs/configuration.md, config/unified_config.yaml',
  });
}

async function preview(context: CliContext, sources: readonly DrainSource[]): Promise<void> {
  const { previewSource } = await import('../../jobs/drain/preview.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { composeDrain } = await import('../rooms/drain-rooms.ts');
  const rooms = await composeDrain(context, 'drain', () => undefined);
  const results = await forEachNamed(sources, (source) =>
    previewSource(rooms, source, SAMPLE_SIZE),
  );
  context.report(reportPreviews(results));
}

async function drain(
  context: CliContext,
  sources: readonly DrainSource[],
  paused: PausedManner,
): Promise<void> {
  const { drainSource } = await import('../../jobs/drain.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  await warnOfHazards(context);
  await narrated(context, async (rooms) => {
    const all = await forEachNamed(sources, (source) =>
      drainSource(rooms, source, { followEveryMs: null, evenIfPaused: paused === 'taken' }),
    );
    const { results, leftOut } = (paused === 'left out' ? separatePaused : keepAll)(all);
    context.report(reportDrains(results, leftOut));
  });
}

/** All at once, for each of them goes on for ever. */
async function follow(
  context: CliContext,
  sources: readonly DrainSource[],
  paused: PausedManner,
): Promise<void> {
  const { followSource } = await import('../../jobs/drain.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { intervalMs } = context.loadConfig().drain;
  await warnOfHazards(context);
  await narrated(context, async (rooms) => {
    const results = await Promise.all(
      sources.map((source) =>
        forEachNamed([source], (one) =>
          followSource(rooms, one, intervalMs, { evenIfPaused: paused === 'taken' }),
        ),
      ),
    );
    context.report(reportDrains(results.flat()));
  });
}

/** What of the live store's settings can take entries away before they are drained, told once. */
async function warnOfHazards(context: CliContext): Promise<void> {
  const { examineLive } = await import('../../jobs/live-checks.ts');
  const { composeLiveChecks } = await import('../rooms/live-rooms.ts');
  const { logger } = context;
  const rooms = await composeLiveChecks(context);
  if (rooms === null) return;
  try {
    const { checks } = await examineLive(rooms);
    for (const { name, status, found, advice } of checks) {
      if (status !== 'ok') logger.warn({ check: name, advice }, `${name}: ${found}`);
    }
  } catch (error) {
    // A store that can't be asked is told of by the drain itself, which tries again.
    logger.debug({ err: error }, 'the live store could not be looked at');
  }
}

async function narrated(
  context: CliContext,
  work: (rooms: DrainRooms) => Promise<void>,
): Promise<void> {
  const { composeDrain } = await import('../rooms/drain-rooms.ts');
  const { narrateDrain } = await import('../reports/narrate-drain.ts');
  const narrator = narrateDrain(context);
  try {
    await work(await composeDrain(context, 'drain', narrator.emit));
  } finally {
    narrator.end();
  }
}
