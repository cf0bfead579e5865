/**
 * `npm run bench -- care`: rows brought back beside COPY FROM, small segments made large beside a rotation of as
 * many rows, and a lake of very many segments taken up by a new ledger. In every round all take their turn.
 */
import { round, type Spread, spreadOf } from '../figures.ts';
import { MANY, makeManySegments } from './many-segments.ts';
import { closeMonth, type MonthRound, type MonthSize, measureMonth, openMonth } from './month.ts';
import { type CareScene, forgetLedger, openCareScene, tierd } from './scene.ts';

export interface CareOptions extends MonthSize {
  readonly rounds: number;
  /** Of the lakes that are adopted, smallest first. */
  readonly adopted: readonly number[];
  readonly say: (text: string) => void;
}

export interface CareReport {
  readonly bench: 'care';
  readonly rows: number;
  readonly small_segments: number;
  readonly segments_after: number;
  /** Medians of the ratios of each round; their spread is in `ratios`. */
  readonly compaction_gain: number;
  readonly compaction_cost: number;
  readonly restore_ratio: number;
  /** Of the largest lake. */
  readonly adopt_s_per_10k: number;
  readonly adopt_peak_rss_mb: Readonly<Record<string, number>>;
  readonly adopt_s: Readonly<Record<string, number>>;
  readonly ratios: Readonly<Record<string, Spread>>;
  readonly rows_per_second: Readonly<Record<string, Spread>>;
  readonly cpu_seconds_per_million: Readonly<Record<string, Spread>>;
  readonly month_ms: Readonly<Record<string, Spread>>;
}

interface Adopted {
  readonly segments: number;
  readonly seconds: number;
  readonly peakBytes: number;
}

const MEBIBYTE = 1024 ** 2;
const PROVEN_SEGMENTS = 500;

export async function benchCare(options: CareOptions): Promise<CareReport> {
  const scene = await openCareScene();
  try {
    const rounds: MonthRound[] = [];
    const month = await openMonth(scene, options);
    for (let turn = 1; turn <= options.rounds; turn += 1) {
      options.say(`Round ${String(turn)} of ${String(options.rounds)}`);
      rounds.push(await measureMonth(month, options.say));
    }
    await closeMonth(month);
    const adopted: Adopted[] = [];
    for (const segments of options.adopted) {
      adopted.push(await measureAdoption(scene, segments, options.say));
    }
    return report(month.table.rows, rounds, adopted);
  } finally {
    await scene.remove();
  }
}

async function measureAdoption(
  scene: CareScene,
  segments: number,
  say: (text: string) => void,
): Promise<Adopted> {
  const care = await makeManySegments(scene, segments);
  say(`A lake of ${String(segments)} segments is there`);
  await forgetLedger(scene, care.configFile);
  await scene.client.query('checkpoint');
  const { seconds, peakBytes } = await tierd(care, 'adopt', '--yes', '--quiet');
  const { rows } = await scene.client.query<{ live: number }>(
    "select count(*)::int as live from tierd.segments where state = 'live'",
  );
  if (rows[0]?.live !== segments) throw new Error('not all segments were taken up');
  say(
    `  adopted in ${seconds.toFixed(1)} s, ${String(Math.round(peakBytes / MEBIBYTE))} MiB at most`,
  );
  // Each is looked for, and so many are read and proven.
  const share = Math.min(1, PROVEN_SEGMENTS / segments).toFixed(4);
  await tierd(care, 'scrub', MANY, '--sample', share, '--quiet');
  return { segments, seconds, peakBytes };
}

function report(
  rows: number,
  rounds: readonly MonthRound[],
  adopted: readonly Adopted[],
): CareReport {
  const spread = (of: (one: MonthRound) => number, digits: number): Spread =>
    spreadOf(rounds.map(of), digits);
  const ratios = {
    compaction_gain: spread(({ msBefore, msAfter }) => msBefore / msAfter, 1),
    compaction_cost: spread(
      ({ compaction, rotation }) => compaction.cpuSeconds / rotation.cpuSeconds,
      2,
    ),
    restore_ratio: spread(({ restore, copy }) => copy.seconds / restore.seconds, 2),
  };
  const jobs = ['copy', 'rotation', 'restore', 'compaction'] as const;
  const ofEach = (of: (name: (typeof jobs)[number]) => Spread): Record<string, Spread> =>
    Object.fromEntries(jobs.map((name) => [name, of(name)]));
  const largest = adopted.at(-1);
  const bySize = (of: (one: Adopted) => number): Record<string, number> =>
    Object.fromEntries(adopted.map((one) => [String(one.segments), of(one)]));
  return {
    bench: 'care',
    rows,
    small_segments: rounds.at(-1)?.smallSegments ?? 0,
    segments_after: rounds.at(-1)?.segmentsAfter ?? 0,
    compaction_gain: ratios.compaction_gain.median,
    compaction_cost: ratios.compaction_cost.median,
    restore_ratio: ratios.restore_ratio.median,
    adopt_s_per_10k:
      largest === undefined ? Number.NaN : round((largest.seconds / largest.segments) * 10_000, 1),
    adopt_peak_rss_mb: bySize(({ peakBytes }) => Math.round(peakBytes / MEBIBYTE)),
    adopt_s: bySize(({ seconds }) => round(seconds, 1)),
    ratios,
    rows_per_second: ofEach((name) => spread((one) => rows / one[name].seconds, 0)),
    cpu_seconds_per_million: ofEach((name) =>
      spread((one) => (one[name].cpuSeconds / rows) * 1_000_000, 2),
    ),
    month_ms: {
      before: spread(({ msBefore }) => msBefore, 1),
      after: spread(({ msAfter }) => msAfter, 1),
    },
  };
}
