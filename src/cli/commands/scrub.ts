import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { agree, countOf } from '../../domain/count.ts';
import { EXIT, TierdError } from '../../domain/errors.ts';
import { type ScrubResult, scrubVerdict } from '../../jobs/scrub-result.ts';
import type { CliContext, Report } from '../context.ts';
import { selectDatasets } from '../select-datasets.ts';
import { formatBytes, formatInteger, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';

interface ScrubFlags {
  readonly sample?: number;
  readonly seed?: string;
  readonly bytesOnly?: true;
  readonly independent?: true;
  readonly by?: 'reading' | 'checksum';
}

export function registerScrub(program: Command, context: CliContext): void {
  program
    .command('scrub')
    .description(
      'read the lake again and report what is missing, altered or unknown; changes nothing in it',
    )
    .argument('[dataset]', 'only this one')
    .option(
      '--sample <share>',
      'read this share of the segments, 0 to 1; all are looked for',
      share,
    )
    .option('--seed <text>', 'choose the same sample as a run that printed this seed')
    .option('--bytes-only', 'compare checksums and do not prove the values again')
    .option('--independent', 'prove the values with hyparquet instead of DuckDB')
    .addOption(
      new Option(
        '--by <how>',
        'checksum: ask the bucket for the checksums that it keeps, in place of reading; proves nothing, and is not noted as a scrub',
      )
        .choices(['reading', 'checksum'])
        .default('reading'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd scrub\n  $ tierd scrub market_data --sample 0.1\n  $ tierd scrub --bytes-only --json\n  $ tierd scrub --by checksum',
    )
    .action((dataset: string | undefined, flags: ScrubFlags) => run(context, dataset, flags));
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('a number above 0 and up to 1, such as 0.1');
}

async function run(
  context: CliContext,
  dataset: string | undefined,
  flags: ScrubFlags,
): Promise<void> {
  const { datasets } = context.loadConfig();
  if (dataset !== undefined) selectDatasets(datasets, [dataset]);
  if (flags.by === 'checksum' && flags.independent === true) {
    throw new TierdError({
      code: 'USAGE',
      message: '--independent proves values, and --by checksum reads none; nothing was done.',
      hint: 'leave one of them out',
    });
  }
  const { scrub } = await import('../../jobs/scrub.ts');
  const { withRooms } = await import('../rooms/rooms.ts');
  const seed = flags.seed ?? randomUUID();
  const progress = context.createProgress('bytes');
  try {
    await withRooms(context, 'scrub', async (rooms) => {
      const result = await scrub(rooms, {
        dataset: dataset ?? null,
        sample: flags.sample === undefined ? null : { share: flags.sample, seed },
        prove:
          flags.bytesOnly === true ? null : flags.independent === true ? 'independent' : 'standard',
        byChecksum: flags.by === 'checksum',
        onProgress: (done, total) => {
          progress.update({ label: 'scrub', done, total });
        },
      });
      progress.end();
      context.report(reportScrub(result, flags.sample === undefined ? null : seed));
    });
  } finally {
    progress.end();
  }
}

function reportScrub(result: ScrubResult, seed: string | null): Report {
  const { bytes, strange, unproven, unjudged } = result;
  const verdict = scrubVerdict(result);
  return {
    json: {
      sound: verdict === 'damaged' ? false : verdict === 'not judged' ? null : true,
      seed,
      segments_ok: bytes.ok.length,
      segments_alike: bytes.alike.length,
      segments_untold: bytes.untold.length,
      segments_unread: bytes.unread.length,
      bytes_read: bytes.bytesRead,
      slices_proven: result.provenSlices,
      rows_proven: result.provenRows,
      incomplete: result.incomplete,
      missing: bytes.missing.map(({ key }) => key),
      altered: bytes.altered.map(({ segment, found }) => ({
        key: segment.key,
        expected: { bytes: Number(segment.bytes), sha256: segment.sha256 },
        found,
      })),
      unreadable: bytes.unreadable.map(({ segment, reason }) => ({ key: segment.key, reason })),
      unproven,
      unjudged,
      unknown: [...bytes.unknown, ...strange].map(({ key }) => key),
      left_by_engines: strange.map(({ key, by }) => ({ key, by })),
      leftovers: bytes.leftovers.map(({ key }) => key),
    },
    text: (style) => render(result, seed, style),
    exitCode: verdict === 'sound' ? EXIT.done : EXIT.failed,
  };
}

function render(result: ScrubResult, seed: string | null, { colour }: Style): string {
  const { bytes, strange, unproven, unjudged } = result;
  const bad = (word: string, text: string): string => `${colour.red(word.padEnd(10))}  ${text}`;
  const odd = (word: string, text: string): string => `${colour.yellow(word.padEnd(10))}  ${text}`;
  const lines = [
    ...bytes.missing.map(({ key }) => bad('missing', key)),
    ...bytes.altered.map((altered) => bad('altered', describeAltered(altered))),
    ...unproven.map(({ reason }) => bad('unproven', reason)),
    ...bytes.unreadable.map(({ segment, reason }) =>
      odd('unreadable', `${segment.key}: ${reason}`),
    ),
    ...unjudged.map(({ reason }) => odd('unjudged', reason)),
    ...bytes.unknown.map(({ key }) => odd('unknown', `${key}: not this ledger's, left alone`)),
    ...strange.map(({ key, by }) =>
      odd('left', `${key}: by ${by ?? 'another engine'}; no table has it, and it is left alone`),
    ),
    ...bytes.leftovers.map(({ key }) => odd('leftover', `${key}: the next rotation removes it`)),
  ];
  const unread =
    bytes.unread.length === 0
      ? ''
      : `, ${formatInteger(bytes.unread.length)} not in the sample (seed ${seed ?? ''})`;
  const looked =
    bytes.alike.length === 0
      ? ''
      : `, ${countOf(bytes.alike.length, 'segment')} of the checksum that was published, by the bucket's word`;
  const sum = `${countOf(bytes.ok.length, 'segment')} sound (${formatBytes(bytes.bytesRead)} read, ${formatRows(result.provenRows)} proven)${looked}${unread}`;
  const damage = bytes.missing.length + bytes.altered.length + unproven.length;
  const notJudged = bytes.unreadable.length + unjudged.length;
  const unknown =
    bytes.unknown.length === 0
      ? []
      : [
          `${colour.yellow('unknown')} ${countOf(bytes.unknown.length, 'file')} ${agree(bytes.unknown.length, 'is not in this ledger, so its', 'are not in this ledger, so their')} rows are not found through it; \`tierd lake show\` says whose the lake is`,
        ];
  const left =
    strange.length === 0
      ? []
      : [
          `${colour.yellow('left')} ${countOf(strange.length, 'file')} of commits that other engines tried: remove ${agree(strange.length, 'it', 'them')}, and the right to write the lake from whoever only reads it`,
        ];
  return [
    ...lines,
    ...unknown,
    ...left,
    ...(bytes.untold.length === 0
      ? []
      : [
          `${colour.yellow('untold')} of ${countOf(bytes.untold.length, 'segment')} the bucket keeps no checksum of the whole, as of what was sent in parts: their length is right; \`tierd scrub\` reads them`,
        ]),
    ...(result.incomplete === null
      ? []
      : [
          `${colour.yellow('incomplete')} ${result.incomplete}. Where another copy has what is missing, point \`lake\` at that`,
        ]),
    damage > 0
      ? `${colour.red('damaged')} ${formatInteger(damage)} of the lake's segments ${agree(damage, 'is', 'are')} not what was published; ${sum}. Restore them from a backup of the lake: PostgreSQL no longer has these rows.`
      : notJudged > 0
        ? `${colour.yellow('not judged')} ${formatInteger(notJudged)} could not be read, which says nothing about what they hold; ${sum}. Mend what kept them from being read, then run it again.`
        : `${colour.green('ok')} ${sum}`,
  ].join('\n');
}

function describeAltered({ segment, found }: ScrubResult['bytes']['altered'][number]): string {
  const { key, bytes, sha256 } = segment;
  if (BigInt(found.bytes) !== bytes) {
    return `${key}: ${formatInteger(found.bytes)} bytes, ${formatInteger(bytes)} were published`;
  }
  return `${key}: SHA-256 ${(found.sha256 ?? '').slice(0, 12)}…, ${sha256.slice(0, 12)}… was published`;
}
