import { Argument, type Command } from 'commander';
import type pg from 'pg';
import { agree, countOf } from '../../domain/count.ts';
import { describeOwner } from '../../domain/lake/lake-owner.ts';
import type { CopyStanding, ToldCopy } from '../../jobs/lake-copy/copies-told.ts';
import type { TakeOver } from '../../jobs/lake-owner.ts';
import type { LakeStanding } from '../../jobs/rotation/own-lake.ts';
import type { LedgerRooms } from '../../jobs/rotation/rooms.ts';
import type { FarTotals } from '../../ledger/tiers.ts';
import type { CliContext, Report } from '../context.ts';
import { confirm } from '../terminal/confirm.ts';
import { formatBytes } from '../terminal/format.ts';
import { registerLakeCopy } from './lake-copy.ts';
import { registerLakeDescribe } from './lake-describe.ts';
import { registerLakeRename } from './lake-rename.ts';
import { registerLakeSwitch } from './lake-switch.ts';

interface HandoverFlags {
  readonly yes?: true;
  readonly dryRun?: true;
}

export function registerLake(program: Command, context: CliContext): void {
  const lake = program
    .command('lake')
    .description('whose the lake is, where it lies, and how other engines read it')
    .addHelpText('after', '\nExamples:\n  $ tierd lake show\n  $ tierd lake take-over');

  lake
    .command('show')
    .description('the owner that the lake names, and whether it is this ledger')
    .addHelpText('after', '\nExamples:\n  $ tierd lake show\n  $ tierd lake show --json')
    .action(() => show(context));

  lake
    .command('take-over')
    .description('make this ledger the owner of the lake; the old owner is refused from then on')
    .option('-n, --dry-run', 'say what would happen and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  $ tierd lake take-over\n  $ tierd lake take-over --yes')
    .action((flags: HandoverFlags) => takeOver(context, flags));

  lake
    .command('separate')
    .description('give a copied ledger a lake of its own, at the configured, empty place')
    .option('-n, --dry-run', 'say what would happen and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  $ tierd lake separate\n  $ tierd lake separate --yes')
    .action((flags: HandoverFlags) => separate(context, flags));

  registerLakeDescribe(lake, context);
  registerLakeRename(lake, context);
  registerLakeCopy(lake, context);
  registerLakeSwitch(lake, context);

  lake
    .command('promotions')
    .description('whether a promoted server goes on with the lake: without being asked, or never')
    .addArgument(new Argument('<what>', 'what a promoted server does').choices(['follow', 'ask']))
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd lake promotions follow\n  $ tierd lake promotions ask',
    )
    .action((what: 'follow' | 'ask') => promotions(context, what === 'follow'));
}

async function withLake<Result>(
  context: CliContext,
  work: (rooms: LedgerRooms, db: pg.Client) => Promise<Result>,
): Promise<Result> {
  const { composeByHand } = await import('../rooms/rooms.ts');
  const { disconnect } = await import('../../hot/server/connect.ts');
  const rooms = await composeByHand(context, 'lake');
  const db = await rooms.connect('work');
  try {
    return await work(rooms, db);
  } finally {
    await disconnect(db);
  }
}

async function show(context: CliContext): Promise<void> {
  const { lookWhose } = await import('../../jobs/lake-owner.ts');
  const { farTotals } = await import('../../ledger/tiers.ts');
  const { lookAtCopies, tellCopies } = await import('../../jobs/lake-copy/copies-told.ts');
  await withLake(context, async (rooms, db) => {
    const standing = await lookWhose(rooms, db);
    const { tiers, place } = rooms.store;
    const far = { place: tiers?.far.place ?? null, totals: await farTotals(db) };
    const copying = await lookAtCopies(rooms.store, db);
    const told = tellCopies(copying, standing.remembered?.lakeId ?? null);
    context.report(reportStanding(standing, place, far, { ...copying, told }));
  });
}

async function takeOver(context: CliContext, flags: HandoverFlags): Promise<void> {
  const { countStrangeFiles, lookWhose, takeOverLake } = await import('../../jobs/lake-owner.ts');
  await withLake(context, async (rooms, db) => {
    const standing = await lookWhose(rooms, db);
    const strange = await countStrangeFiles(rooms.store, db);
    const statement = takeOverStatement(standing, rooms.store.place, strange);
    if (flags.dryRun === true) {
      context.report({ json: { dry_run: true, statement }, text: () => statement });
    } else if (await isConfirmed(context, statement, flags)) {
      context.report(reportTakeOver(await takeOverLake(rooms, db), rooms.store.place, strange));
    }
  });
}

async function separate(context: CliContext, flags: HandoverFlags): Promise<void> {
  const { assertEmpty, separateLake } = await import('../../jobs/lake-owner.ts');
  await withLake(context, async (rooms, db) => {
    const { place } = rooms.store;
    await assertEmpty(rooms.store);
    const statement = `This makes the ledger a new one whose lake is ${place}. It forgets every segment that it knows: their rows stay in the lake of the original, and this ledger no longer finds them.`;
    if (flags.dryRun === true) {
      context.report({ json: { dry_run: true, statement }, text: () => statement });
    } else if (await isConfirmed(context, statement, flags)) {
      const forgotten = await separateLake(rooms, db);
      context.report({
        json: { separated: true, place, forgotten_segments: forgotten },
        text: ({ colour }) =>
          `${colour.green('separated')} a ledger of its own, with ${place} as its lake; ${countOf(forgotten, 'segment')} of the original ${agree(forgotten, 'is', 'are')} forgotten here and untouched there`,
      });
    }
  });
}

async function promotions(context: CliContext, follows: boolean): Promise<void> {
  const { followPromotionsOf } = await import('../../jobs/lake-owner.ts');
  await withLake(context, async (rooms, db) => {
    await followPromotionsOf(rooms, db, follows);
    context.report({
      json: { promotions: follows ? 'follow' : 'ask' },
      text: () =>
        follows
          ? 'A server that is promoted goes on with the lake. Never let a tierd run on a physical copy of it meanwhile.'
          : 'A server that is promoted is refused until `tierd lake take-over` or `separate`.',
    });
  });
}

function isConfirmed(
  context: CliContext,
  statement: string,
  { yes }: HandoverFlags,
): Promise<boolean> {
  return confirm({
    statement,
    yes: yes === true,
    stdin: context.stdin,
    stderr: context.stderr,
    signal: context.signal,
  });
}

function takeOverStatement(
  { owner, ownership }: LakeStanding,
  place: string,
  strange: number,
): string {
  if (ownership.kind === 'owned') return `The lake ${place} is this ledger's already.`;
  if (ownership.kind === 'lacking') {
    return `This makes ${place} the lake that this ledger goes on with, although ${ownership.reason}. Rows of what it lacks are found nowhere until that is put back, and other copies of the lake are refused from then on.`;
  }
  const from = owner === null ? 'nobody that it names' : describeOwner(owner);
  return [
    `This makes this ledger the owner of the lake ${place}, which belongs to ${from}. The old owner is refused from then on.`,
    strange === 0 ? 'Every file in it is one that this ledger knows.' : describeStrange(strange),
  ].join('\n');
}

function describeStrange(files: number): string {
  return `${countOf(files, 'file')} in it ${agree(files, 'is', 'are')} not known to this ledger: left alone, and the rows there are not found through it. \`tierd adopt\` takes them up.`;
}

interface FarPart {
  /** As configured. */
  readonly place: string | null;
  readonly totals: readonly FarTotals[];
}

function farLines({ place, totals }: FarPart): readonly string[] {
  if (place === null) return [];
  const segments = totals.reduce((sum, one) => sum + one.segments, 0);
  const bytes = totals.reduce((sum, one) => sum + one.bytes, 0);
  return [`far     ${place}: ${countOf(segments, 'segment')} (${formatBytes(bytes)})`];
}

function reportStanding(
  standing: LakeStanding,
  place: string,
  far: FarPart,
  copying: CopyStanding & { readonly told: readonly ToldCopy[] },
): Report {
  const { marker, owner, remembered, ownership } = standing;
  return {
    json: {
      place,
      lake_id: marker?.lakeId ?? null,
      owned: ownership.kind === 'owned',
      reason: 'reason' in ownership ? ownership.reason : null,
      last_used_at: remembered?.usedAt ?? null,
      far:
        far.place === null && far.totals.length === 0
          ? null
          : { place: far.place, claimed: remembered?.farPlace ?? null, datasets: far.totals },
      owner:
        owner === null
          ? null
          : {
              ledger_id: owner.ledgerId,
              epoch: owner.epoch,
              system_identifier: owner.systemIdentifier,
              database_oid: owner.databaseOid,
              database: owner.database,
              since: owner.since,
            },
      ledger: {
        ledger_id: remembered?.ledgerId ?? null,
        epoch: remembered?.epoch ?? null,
        system_identifier: standing.place.systemIdentifier,
        database_oid: standing.place.databaseOid,
        database: standing.place.database,
      },
      copying_now: copying.holder,
      copies: copying.copies.map(({ lakeId, segments, ofSegments, lastAt }) => ({
        lake_id: lakeId,
        segments_proven: segments,
        of_segments: ofSegments,
        last_at: lastAt,
      })),
      is_copy_of: copying.note?.of ?? null,
    },
    text: ({ colour }) => {
      const lines = [
        `lake    ${place}${marker === null ? ', not marked yet' : ` (${marker.lakeId})`}`,
        ...lastPlaceLines(remembered, place),
        ...farLines(far),
        `owner   ${owner === null ? 'none yet' : describeOwner(owner)}`,
        `ledger  database ${standing.place.database} (oid ${standing.place.databaseOid}) of the server ${standing.place.systemIdentifier}`,
        ...copying.told.flatMap(({ found, next }) => [`copy    ${found}`, `        ${next}`]),
      ];
      if (ownership.kind === 'owned')
        return [...lines, colour.green('it is this ledger’s')].join('\n');
      if (ownership.kind === 'unclaimed') {
        return [...lines, 'nobody’s so far: the first rotation makes it this ledger’s'].join('\n');
      }
      if (ownership.kind === 'lacking') {
        return [...lines, colour.red(`this ledger’s, and not whole: ${ownership.reason}`)].join(
          '\n',
        );
      }
      return [...lines, colour.red(`not this ledger’s: ${ownership.reason}`)].join('\n');
    },
  };
}

/** Where the lake was before it came to this place. */
function lastPlaceLines(remembered: LakeStanding['remembered'], place: string): readonly string[] {
  const usedAt = remembered?.usedAt ?? null;
  return usedAt === null || usedAt === place ? [] : [`        last used at ${usedAt}`];
}

function reportTakeOver(
  { before, epoch, givenUp }: TakeOver,
  place: string,
  strange: number,
): Report {
  return {
    json: {
      ...{ place, epoch, given_up: givenUp, previous_owner: before?.database ?? null },
      unknown_files: strange,
    },
    text: ({ colour }) =>
      [
        `${colour.green('taken over')} ${place} is this ledger's, at epoch ${String(epoch)}`,
        ...givenUp.map(
          (key) =>
            `${colour.yellow('given up')}  ${key}: an unfinished move named it, and the old owner may have made it live; it is left alone`,
        ),
        ...(strange === 0 ? [] : [`${colour.yellow('unknown')}   ${describeStrange(strange)}`]),
      ].join('\n'),
  };
}
