/**
 * Hypertables in place are read in a loop while rows come late, rotations drop chunks and delete rows, segments are merged, and
 * rotations are killed: each answer is that of an instant between its question and its end (I2, I11), or a refusal.
 */
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../src/domain/errors.ts';
import { seededRandom } from '../soak/seeded-random.ts';
import { runTierd, TIERD } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type FaceDaemon, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { freePort } from '../support/server-process.ts';
import { describeOn } from '../support/servers.ts';

const SEED = Number(process.env['TIERD_TEST_SEED'] ?? Date.now() % 100_000);
/** Right ones of each table and manner. */
const ANSWERS = Number(process.env['TIERD_TEST_ANSWERS'] ?? 25);
/** That ask in each manner at once. */
const READERS = Number(process.env['TIERD_TEST_READERS'] ?? 1);
const TABLES = ['dropped', 'deleted'] as const;
const ROWS = 4;
/** Few enough that a cursor is read in parts. */
const FETCHED = READERS === 1 ? 40 : 1_000;

const PATIENCE_MS = process.env['TIERD_TEST_ANSWERS'] === undefined ? 600_000 : 7_200_000;

/** What may be said in place of an answer. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['40001', '40P01', '55P03']);

describeOn('timescale', 'hypertables in place while everything moves', () => {
  let database: TestDatabase;
  let daemon: FaceDaemon;

  beforeAll(async () => {
    database = await createTestDatabase({ timescale: true });
    await database.query(`
      create table dropped (ts timestamptz not null, kind text not null, n int not null, primary key (ts, n));
      select create_hypertable('dropped', 'ts', chunk_time_interval => interval '1 day');
      create table deleted (ts timestamptz not null, kind text not null, n int not null, primary key (ts, n));
      select create_hypertable('deleted', 'ts', chunk_time_interval => interval '365 days');`);
    daemon = await startFaceDaemon(database, {
      port: await freePort(),
      query: `{ concurrency: ${String(1 + READERS)} }`,
      datasets: `  dropped: { time_column: ts }
  deleted: { time_column: ts, interval_column: kind, hot_intervals: [keep] }`,
    });
    const attached = await runTierd(['attach', '--in-place'], {
      workingDirectory: daemon.directory,
    });
    expect(attached.exitCode, attached.stderr).toBe(0);
  });

  afterAll(() => endHttpDaemon(daemon));

  it(`I2, I11: gives the rows of one instant (seed ${String(SEED)})`, {
    timeout: PATIENCE_MS,
  }, async () => {
    const random = seededRandom(SEED);
    const over = new AbortController();
    const right: Record<string, number> = {};
    const refused: Record<string, number> = {};
    const wrong: string[] = [];
    const counts = new Map(TABLES.map((table) => [table, { begun: 0, committed: 0 }]));

    let isHeldOff = false;
    const isOver = (): boolean => wrong.length > 0 || over.signal.aborted;
    const connect = (): Promise<pg.Client> => database.connect();

    async function write(table: (typeof TABLES)[number]): Promise<void> {
      const db = await connect();
      await db.query(`set lock_timeout = '2s'`);
      const count = counts.get(table);
      while (!isOver() && count !== undefined) {
        count.begun = count.committed + 1;
        try {
          await db.query(
            `insert into ${table} select date_trunc('day', now()) - (36 + ($1::int + k) % 6) * interval '1 day' + ($1::int * ${String(ROWS)} + k) * interval '1 second',
             'late', $1::int * ${String(ROWS)} + k from generate_series(0, ${String(ROWS - 1)}) k`,
            [count.committed],
          );
          count.committed = count.begun;
        } catch (error) {
          if (!REFUSALS.has((error as { code?: string }).code)) throw error;
        }
        await pause(120);
        if (random() < 0.1) await rotationEnded();
      }
      await db.end();
    }

    let rotations = 0;
    /** On a busy machine rows would come to each slice between its export and its commit, and nothing would ever move. */
    async function rotationEnded(): Promise<void> {
      const before = rotations;
      while (rotations === before && !isOver()) await pause(20);
    }

    const read = `select count(*)::int as rows, count(distinct n)::int as others, coalesce(sum(n), 0)::text as sum from`;
    const manners: Record<string, (db: pg.Client, table: string) => Promise<unknown>> = {
      statement: async (db, table) => (await db.query(`${read} ${table}`)).rows[0],
      cursor: async (db, table) => {
        await db.query(`begin; declare c cursor for select n from ${table}`);
        await pause(200);
        const found: number[] = [];
        for (;;) {
          const { rows } = await db.query<{ n: number }>(`fetch ${String(FETCHED)} from c`);
          found.push(...rows.map(({ n }) => n));
          if (rows.length < FETCHED) break;
        }
        await db.query('commit');
        const sum = String(found.reduce((a, b) => a + b, 0));
        return { rows: found.length, others: new Set(found).size, sum };
      },
      'older snapshot': async (db, table) => {
        await db.query('begin isolation level repeatable read; select 1 from tierd.lake');
        await pause(300);
        const { rows } = await db.query(`${read} ${table}`);
        await db.query('commit');
        return rows[0];
      },
    };

    async function ask(manner: string): Promise<void> {
      let db = await connect();
      const name = (table: string): string => `${table} by ${manner}`;
      while (!isOver() && TABLES.some((table) => (right[name(table)] ?? 0) < ANSWERS)) {
        for (const table of TABLES) {
          while (isHeldOff && !isOver()) await pause(10);
          const count = counts.get(table);
          const from = count?.committed ?? 0;
          try {
            const found = await manners[manner]?.(db, table);
            const to = count?.begun ?? 0;
            const instants = Array.from({ length: to - from + 1 }, (_, at) => expected(from + at));
            if (instants.includes(JSON.stringify(found))) {
              right[name(table)] = (right[name(table)] ?? 0) + 1;
            } else {
              wrong.push(`${name(table)}: ${JSON.stringify(found)}, not ${instants.join(' or ')}`);
            }
          } catch (error) {
            const { code = 'none', message } = error as { code?: string; message: string };
            if (!REFUSALS.has(code)) wrong.push(`${name(table)}: ${code} ${message}`);
            refused[code] = (refused[code] ?? 0) + 1;
            await db.end();
            db = await connect();
          }
        }
      }
      await db.end();
    }

    /** For a moment nobody begins to ask, or deletions might find no moment without a reader, and there would be no moves to be met. */
    async function holdOff(): Promise<void> {
      while (!isOver()) {
        await pause(300 + random() * 2_000);
        isHeldOff = true;
        await pause(300 + random() * 1_700);
        isHeldOff = false;
      }
    }

    async function rotate(): Promise<number> {
      let kills = 0;
      let tookMs = 2_400;
      while (!isOver()) {
        const startedAt = performance.now();
        const child = spawn(process.execPath, [TIERD, 'rotate', '--force', '--quiet'], {
          cwd: daemon.directory,
          stdio: 'ignore',
        });
        const ended = new Promise((resolve) => child.once('exit', resolve));
        if (random() < 0.4) {
          await Promise.race([pause((0.2 + random()) * tookMs), ended]);
          if (child.kill('SIGKILL')) kills += 1;
          await ended;
        } else {
          await ended;
          tookMs = performance.now() - startedAt;
        }
        rotations += 1;
        if (random() < 0.3 && !isOver()) {
          await runTierd(['compact', '--quiet'], { workingDirectory: daemon.directory });
        }
      }
      return kills;
    }

    /** What the last one that was killed left behind is for the next one to remove, once its lease has ended. */
    async function sweep(): Promise<void> {
      for (;;) {
        const { exitCode, stderr } = await runTierd(['rotate', '--quiet'], {
          workingDirectory: daemon.directory,
        });
        if (exitCode === 0) return;
        expect([EXIT.leaseHeld, EXIT.partly], stderr).toContain(exitCode);
        await pause(1_000);
      }
    }

    const killing = rotate();
    const background = [...TABLES.map(write), killing, holdOff()];
    const askers = Object.keys(manners).flatMap((manner) => Array<string>(READERS).fill(manner));
    await Promise.all(askers.map(ask));
    over.abort();
    await Promise.all(background);
    await sweep();
    const { rows: moves } = await database.query(
      `select dataset, removal, count(*)::int as n from tierd.moves where state in ('committed', 'finished') group by 1, 2 order by 1, 2`,
    );
    const told = JSON.stringify({ seed: SEED, right, refused, moves, kills: await killing });
    expect(wrong, told).toEqual([]);
    if (process.env['TIERD_TEST_ANSWERS'] !== undefined) process.stderr.write(`${told}\n`);
    const removals = moves.map((row) => `${String(row.dataset)} ${String(row.removal)}`);
    expect(removals).toEqual(expect.arrayContaining(['dropped drop', 'deleted delete']));
  });
});

/** After so many transactions. */
function expected(transactions: number): string {
  const rows = transactions * ROWS;
  return JSON.stringify({ rows, others: rows, sum: String((rows * (rows - 1)) / 2) });
}
