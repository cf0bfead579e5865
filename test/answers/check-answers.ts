/**
 * Asks in a loop, on every surface, while rows are inserted late, corrected, deleted, moved and dropped, and
 * rotations, queries and the daemon are killed: each answer has to be that of an instant between its question
 * and its end (I2, I11).
 */

import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type KeptDaemon, type KeptJob, keepDaemon } from '../soak/daemon-keeper.ts';
import { seededRandom } from '../soak/seeded-random.ts';
import { type AnswersScene, openAnswersScene } from './scene.ts';
import { Shell, type Surface, surfacesOf } from './surfaces.ts';
import { SYMBOLS } from './truth.ts';
import { ViewReader } from './view-reader.ts';
import type { Table, Writer } from './writer.ts';

export interface CheckOptions {
  /** Right ones, of all surfaces; until then it goes on. */
  readonly answers: number;
  readonly seed: number;
  readonly killEveryMs: number;
  /** `2s` when left out. Each rotation takes of the processor time that answers could have. */
  readonly rotateEvery?: string;
  /** How the names of the surfaces to ask begin; all of them when left out. */
  readonly surfaces?: string;
  /** Of each view at once; one when left out. */
  readonly readers?: number;
  readonly say: (text: string) => void;
}

export interface CheckReport {
  readonly seed: number;
  readonly seconds: number;
  /** By surface; one that never answered has 0. */
  readonly right: Readonly<Record<string, number>>;
  readonly answers: number;
  readonly wrong: readonly string[];
  /** Why there was no answer: the process was killed, the daemon away. */
  readonly unanswered: Readonly<Record<string, number>>;
  readonly kills: Readonly<Record<string, number>>;
  /** Of the tables, in the end. */
  readonly transactions: Readonly<Record<string, number>>;
  readonly moves: number;
}

export async function checkAnswers(options: CheckOptions): Promise<CheckReport> {
  const scene = await openAnswersScene(options.rotateEvery ?? '2s');
  const daemon = keepDaemon(scene.daemon, scene.directory, `${scene.directory}/daemon.log`);
  try {
    return await checkOn(scene, daemon, options);
  } finally {
    await daemon.stop('SIGKILL');
    await scene.remove();
  }
}

async function checkOn(
  scene: AnswersScene,
  daemon: KeptDaemon,
  options: CheckOptions,
): Promise<CheckReport> {
  const startedAt = performance.now();
  const shell = new Shell({ directory: scene.directory, config: scene.daemon.file });
  const { readers = 1 } = options;
  const views = new ViewReader(scene.database, readers);
  const surfaces = surfacesOf(
    {
      directory: scene.directory,
      config: scene.daemon.file,
      origin: scene.daemon.page,
      token: scene.token,
      database: scene.database,
    },
    { shell, views },
  ).filter(({ name }) => name.startsWith(options.surfaces ?? ''));
  const count = new Count(options, surfaces);
  const random = seededRandom(options.seed);
  const killing = kill(daemon, random, options.killEveryMs, count);
  const of = (kind: string): readonly Surface[] =>
    surfaces.filter(({ name }) => name.startsWith(kind));
  const overHttp = [...of('client'), ...of('/v1')];
  // A shell answers one after the other; each command has a process to start.
  const askers = [
    of('shell'),
    of('command'),
    of('iceberg'),
    // Each has a statement of its own that PostgreSQL waits in.
    ...of('view').flatMap((surface) => Array<Surface[]>(readers).fill([surface])),
    overHttp,
    overHttp.toReversed(),
  ].filter((asked) => asked.length > 0);
  await Promise.all(askers.map((asked) => ask(scene, asked, count)));
  count.over.abort();
  await killing;
  await shell.end();
  await views.end();
  const transactions: Record<string, number> = {};
  for (const [table, writer] of scene.writers) {
    await writer.stop();
    transactions[table] = writer.committed;
  }
  return {
    seed: options.seed,
    seconds: Math.round((performance.now() - startedAt) / 1000),
    right: count.right,
    answers: count.answers,
    wrong: count.wrong,
    unanswered: count.unanswered,
    kills: count.kills,
    transactions,
    moves: await scene.countMoves(),
  };
}

class Count {
  readonly over = new AbortController();
  readonly right: Record<string, number> = {};
  readonly unanswered: Record<string, number> = {};
  readonly kills: Record<string, number> = {};
  readonly wrong: string[] = [];
  answers = 0;

  readonly #options: CheckOptions;

  constructor(options: CheckOptions, surfaces: readonly Surface[]) {
    this.#options = options;
    for (const { name } of surfaces) this.right[name] = 0;
  }

  get isOver(): boolean {
    return this.answers >= this.#options.answers || this.wrong.length > 0;
  }

  answered(surface: string): void {
    this.answers += 1;
    this.right[surface] = (this.right[surface] ?? 0) + 1;
    if (this.answers % 500 === 0) this.#options.say(`${String(this.answers)} answers`);
  }
}

async function ask(scene: AnswersScene, surfaces: readonly Surface[], count: Count): Promise<void> {
  const tables = [...scene.writers];
  for (let turn = 0; !count.isOver; turn += 1) {
    const surface = surfaces[turn % surfaces.length];
    const [table, writer] = tables[turn % tables.length] ?? [];
    const symbol = SYMBOLS[turn % SYMBOLS.length] ?? '';
    if (surface === undefined || table === undefined || writer === undefined) return;
    await askOnce({ scene, surface, table, writer, symbol, count });
  }
}

interface Asking {
  readonly scene: AnswersScene;
  readonly surface: Surface;
  readonly table: Table;
  readonly writer: Writer;
  readonly symbol: string;
  readonly count: Count;
}

async function askOnce({ scene, surface, table, writer, symbol, count }: Asking): Promise<void> {
  const from = writer.committed;
  let found: unknown;
  try {
    found = await surface.ask({ table, symbol });
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, WHY_LENGTH) : String(error);
    count.unanswered[why] = (count.unanswered[why] ?? 0) + 1;
    await pause(AFTER_ERROR_MS);
    return;
  }
  const to = writer.begun;
  for (let batches = from; batches <= to; batches += 1) {
    const expected = surface.expected(scene.truth, batches, { table, symbol });
    if (isDeepStrictEqual(found, expected)) {
      count.answered(surface.name);
      return;
    }
  }
  count.wrong.push(
    `${surface.name} of ${table} ${symbol}, after ${String(from)} to ${String(to)} transactions: ` +
      `${JSON.stringify(found)} instead of ${JSON.stringify(surface.expected(scene.truth, to, { table, symbol }))}`,
  );
}

const WHY_LENGTH = 120;
const AFTER_ERROR_MS = 200;

/** Rotations mostly, at any instant of theirs; the process of a query; the daemon itself now and then. */
async function kill(
  daemon: KeptDaemon,
  random: () => number,
  everyMs: number,
  count: Count,
): Promise<void> {
  const { signal } = count.over;
  const rest = (ms: number): Promise<boolean> => pause(ms, true, { signal }).catch(() => false);
  while (await rest(everyMs * (0.5 + random()))) {
    const dice = random();
    const name = dice < 0.7 ? 'rotate' : dice < 0.9 ? 'query' : 'daemon';
    if (name === 'daemon') {
      await daemon.restart('SIGKILL');
    } else {
      const job = await meet(daemon, name, everyMs, signal);
      if (job === undefined) continue;
      await rest(random() * LONGEST_STEP_MS);
      try {
        process.kill(job.pid, 'SIGKILL');
      } catch {
        continue; // it has ended by itself
      }
    }
    count.kills[name] = (count.kills[name] ?? 0) + 1;
  }
}

const LONGEST_STEP_MS = 1_500;

/** Undefined where none comes in time: nobody may be asking what needs one. */
async function meet(
  daemon: KeptDaemon,
  name: string,
  patienceMs: number,
  signal: AbortSignal,
): Promise<KeptJob | undefined> {
  const deadline = performance.now() + patienceMs;
  while (!signal.aborted && performance.now() < deadline) {
    const job = daemon.jobs().find((one) => one.name === name);
    if (job !== undefined) return job;
    await pause(25);
  }
  return undefined;
}
