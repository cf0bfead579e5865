import { type Command, InvalidArgumentError, Option } from 'commander';
import { TierdError } from '../../domain/errors.ts';
import type { DeadLetterRecord, LetterState } from '../../ledger/dead-letters.ts';
import { wholeNumber } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import {
  letterDocument,
  renderCounts,
  renderLetter,
  renderLetters,
} from '../reports/dead-letter-report.ts';
import { withLedger } from '../rooms/ledger.ts';
import { selectSources } from '../select-sources.ts';

interface ListFlags {
  readonly source?: string;
  readonly reason?: string;
  readonly state: LetterState | 'all';
  readonly limit: number;
}

interface ChoiceFlags {
  readonly source?: string;
  readonly all?: true;
}

export function registerDeadLetters(program: Command, context: CliContext): void {
  const letters = program
    .command('dead-letters')
    .description('entries of Redis that could not become rows, kept with their reason')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd dead-letters list\n  $ tierd dead-letters retry --source trades',
    );

  letters
    .command('list')
    .description('list them, newest first')
    .option('--source <name>', 'only of this source')
    .option('--reason <code>', 'only with this reason, such as not_a_number')
    .addOption(
      new Option('--state <state>', 'waiting, retried, discarded or all')
        .choices(['waiting', 'retried', 'discarded', 'all'])
        .default('waiting'),
    )
    .option('--limit <count>', 'at most so many', wholeNumber({ min: 1, max: 100_000 }), 50)
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd dead-letters list\n  $ tierd dead-letters list --source trades --reason ohlc --json',
    )
    .action((flags: ListFlags) => list(context, flags));

  letters
    .command('show')
    .description('show one with its whole payload')
    .argument('<id>', 'its number, as `list` shows it', letterId)
    .addHelpText('after', '\nExample:\n  $ tierd dead-letters show 42')
    .action((id: string) => show(context, id));

  letters
    .command('retry')
    .description('map and judge them again; those that are right now become rows')
    .argument('[id...]', 'only these', collectIds)
    .option('--source <name>', 'all of this source')
    .option('--all', 'all of every source')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd dead-letters retry 42 43\n  $ tierd dead-letters retry --source trades',
    )
    .action((ids: string[], flags: ChoiceFlags) => retry(context, ids, flags));

  letters
    .command('discard')
    .description('mark them as not wanted; their payload stays in the ledger')
    .argument('[id...]', 'only these', collectIds)
    .option('--source <name>', 'all of this source')
    .option('--all', 'all of every source')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd dead-letters discard 42\n  $ tierd dead-letters discard --source trades --json',
    )
    .action((ids: string[], flags: ChoiceFlags) => discard(context, ids, flags));
}

function letterId(text: string): string {
  if (/^\d{1,18}$/.test(text)) return text;
  throw new InvalidArgumentError('the number of a dead letter, such as 42');
}

function collectIds(text: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), letterId(text)];
}

async function list(context: CliContext, flags: ListFlags): Promise<void> {
  const { countDeadLetters, listDeadLetters } = await import('../../ledger/dead-letters.ts');
  await withLedger(context, 'dead-letters', async (db) => {
    const filter = {
      source: flags.source ?? null,
      state: flags.state === 'all' ? null : flags.state,
      reasonCode: flags.reason ?? null,
      limit: flags.limit,
    };
    const found = await listDeadLetters(db, filter);
    const counts = await countDeadLetters(db);
    context.report({
      json: {
        letters: found.map(letterDocument),
        counts: counts.map(({ source, state, reasonCode, count }) => ({
          source,
          state,
          reason: reasonCode,
          count,
        })),
      },
      text: (style) => renderLetters(found, context.clock.now(), style) + renderCounts(counts),
    });
  });
}

async function show(context: CliContext, id: string): Promise<void> {
  const { readDeadLetter } = await import('../../ledger/dead-letters.ts');
  await withLedger(context, 'dead-letters', async (db) => {
    const letter = await readDeadLetter(db, id);
    if (letter === null) throw noLetter(id);
    context.report({
      json: { ...letterDocument(letter), payload: payloadOf(letter) },
      text: (style) => renderLetter(letter, style),
    });
  });
}

function payloadOf({ payload }: DeadLetterRecord): unknown {
  return JSON.parse(payload.toString('utf8'));
}

async function retry(context: CliContext, ids: string[], flags: ChoiceFlags): Promise<void> {
  assertChosen(ids, flags);
  const { sources } = context.loadConfig().drain;
  const chosen = flags.source === undefined ? sources : selectSources(sources, [flags.source]);
  const { retryLetters } = await import('../../jobs/drain/retry-letters.ts');
  const { forEachNamed } = await import('../../jobs/rotate-all.ts');
  const { composeDrain } = await import('../rooms/drain-rooms.ts');
  const { reportRetries } = await import('../reports/dead-letter-report.ts');
  const rooms = await composeDrain(context, 'dead-letters', () => undefined);
  const wanted = await sourcesOf(context, ids);
  const concerned = chosen.filter(({ name }) => wanted === null || wanted.has(name));
  const results = await forEachNamed(concerned, (source) =>
    retryLetters(rooms, source, ids.length === 0 ? null : ids),
  );
  context.report(reportRetries(results));
}

/** Of which sources the letters are; null for all. Throws USAGE for a number that is no letter's. */
async function sourcesOf(
  context: CliContext,
  ids: readonly string[],
): Promise<ReadonlySet<string> | null> {
  if (ids.length === 0) return null;
  const { readDeadLetter } = await import('../../ledger/dead-letters.ts');
  const found = new Set<string>();
  await withLedger(context, 'dead-letters', async (db) => {
    for (const id of ids) {
      const letter = await readDeadLetter(db, id);
      if (letter === null) throw noLetter(id);
      found.add(letter.source);
    }
  });
  return found;
}

async function discard(context: CliContext, ids: string[], flags: ChoiceFlags): Promise<void> {
  assertChosen(ids, flags);
  const { discardLetters } = await import('../../ledger/dead-letters.ts');
  await withLedger(context, 'dead-letters', async (db) => {
    const discarded = await discardLetters(db, {
      source: flags.source ?? null,
      ids: ids.length === 0 ? null : ids,
    });
    context.report({
      json: { discarded: discarded.map(Number) },
      text: () =>
        `${String(discarded.length)} discarded${discarded.length < ids.length ? '; the others were not waiting' : ''}`,
    });
  });
}

/** Nobody means all by saying nothing. */
function assertChosen(ids: readonly string[], flags: ChoiceFlags): void {
  if (ids.length > 0 || flags.source !== undefined || flags.all === true) return;
  throw new TierdError({
    code: 'USAGE',
    message: 'It was not said which dead letters; nothing was done.',
    hint: 'Name their numbers, or give --source NAME or --all.',
  });
}

function noLetter(id: string): TierdError {
  return new TierdError({
    code: 'USAGE',
    message: `There is no dead letter ${id}; nothing was done.`,
    hint: '`tierd dead-letters list --state all` shows which there are.',
  });
}
