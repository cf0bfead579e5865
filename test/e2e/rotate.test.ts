/** The rotation as a person runs it: the built program, its words, its documents, its exit codes. */
import { spawn } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { listSegments } from '../../src/ledger/segments.ts';
import { strayFiles } from '../crash/check.ts';
import { type CliResult, TIERD } from '../support/cli.ts';
import { readCold } from '../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { openTerminal } from '../support/pseudo-terminal.ts';
import { makeWorkspace, type RunningTierd, type Workspace } from '../support/workspace.ts';

const TICKS = '  ticks: { time_column: ts, sort_by: [symbol, ts] }';
const ROWS_A_DAY = 50;

let database: TestDatabase;
let db: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
});

/** Three days of rows that are due by hot_days 30, one by hot_days 10, one that stays. */
async function fill(table: string): Promise<void> {
  await database.query(`create table ${table} (ts timestamptz, symbol text, id int)`);
  await database.query(`create index on ${table} (ts)`);
  for (const [index, daysAgo] of [40, 39, 38, 20, 5].entries()) {
    await database.query(
      `insert into ${table}
       select date_trunc('day', now(), 'UTC') - $1::int * interval '1 day' + n * interval '1 minute', 's' || n % 3, $2::int + n
       from generate_series(0, ${String(ROWS_A_DAY - 1)}) n`,
      [daysAgo, index * ROWS_A_DAY],
    );
  }
}

/** Each id of `table`, as often as it is in hot ∪ cold, must be there once. */
async function expectWhole(workspace: Workspace, table: string): Promise<{ hot: number }> {
  const segments = await listSegments(db, { dataset: table, states: ['live'] });
  const cold = await readCold(workspace.lake, segments, 'id');
  const hot = await db.query<{ id: number }>(`select id from ${table}`);
  const ids = [...hot.rows.map(({ id }) => id), ...cold.map((row) => Number(row['id']))];
  expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 5 * ROWS_A_DAY }, (_, n) => n));
  return { hot: hot.rows.length };
}

async function expectConverged(workspace: Workspace): Promise<void> {
  const again = await workspace.tierd('rotate');
  expect(again).toMatchObject({ exitCode: 0 });
  expect(await expectWhole(workspace, 'ticks')).toEqual({ hot: 2 * ROWS_A_DAY });
  expect(await strayFiles(db, 'ticks', workspace.lake)).toEqual([]);
  expect(await readdir(workspace.spill)).toEqual([]);
}

interface Document {
  readonly error?: { readonly code: string; readonly message: string };
  readonly datasets?: readonly {
    readonly dataset: string;
    readonly rows_moved?: number;
    readonly moves_done?: number;
    readonly rows?: number;
    readonly moves_failed?: readonly { readonly error: { readonly code: string } }[];
    readonly error?: { readonly code: string; readonly message: string };
    readonly refusals?: readonly { readonly guard: string }[];
    readonly due?: { readonly rows: number };
    readonly hot?: { readonly rows: number };
    readonly cold?: { readonly rows: number };
    readonly last_run?: { readonly state: string; readonly rows_moved: number } | null;
  }[];
}

/** Exactly one JSON document, and nothing else. */
function parse({ stdout }: CliResult): Document {
  return JSON.parse(stdout) as Document;
}

describe('migrate, rotate, status, cleanup', () => {
  it('in words', async () => {
    await fill('ticks');
    const workspace = makeWorkspace(database, TICKS);
    const tierd = workspace.tierd.bind(workspace);

    const early = await tierd('rotate');
    expect(early).toMatchObject({ exitCode: 2, stdout: '' });
    expect(early.stderr).toContain('no ledger yet');
    expect(early.stderr).toContain('tierd migrate up');

    expect(await tierd('migrate')).toMatchObject({ exitCode: 0 });
    const dry = await tierd('rotate', '--dry-run');
    expect(dry.exitCode).toBe(0);
    expect(dry.stdout).toContain('150 rows of public.ticks (plain) are due, in 3 moves');
    expect(await expectWhole(workspace, 'ticks')).toEqual({ hot: 250 });

    const rotated = await tierd('rotate');
    expect(rotated.exitCode).toBe(0);
    expect(rotated.stdout).toMatch(
      /^done ticks: 150 rows moved into .* of Parquet, 3 of 3 moves\n$/,
    );
    // A line for the dataset; each slice is for debugging.
    expect(rotated.stderr).not.toContain('50 rows moved');
    expect(await expectWhole(workspace, 'ticks')).toEqual({ hot: 100 });
    expect(await readdir(workspace.spill)).toEqual([]);
    expect((await tierd('rotate')).stdout).toBe('done ticks: nothing is due\n');

    const status = await tierd('status');
    expect(status.exitCode).toBe(0);
    expect(status.stdout).toMatch(/ticks\s+hot\s+100 /);
    expect(status.stdout).toMatch(/cold\s+150 .*3 segments/);
    expect(status.stdout).toMatch(/ticks\s+nothing\s+done/);
  });

  it('and the first move to the hot window, which asks', async () => {
    await fill('ticks');
    const workspace = makeWorkspace(database, TICKS);
    const tierd = workspace.tierd.bind(workspace);
    await tierd('migrate');
    const analyzed = await tierd('cleanup', '--analyze-only');
    expect(analyzed.exitCode).toBe(0);
    expect(analyzed.stdout).toMatch(/ticks\s+150 rows in 3 moves\s+never/);
    const dry = await tierd('cleanup', '--hot-days', '10', '--dry-run');
    expect(dry.exitCode).toBe(0);
    expect(dry.stdout).toContain('200 rows of public.ticks (plain) are due, in 4 moves');
    const asked = await tierd('cleanup');
    expect(asked).toMatchObject({ exitCode: 2, stdout: '' });
    expect(asked.stderr).toContain('150 rows');
    expect(asked.stderr).toContain('public.ticks');
    expect(asked.stderr).toContain('--yes');
    expect(asked.stderr).toContain('CONFIRMATION_NEEDED');
    expect(await expectWhole(workspace, 'ticks')).toEqual({ hot: 250 });
    const done = await tierd('cleanup', '--hot-days', '10', '--yes', '--json');
    expect(done.exitCode).toBe(0);
    expect(parse(done).datasets).toMatchObject([{ rows_moved: 200, moves_done: 4 }]);
    expect(await expectWhole(workspace, 'ticks')).toEqual({ hot: 50 });
  });

  it('and asks for nothing that a guard would refuse after the answer', async () => {
    await fill('ticks');
    await database.query(`insert into ticks values (now() + interval '90 days', 's0', 250)`);
    const workspace = makeWorkspace(database, TICKS);
    await workspace.tierd('migrate');
    const refused = await workspace.tierd('cleanup');
    expect(refused).toMatchObject({ exitCode: 3, stderr: '' });
    expect(refused.stdout).toMatch(/refused: 1 row is dated .*\n {2}.*--force rotates the others/);
    const asked = await workspace.tierd('cleanup', '--force');
    expect(asked).toMatchObject({ exitCode: 2, stdout: '' });
    expect(asked.stderr).toContain('150 rows');
    expect(await workspace.tierd('cleanup', '--force', '--yes')).toMatchObject({ exitCode: 0 });
    const { rows } = await db.query('select from ticks');
    expect(rows).toHaveLength(101);
  });

  it('in one JSON document each', async () => {
    await fill('ticks');
    const workspace = makeWorkspace(database, TICKS);
    const tierd = (...argv: string[]): Promise<CliResult> => workspace.tierd(...argv, '--json');
    expect(parse(await tierd('rotate')).datasets).toMatchObject([
      { dataset: 'ticks', error: { code: 'LEDGER_OUTDATED' } },
    ]);
    parse(await tierd('migrate'));
    expect(parse(await tierd('rotate', '--dry-run')).datasets).toMatchObject([{ rows: 150 }]);
    const asked = await tierd('cleanup');
    expect(asked.exitCode).toBe(2);
    expect(parse(asked).error).toMatchObject({ code: 'CONFIRMATION_NEEDED' });
    expect(parse(await tierd('rotate')).datasets).toMatchObject([
      { dataset: 'ticks', rows_moved: 150, moves_done: 3, moves_failed: [] },
    ]);
    expect(parse(await tierd('status')).datasets).toMatchObject([
      {
        hot: { rows: 100 },
        cold: { rows: 150 },
        due: { rows: 0 },
        last_run: { state: 'done', rows_moved: 150 },
      },
    ]);
    expect(parse(await tierd('cleanup', '--dry-run')).datasets).toMatchObject([{ rows: 0 }]);
  });
});

describe('rotate ends with', () => {
  it('2 for a dataset that is not configured, naming the one that was meant', async () => {
    const workspace = makeWorkspace(database, TICKS);
    const { exitCode, stdout, stderr } = await workspace.tierd('rotate', 'tick');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('did you mean ticks');
  });

  it('1 when the server is not there, and 1 when the lake can not be written', async () => {
    const away = makeWorkspace({ url: 'postgres://nobody@127.0.0.1:1/none' }, TICKS);
    const unreachable = await away.tierd('rotate');
    expect(unreachable).toMatchObject({ exitCode: 1, stdout: '' });
    expect(unreachable.stderr).toContain('POSTGRES_UNREACHABLE');
    await fill('ticks');
    const blocked = makeWorkspace(database, TICKS);
    await blocked.tierd('migrate');
    // A file where the lake's directory has to be: root can't write into that either.
    await writeFile(join(blocked.directory, 'lake'), '');
    const unwritable = await blocked.tierd('rotate');
    expect(unwritable.exitCode).toBe(1);
    expect(unwritable.stderr).toMatch(/LAKE_UN(WRIT|READ)ABLE/);
    expect(await expectWhole(blocked, 'ticks')).toEqual({ hot: 250 });
  });

  it('3 when a guard refuses, with figure and limit, and 0 with --force', async () => {
    await fill('ticks');
    const guards = 'storage: { lifecycle: { guards: { max_share: 0.5, max_share_min_rows: 0 } } }';
    const workspace = makeWorkspace(database, TICKS, guards);
    await workspace.tierd('migrate');
    const dry = await workspace.tierd('rotate', '--dry-run', '--json');
    expect(dry.exitCode).toBe(3);
    expect(parse(dry).datasets).toMatchObject([{ refusals: [{ guard: 'share_of_table' }] }]);
    const refused = await workspace.tierd('rotate');
    expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
    expect(refused.stderr).toContain('60.0 %');
    expect(refused.stderr).toContain('50.0 %');
    expect(refused.stderr).toContain('--force');
    expect(await workspace.tierd('rotate', '--force')).toMatchObject({ exitCode: 0 });
    expect(await expectWhole(workspace, 'ticks')).toEqual({ hot: 100 });
  });

  it('4 when a part stays hot, telling which and why, and of two datasets one failed', async () => {
    await fill('ticks');
    await database.query('alter table ticks add column price numeric(10,2)');
    await database.query(`update ticks set price = 'NaN' where id = 60`);
    const workspace = makeWorkspace(database, `${TICKS}\n  absent: { time_column: ts }\n`);
    await workspace.tierd('migrate');
    const { exitCode, stdout, stderr } = await workspace.tierd('rotate', 'ticks');
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/^partly ticks: 100 rows moved .* 2 of 3 moves\n/);
    expect(stdout).toMatch(/stays hot: .*NaN/);
    expect(stderr).toContain('stays hot');
    await database.query('update ticks set price = 1 where id = 60');
    const both = await workspace.tierd('rotate', '--json');
    expect(both.exitCode).toBe(4);
    expect(parse(both).datasets).toMatchObject([
      { dataset: 'ticks', rows_moved: 50 },
      { dataset: 'absent', error: { code: 'TABLE_NOT_FOUND' } },
    ]);
  });

  it('5 when another process works on the dataset, which loses and doubles nothing (I8)', async () => {
    await fill('ticks');
    await fill('other');
    const workspace = makeWorkspace(database, `${TICKS}\n${TICKS.replace('ticks', 'other')}`);
    await workspace.tierd('migrate');
    const held = await holdRow('ticks', 60);
    const first = workspace.start('rotate', 'ticks');
    await untilDeleteWaits();
    const second = await workspace.tierd('rotate', 'ticks');
    expect(second).toMatchObject({ exitCode: 5, stdout: '' });
    expect(second.stderr).toContain('LEASE_HELD');
    expect(second.stderr).toContain(`:${String(first.child.pid)}`);
    // Another dataset is nobody's business.
    expect(await workspace.tierd('rotate', 'other')).toMatchObject({ exitCode: 0 });
    await held.query('rollback');
    expect(await first.ended).toBe(0);
    expect(await expectWhole(workspace, 'ticks')).toEqual({ hot: 100 });
    expect(await expectWhole(workspace, 'other')).toEqual({ hot: 100 });
    expect(await strayFiles(db, 'ticks', workspace.lake)).toEqual([]);
  });
});

describe('a lease that is lost after moves', () => {
  it('ends with 4 and says so, with what was moved, in words, in JSON and in the ledger', async () => {
    await fill('ticks');
    const workspace = makeWorkspace(database, TICKS);
    await workspace.tierd('migrate');
    const held = await holdRow('ticks', 60);
    const running = workspace.start('rotate', '--json');
    await untilDeleteWaits();
    await database.query(
      `update tierd.leases set holder = 'another', token = token + 1,
         expires_at = clock_timestamp() + interval '1 minute'`,
    );
    await held.query('rollback');
    expect(await running.ended).toBe(4);
    const report = JSON.parse(running.stdout()) as { datasets: readonly unknown[] };
    expect(report.datasets).toMatchObject([
      {
        error: {
          code: 'LEASE_LOST',
          exitCode: 4,
          message: expect.stringMatching(/before that 1 of 3 moves were done \(50 rows\)/),
          context: { rowsMoved: '50' },
        },
      },
    ]);
    const { rows } = await database.query('select state, rows_moved::int as rows from tierd.runs');
    expect(rows).toEqual([{ state: 'partly', rows: 50 }]);
  });
});

describe('auto_rotation that is switched off', () => {
  it('refuses what nobody asked for by name, unless forced', async () => {
    await fill('ticks');
    const off = 'storage: { lifecycle: { auto_rotation: { enabled: false } } }';
    const workspace = makeWorkspace(database, TICKS, off);
    await workspace.tierd('migrate');
    const { exitCode, stdout, stderr } = await workspace.tierd('rotate');
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toContain('auto_rotation.enabled');
    expect(stderr).toContain('--force');
    expect(await expectWhole(workspace, 'ticks')).toEqual({ hot: 250 });
    expect(await workspace.tierd('rotate', 'ticks')).toMatchObject({ exitCode: 0 });
    expect(await workspace.tierd('rotate', '--force')).toMatchObject({ exitCode: 0 });
  });
});

describe('Ctrl-C during a rotation', () => {
  let workspace: Workspace;
  let held: pg.Client;
  let running: RunningTierd;

  /** In the second of three moves, whose delete waits for a row. */
  beforeEach(async () => {
    await fill('ticks');
    workspace = makeWorkspace(database, TICKS);
    await workspace.tierd('migrate');
    held = await holdRow('ticks', 60);
    running = workspace.start('rotate');
    await untilDeleteWaits();
    running.child.kill('SIGINT');
    await expect.poll(running.stderr, PATIENCE).toContain('press again to stop at once');
  });

  it('ends the step, says where it stands and exits 130; the next run goes on (I4)', async () => {
    expect(running.child.exitCode).toBeNull();
    await held.query('rollback');
    expect(await running.ended).toBe(130);
    const standing = /ticks was interrupted: (\d) of 3 moves were done \((\d+) rows\)/i;
    const [, moves, rows] = standing.exec(running.stderr()) ?? [];
    expect(Number(moves) * ROWS_A_DAY).toBe(Number(rows));
    expect(await expectWhole(workspace, 'ticks')).toEqual({ hot: 250 - Number(rows) });
    expect(running.stderr()).toContain('Run the same command again');
    expect((await workspace.tierd('status')).stdout).toContain('interrupted');
    await expectConverged(workspace);
  });

  it('twice stops at once with 130, and the next run goes on (I4)', async () => {
    running.child.kill('SIGINT');
    expect(await running.ended).toBe(130);
    expect(await readdir(workspace.spill)).toEqual([]);
    await held.query('rollback');
    expect(await expectWhole(workspace, 'ticks')).toEqual({ hot: 200 });
    // Nobody gave the lease back: it ends by itself a minute later, which this stands for.
    expect(await workspace.tierd('rotate')).toMatchObject({ exitCode: 5 });
    await database.query('update tierd.leases set expires_at = clock_timestamp()');
    await expectConverged(workspace);
  });
});

describe('a terminal that goes away during a rotation', () => {
  let workspace: Workspace;
  let held: pg.Client;

  beforeEach(async () => {
    await fill('ticks');
    workspace = makeWorkspace(database, TICKS);
    await workspace.tierd('migrate');
    held = await holdRow('ticks', 60);
  });

  it('has it end as Ctrl-C does, also where it is said twice: nothing is left, the lease is given back', async () => {
    const running = workspace.start('rotate');
    await untilDeleteWaits();
    running.child.kill('SIGHUP');
    await expect.poll(running.stderr, PATIENCE).toContain('The terminal is gone');
    running.child.kill('SIGHUP');
    await held.query('rollback');
    expect(await running.ended).toBe(130);
    expect(await readdir(workspace.spill)).toEqual([]);
    await expectConverged(workspace);
  });

  it('though nobody can be told: a line into a closed terminal is no error', async () => {
    const terminal = openTerminal([process.execPath, TIERD, 'rotate'], workspace.directory);
    await untilDeleteWaits();
    terminal.hangUp();
    await terminal.ended;
    await held.query('rollback');
    const leases = 'select 1 from tierd.leases where expires_at > clock_timestamp()';
    await expect.poll(async () => (await db.query(leases)).rowCount, PATIENCE).toBe(0);
    await expect.poll(() => readdir(workspace.spill), PATIENCE).toEqual([]);
    await expectConverged(workspace);
  });
});

describe('a reader of the output who leaves', () => {
  it('is no trouble, and the rotation is whole', async () => {
    await fill('ticks');
    const workspace = makeWorkspace(database, TICKS);
    await workspace.tierd('migrate');
    const script = `set -o pipefail; ${process.execPath} ${TIERD} rotate -q | true`;
    const child = spawn('bash', ['-c', script], { cwd: workspace.directory });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    await expectConverged(workspace);
  });
});

const PATIENCE = { timeout: 60_000 };

/** A session that has written a row and not committed: whoever deletes it waits. */
async function holdRow(table: string, id: number): Promise<pg.Client> {
  const client = await database.connect();
  onTestFinished(() => client.end());
  await client.query('begin');
  await client.query(`select 1 from ${table} where id = $1 for update`, [id]);
  return client;
}

async function untilDeleteWaits(): Promise<void> {
  const sql = `select 1 from pg_stat_activity
    where query like '%delete from%' and wait_event_type = 'Lock' and datname = current_database()`;
  await expect.poll(async () => (await db.query(sql)).rowCount, PATIENCE).toBe(1);
}
