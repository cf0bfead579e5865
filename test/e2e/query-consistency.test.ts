/**
 * Readers count, sum and list keys in a loop while rotations drop partitions and are killed, rows come late and
 * are deleted: every answer is that of one of the writer's transactions, and of one that was under way or done.
 * `TIERD_TEST_ANSWERS` asks for more of them.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import { askStores } from '../support/ask-stores.ts';
import { whenServing } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeWorkspace, type Workspace } from '../support/workspace.ts';

const ANSWERS = Number(process.env['TIERD_TEST_ANSWERS'] ?? 150);
const TOKEN = 'query-token-0123456789';
/** Days that there are; each round leaves fewer of them hot. */
const DAYS = 40;
const PAIRS_A_DAY = 20;
const READERS = 2;

/** What one table would answer, after one transaction of the writer. */
interface State {
  readonly n: number;
  readonly sum: number;
}

/** All of the writer's states, in their order. */
class Truth {
  readonly states: State[] = [{ n: 0, sum: 0 }];
  /** The first that a question asked now may see. */
  committed = 0;

  async apply(change: State, commit: () => Promise<unknown>): Promise<void> {
    const last = this.states.at(-1) ?? { n: 0, sum: 0 };
    this.states.push({ n: last.n + change.n, sum: last.sum + change.sum });
    await commit();
    this.committed = this.states.length - 1;
  }

  /** Whether it is the answer of a state that was there at some time since `from` was the newest. */
  has(answer: State, from: number): boolean {
    return this.states.slice(from).some(({ n, sum }) => n === answer.n && sum === answer.sum);
  }
}

/** Ids are never used twice, so that equal counts and sums are the very same rows. */
class Writer {
  readonly #db: pg.Client;
  readonly #truth: Truth;
  #next = 1;

  constructor(db: pg.Client, truth: Truth) {
    this.#db = db;
    this.#truth = truth;
  }

  /** Two rows a pair, all in one transaction. */
  async insert(daysAgo: number, pairs: number): Promise<void> {
    const first = this.#next;
    const count = 2 * pairs;
    this.#next += count;
    const sum = count * first + (count * (count - 1)) / 2;
    await this.#truth.apply({ n: count, sum }, () =>
      this.#db.query(
        `insert into ticks
         select date_trunc('day', now(), 'UTC') - $1 * interval '24 hours' + (n % 1000) * interval '1 minute', 's' || n % 3, n
         from generate_series($2::int, $2::int + $3::int - 1) n`,
        [daysAgo, first, count],
      ),
    );
  }

  /** Some of the newest rows, which no rotation takes. */
  async delete(): Promise<void> {
    const { rows } = await this.#db.query<{ id: number }>(
      `select id from ticks where time >= now() - interval '3 days' order by random() limit 3`,
    );
    const ids = rows.map(({ id }) => id);
    const sum = -ids.reduce((total, id) => total + id, 0);
    await this.#truth.apply({ n: -ids.length, sum }, () =>
      this.#db.query(`delete from ticks where id = any($1) and time >= now() - interval '3 days'`, [
        ids,
      ]),
    );
  }
}

type Ask = (sql: string) => Promise<readonly Record<string, unknown>[]>;

/** Each gives the state that an answer tells of. */
const QUESTIONS: readonly ((ask: Ask) => Promise<State>)[] = [
  // Computed by PostgreSQL of its rows.
  async (ask) => {
    const [row] = await ask(
      'select count(*) as n, sum(id) as s, max(id) - min(id) as span from ticks',
    );
    return { n: Number(row?.['n']), sum: Number(row?.['s']) };
  },
  async (ask) => {
    const rows = await ask(
      'select symbol, time::date as day, count(*) as n, sum(id) as s from ticks group by symbol, day',
    );
    return rows.reduce<State>(
      ({ n, sum }, row) => ({ n: n + Number(row['n']), sum: sum + Number(row['s']) }),
      { n: 0, sum: 0 },
    );
  },
  // Of rows that are fetched, each key once.
  async (ask) => {
    const ids = (await ask('select id from ticks')).map(({ id }) => Number(id));
    expect(new Set(ids).size).toBe(ids.length);
    return { n: ids.length, sum: ids.reduce((total, id) => total + id, 0) };
  },
];

function configure(
  { config }: Pick<Workspace, 'config'>,
  database: TestDatabase,
  hotDays: number,
): void {
  writeFileSync(
    config,
    `
postgres: { url: "${database.url}", lock_timeout: 3s }
lake: { type: local, path: lake, min_free: 0MB }
maintenance: { temp_dir: spill, threads: 1, memory_limit: 256MB }
daemon: { lease_ttl: 3s }
query: { concurrency: 2, queue: 20 }
schedules: { rotate: { cron: "0 0 29 2 *" } }
server: { port: 0, query_token: ${TOKEN}, requests_per_minute: 1000000 }
datasets:
  ticks: { time_column: time, hot_days: ${String(hotDays)}, guards: { max_share: 1 } }
`,
  );
}

async function createTable(db: pg.Client): Promise<void> {
  await db.query(
    'create table ticks (time timestamptz not null, symbol text not null, id int not null) partition by range (time)',
  );
  await db.query('create table ticks_rest partition of ticks default');
  const day = `(date_trunc('day', now(), 'UTC') - %s * interval '24 hours')`;
  for (let ago = DAYS; ago >= 4; ago -= 1) {
    const { rows } = await db.query<{ ddl: string }>(
      `select format('create table ticks_${String(ago)} partition of ticks for values from (%L) to (%L)',
                     ${day.replace('%s', String(ago))}, ${day.replace('%s', String(ago - 1))}) as ddl`,
    );
    await db.query(rows[0]?.ddl ?? '');
  }
}

async function startDaemon(workspace: Workspace): Promise<Ask> {
  const daemon = workspace.start('run');
  onTestFinished(async () => {
    daemon.child.kill('SIGTERM');
    await daemon.ended;
  });
  const origin = await whenServing(daemon);
  return async (sql) => {
    const response = await fetch(`${origin}/v1/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ sql }),
    });
    const text = await response.text();
    expect(response.status, text).toBe(200);
    return JSON.parse(text) as readonly Record<string, unknown>[];
  };
}

describe('I2, I11: every answer is that of one instant', () => {
  test('on the engine and over HTTP, while rotations drop and are killed', async ({ annotate }) => {
    const database = await createTestDatabase();
    const db = await database.connect();
    await createTable(db);
    const truth = new Truth();
    const writer = new Writer(db, truth);
    for (let ago = DAYS; ago >= 0; ago -= 1) await writer.insert(ago, PAIRS_A_DAY);
    const workspace = makeWorkspace(database, '  ticks: { time_column: time }');
    configure(workspace, database, DAYS);
    expect((await workspace.tierd('migrate')).exitCode).toBe(0);
    const overHttp = await startDaemon(workspace);
    const { datasets } = loadConfig({
      file: workspace.config,
      env: {},
      workingDirectory: workspace.directory,
    });
    const rooms = { store: await openLocalStore(workspace.lake, nodeFileSystem), clock: Date };
    let answers = 0;
    let splitAnswers = 0;
    let isOver = false;

    const read = async (ask: Ask): Promise<void> => {
      for (let turn = 0; !isOver; turn += 1) {
        const from = truth.committed;
        const answer = await QUESTIONS[turn % QUESTIONS.length]?.(ask);
        const told = { answer, from, states: truth.states.slice(from) };
        if (answer === undefined || !truth.has(answer, from))
          expect(told).toBe('an answer of one instant');
        answers += 1;
        await write();
        if (answers >= ANSWERS) isOver = true;
      }
    };
    const onEngine = async (): Promise<Ask> => {
      const client = await database.connect();
      onTestFinished(() => client.end());
      return async (sql) => {
        const { rows, summary } = await askStores(
          { rooms: rooms as never, directory: workspace.directory },
          client,
          datasets,
          sql,
        );
        if (summary.segmentsRead > 0 && summary.hotRows > 0) splitAnswers += 1;
        return rows;
      };
    };
    let turns = 0;
    let written = Promise.resolve();
    /** One transaction for each answer, so that the tables don't outgrow a slow machine. */
    const write = (): Promise<void> => {
      const turn = turns;
      turns += 1;
      written = written.then(async () => {
        // Late for a day that has moved, late for one that hasn't, and new.
        await writer.insert([DAYS - 2, 10, 0][turn % 3] ?? 0, 1 + (turn % 4));
        if (turn % 3 === 0) await writer.delete();
      });
      return written;
    };
    let [kills, ends] = [0, 0];
    const rotate = async (): Promise<void> => {
      for (let round = 0; !isOver; round += 1) {
        configure(workspace, database, Math.max(12, DAYS - 1 - round));
        const rotation = workspace.start('rotate', '--force', '--quiet');
        // Every other one is killed, each time a little later in what it does.
        const killed =
          round % 2 === 0
            ? setTimeout(() => rotation.child.kill('SIGKILL'), 800 + 150 * (round % 14))
            : undefined;
        await once(rotation.child, 'close');
        clearTimeout(killed);
        if (rotation.child.signalCode === 'SIGKILL') kills += 1;
        else ends += 1;
      }
    };
    const over = (): void => void (isOver = true);
    const engines = await Promise.all(Array.from({ length: READERS }, onEngine));
    await Promise.all(
      [...engines, overHttp].map((ask) => read(ask).finally(over)).concat(rotate().finally(over)),
    );
    await annotate(
      `${String(answers)} answers, ${String(splitAnswers)} of both sides, of ${String(truth.states.length)} states; ${String(kills)} rotations killed, ${String(ends)} ended`,
    );
    expect(answers).toBeGreaterThanOrEqual(ANSWERS);
    expect(splitAnswers).toBeGreaterThan(0);
    // The lake and the table have, at the end, what was written.
    const ask = engines[0];
    if (ask !== undefined) expect(await QUESTIONS[2]?.(ask)).toEqual(truth.states.at(-1));
  }, 3_600_000);
});
