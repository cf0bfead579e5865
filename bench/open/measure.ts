/**
 * `npm run bench -- open`: what the Iceberg table beside the segments costs each move, with how many segments, and
 * what an engine gains or loses by finding its files through the catalogue. In every round all take their turn.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { round, type Spread, spreadOf } from '../figures.ts';
import { type OpenScene, openScene } from './scene.ts';

export interface OpenOptions {
  readonly rounds: number;
  /** Of the rotation whose processor time the metadata's is a share of. */
  readonly rowsADay: number;
  /** Segments of the table, growing: the second is that of `metadata_share`, the last that of `growth`. */
  readonly segments: readonly number[];
  readonly monthDays: number;
  /** A Python with duckdb 1.5 and its iceberg extension; without one `engine_ratio` is null. */
  readonly python: string | undefined;
  readonly say: (text: string) => void;
}

export interface OpenReport {
  /** Processor time of a move's metadata ÷ that of a rotation of one full day, with 10,000 segments. */
  readonly metadata_share: number;
  /** That of a move's metadata with the most segments ÷ with the fewest. */
  readonly growth: number;
  /** A month asked of the table ÷ of the list of its files, in the same engine. */
  readonly engine_ratio: Spread | null;
  /** By how many segments. */
  readonly metadata_ms_per_move: Readonly<Record<string, Spread>>;
  /** Of `tierd rotate --dry-run` with nothing due, its start included, by how many segments. */
  readonly plan_seconds: Readonly<Record<string, number>>;
  readonly rotation_cpu_seconds: Spread;
}

/** Of the month that an engine is asked about: as in `bench -- query`. */
const ROWS_OF_A_DAY = 20_000;

/** So many moves in one run, so that its start is no great part of it. */
const MOVES = 30;

export async function benchOpen(options: OpenOptions): Promise<OpenReport> {
  const scene = await openScene();
  try {
    for (const which of ['open', 'plain'] as const) {
      await scene.insert(which, options.monthDays * 3, ROWS_OF_A_DAY);
      await scene.rotate(which);
    }
    options.say('three months are in the lake');
    const engine = await measureEngine(scene, options);
    const rotation: number[] = [];
    for (let turn = 0; turn < options.rounds; turn += 1) {
      await scene.insert('open', 1, options.rowsADay);
      rotation.push(await scene.rotate('open'));
    }
    options.say('a full day was moved in each round');
    const perMove = new Map<number, Spread>();
    const plans: Record<string, number> = {};
    for (const segments of options.segments) {
      await scene.pretend(segments);
      perMove.set(segments, await measureMoves(scene, options.rounds));
      plans[String(segments)] = round(await scene.plan('open'), 2);
      options.say(`${String(segments)} segments: ${JSON.stringify(perMove.get(segments))} ms`);
    }
    const at = (index: number): number =>
      perMove.get(options.segments[index] ?? 0)?.median ?? Number.NaN;
    const whole = spreadOf(rotation, 2);
    return {
      metadata_share: round(at(1) / 1_000 / whole.median, 4),
      growth: round(at(options.segments.length - 1) / at(0), 2),
      engine_ratio: engine,
      metadata_ms_per_move: Object.fromEntries(
        [...perMove].map(([segments, spread]) => [String(segments), spread]),
      ),
      plan_seconds: plans,
      rotation_cpu_seconds: whole,
    };
  } finally {
    await scene.remove();
  }
}

/** Processor time in ms that a move takes more where its dataset is an Iceberg table. */
async function measureMoves(scene: OpenScene, rounds: number): Promise<Spread> {
  const more: number[] = [];
  for (let turn = 0; turn <= rounds; turn += 1) {
    const seconds = { open: 0, plain: 0 };
    for (const which of ['plain', 'open'] as const) {
      await scene.insert(which, MOVES, 1);
      seconds[which] = await scene.rotate(which);
    }
    // The first one lists what was pretended.
    if (turn > 0) more.push(((seconds.open - seconds.plain) * 1_000) / MOVES);
  }
  return spreadOf(more, 2);
}

async function measureEngine(
  { client, folder }: OpenScene,
  { python, rounds, monthDays, say }: OpenOptions,
): Promise<Spread | null> {
  if (python === undefined) {
    say('no TIERD_TEST_ENGINES: engine_ratio is not measured');
    return null;
  }
  const { rows } = await client.query<{ key: string; us: string }>(
    `select object_key as key, min_time_us::text as us from tierd.segments
     where dataset = 'open' and state = 'live' order by min_time_us`,
  );
  const month = rows.slice(monthDays, 2 * monthDays);
  const table = await client.query<{ location: string }>(
    `select metadata_location as location from tierd.iceberg_tables where table_name = 'open'`,
  );
  const order = {
    files: month.map(({ key }) => join(folder, 'data_lake', 'cold_storage', key)),
    document: table.rows[0]?.location,
    from_us: Number(month[0]?.us),
    to_us: Number(rows[2 * monthDays]?.us),
    rounds,
  };
  const child = spawn(python, [join(import.meta.dirname, 'ask.py')]);
  child.stdin.end(JSON.stringify(order));
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (!out.startsWith('{')) throw new Error(`the engine gave no answer: ${errors}`);
  const { ratios } = JSON.parse(out) as { ratios: readonly number[] };
  return spreadOf(ratios, 2);
}
