import { type Command, Option } from 'commander';
import { countOf } from '../../domain/count.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { describeOwner } from '../../domain/lake/lake-owner.ts';
import type { Preference } from '../../domain/plan/adoption.ts';
import type { AdoptionPlan } from '../../jobs/adopt.ts';
import type { CliContext } from '../context.ts';
import { reportAdoption } from '../reports/adoption-report.ts';
import { selectDatasets } from '../select-datasets.ts';
import { confirm } from '../terminal/confirm.ts';

interface AdoptFlags {
  readonly dryRun?: true;
  readonly prefer?: Preference;
  readonly verify?: true;
  readonly yes?: true;
}

export function registerAdopt(program: Command, context: CliContext): void {
  program
    .command('adopt')
    .description(
      'take up what the lake has and this ledger does not know, as after a lost database',
    )
    .argument('[dataset...]', 'only these; all that are configured when none is named')
    .option('-n, --dry-run', 'say what would be taken up, and change nothing')
    .addOption(
      new Option(
        '--prefer <side>',
        'which side counts where rows are hot and in a segment that is not known',
      ).choices(['cold', 'hot']),
    )
    .option('--verify', 'read and prove every value, and not the footers alone')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
Examples:
  $ tierd adopt --dry-run
  $ tierd adopt --yes
  $ tierd adopt market_data --verify
  $ tierd adopt --prefer cold`,
    )
    .action(async (names: string[], flags: AdoptFlags) => {
      const { datasets } = context.loadConfig();
      await adopt(context, names.length === 0 ? datasets : selectDatasets(datasets, names), flags);
    });
}

async function adopt(
  context: CliContext,
  datasets: readonly Dataset[],
  { dryRun, prefer, verify, yes }: AdoptFlags,
): Promise<void> {
  const { adopting, isRefused, isToDo } = await import('../../jobs/adopt.ts');
  const { withRooms } = await import('../rooms/rooms.ts');
  const request = {
    prefer: prefer ?? null,
    verify: verify === true,
    configured: context.loadConfig().datasets.map(({ name }) => name),
  };
  const progress = context.createProgress('rows');
  try {
    await withRooms(context, 'adopt', (rooms) => {
      const all = {
        ...rooms,
        onProgress: (done: number, total: number) => {
          progress.update({ label: 'segments', done, total });
        },
      };
      return adopting(all, datasets, request, async (plan, carryOut) => {
        progress.end();
        const isHeld = isRefused(plan, request);
        const isWanted =
          dryRun !== true &&
          !isHeld &&
          (!isToDo(plan) || (await isConfirmed(context, plan, rooms.store.place, yes === true)));
        if (isWanted && isToDo(plan)) await carryOut();
        const state = isWanted ? 'done' : isHeld ? 'refused' : 'planned';
        context.report(reportAdoption(plan, { state, ...request }));
      });
    });
  } finally {
    progress.end();
  }
}

function isConfirmed(
  context: CliContext,
  { standing, datasets }: AdoptionPlan,
  place: string,
  yes: boolean,
): Promise<boolean> {
  const segments = datasets.reduce((sum, { taken }) => sum + taken.segments, 0);
  const owner = standing.owner === null ? 'nobody that it names' : describeOwner(standing.owner);
  const taking = `This takes up ${countOf(segments, 'segment')} of ${countOf(datasets.length, 'dataset')} of the lake ${place} into this ledger.`;
  const statement =
    standing.ownership.kind === 'owned'
      ? taking
      : `${taking} It makes this ledger the owner of the lake, which belongs to ${owner}: the old owner is refused from then on.`;
  return confirm({
    statement,
    yes,
    stdin: context.stdin,
    stderr: context.stderr,
    signal: context.signal,
  });
}
