import type { Command } from 'commander';
import { agree, countOf } from '../../domain/count.ts';
import { EXIT } from '../../domain/errors.ts';
import type { CopyLook, CopyResult } from '../../jobs/copy-lake.ts';
import type { CliContext, Report } from '../context.ts';
import { formatBytes } from '../terminal/format.ts';

interface CopyFlags {
  readonly to: string;
  readonly dryRun?: true;
}

export function registerLakeCopy(lake: Command, context: CliContext): void {
  lake
    .command('copy')
    .description('copy the lake to another disk or bucket, while rotations go on')
    .requiredOption(
      '--to <file>',
      'a copy of the configuration file whose `lake` section names the new place',
    )
    .option('-n, --dry-run', 'say what is missing there and change nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd lake copy --to new_config.yaml --dry-run\n  $ tierd lake copy --to new_config.yaml\n  $ tierd lake switch --to new_config.yaml',
    )
    .action((flags: CopyFlags) => copy(context, flags));
}

async function copy(context: CliContext, { to, dryRun }: CopyFlags): Promise<void> {
  const { withLakeMove } = await import('../rooms/copy-target.ts');
  const { copyLake, lookAtCopy } = await import('../../jobs/copy-lake.ts');
  await withLakeMove(context, 'lake-copy', to, async ({ rooms, db, target }) => {
    const { place } = target.store;
    if (dryRun === true) {
      context.report(reportLook(await lookAtCopy(rooms, db, target), place));
      return;
    }
    const progress = context.createProgress('bytes');
    try {
      const result = await copyLake(rooms, db, target, (done, total) => {
        progress.update({ label: 'copy', done, total });
      });
      progress.end();
      context.report(reportCopy(result, place, to));
    } finally {
      progress.end();
    }
  });
}

function reportLook({ target, state }: CopyLook, place: string): Report {
  const { done, due, needless } = state;
  const bytes = due.reduce((sum, segment) => sum + segment.bytes, 0);
  return {
    json: {
      dry_run: true,
      place,
      begun: target.kind === 'begun',
      segments_there: done.length,
      segments_missing: due.length,
      bytes_missing: bytes,
      to_remove: needless,
    },
    text: () =>
      [
        `would copy ${countOf(due.length, 'segment')} (${formatBytes(bytes)}) to ${place}${target.kind === 'empty' ? ', which is empty' : `, where ${countOf(done.length, 'segment')} ${agree(done.length, 'is', 'are')}`}`,
        ...(needless.length === 0
          ? []
          : [
              `would remove ${countOf(needless.length, 'copy', 'copies')} there of what the lake no longer has`,
            ]),
      ].join('\n'),
  };
}

function reportCopy(result: CopyResult, place: string, to: string): Report {
  const { lakeId, copied, copiedBytes, alreadyThere, records, removed, bad } = result;
  return {
    json: {
      dry_run: false,
      place,
      lake_id: lakeId,
      segments_copied: copied,
      bytes_copied: copiedBytes,
      segments_there_already: alreadyThere,
      records_copied: records,
      copies_removed: removed,
      bad,
    },
    text: ({ colour }) =>
      [
        `${colour.green('copied')} ${countOf(copied, 'segment')} (${formatBytes(copiedBytes)}) to ${place}, each read back from there; ${countOf(alreadyThere, 'segment')} ${agree(alreadyThere, 'was', 'were')} there already`,
        ...(removed === 0
          ? []
          : [
              `${colour.green('removed')} ${countOf(removed, 'copy', 'copies')} there of what the lake no longer has`,
            ]),
        ...bad.map(({ reason }) => `${colour.red('bad')} ${reason}`),
        bad.length === 0
          ? `Run it again for what rotations bring meanwhile, then \`tierd lake switch --to ${to}\`.`
          : `${countOf(bad.length, 'segment')} could not be copied, and the lake can't be switched without: \`tierd scrub\` says more of them; put them back from a backup of the lake, then run it again.`,
      ].join('\n'),
    exitCode: bad.length === 0 ? EXIT.done : EXIT.failed,
  };
}
