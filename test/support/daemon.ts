/** The built daemon in a workspace of its own, with what tests ask of it. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, vi } from 'vitest';
import { TIERD } from './cli.ts';
import type { TestDatabase } from './database.ts';
import { makeWorkspace, type RunningTierd, startTierd, type Workspace } from './workspace.ts';

export interface JobRun {
  readonly id: string;
  readonly job: string;
  readonly cause: string;
  readonly state: string;
  readonly holder: string;
  readonly attempts: number;
  /** ms since 1970 */
  readonly slot: number | null;
  /** ms since 1970; null while it runs. */
  readonly finished: number | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

export interface DaemonScene {
  readonly workspace: Workspace;
  /** Starts `tierd run`, with more in its environment and on its command line; it is gone when the test has finished. */
  readonly run: (env?: Readonly<Record<string, string>>, argv?: readonly string[]) => RunningTierd;
  /** The ledger's runs, oldest first. */
  readonly runs: (job?: string) => Promise<readonly JobRun[]>;
  readonly hotRows: (table: string) => Promise<number>;
  /** Replaces text of the configuration file. */
  readonly edit: (from: string | RegExp, to: string) => void;
}

/** Seldom enough for the allowance of a client of the status page. */
export const PATIENCE = { timeout: 240_000, interval: 150 };

/** Rows of `ticks`: as many days that are due as `dueDays`, each of `rows`, and one that stays. */
export async function fillTicks(
  database: Pick<TestDatabase, 'query'>,
  shape: { readonly dueDays: number; readonly rows: number; readonly table?: string },
): Promise<void> {
  const { dueDays, rows, table = 'ticks' } = shape;
  await database.query(`create table if not exists ${table} (ts timestamptz, id int)`);
  await database.query(`create index if not exists ${table}_ts on ${table} (ts)`);
  for (const day of [5, ...Array.from({ length: dueDays }, (_, n) => 40 + n)]) {
    await database.query(
      `insert into ${table}
       select date_trunc('day', now(), 'UTC') - $1::int * interval '1 day' + n * interval '10 ms', n
       from generate_series(0, $2::int - 1) n`,
      [day, rows],
    );
  }
}

/** `sections` is YAML; `daemon` and `schedules` belong into it. The ledger is there. */
export async function makeDaemon(
  database: Pick<TestDatabase, 'url' | 'query'>,
  sections: string,
  datasets = '  ticks: { time_column: ts }',
): Promise<DaemonScene> {
  const workspace = makeWorkspace(database, datasets, sections);
  const migrated = await workspace.tierd('migrate');
  expect(migrated).toMatchObject({ exitCode: 0 });
  return {
    workspace,
    run: (env = {}, argv = []) => {
      const command = [TIERD, 'run', ...argv];
      const daemon = startTierd(process.execPath, command, workspace.directory, env);
      onTestFinished(() => end(daemon));
      return daemon;
    },
    runs: async (job) => {
      const { rows } = await database.query(
        `select id::text, job, cause, state, holder, attempts, (extract(epoch from slot) * 1000)::float8 as slot,
           (extract(epoch from finished_at) * 1000)::float8 as finished, error_code, error_message
         from tierd.job_runs where $1::text is null or job = $1 order by job_runs.id`,
        [job ?? null],
      );
      return rows as JobRun[];
    },
    hotRows: async (table) => {
      const { rows } = await database.query(`select count(*)::int as count from ${table}`);
      return (rows[0] as { count: number }).count;
    },
    edit: (from, to) => {
      const before = readFileSync(workspace.config, 'utf8');
      const after = before.replace(from, to);
      expect(after).not.toBe(before);
      writeFileSync(workspace.config, after);
    },
  };
}

/** Ends a daemon that a test left behind, stopped or not, and its jobs, which hold its streams open. */
async function end({ child, ended }: RunningTierd): Promise<void> {
  if (isGone(child)) return;
  const jobs = childrenOf(child);
  child.kill('SIGKILL');
  for (const pid of jobs) endProcess(pid);
  await ended;
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function isGone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Waits for a line of the daemon's log. */
export async function said(
  daemon: RunningTierd,
  text: string | RegExp,
  patience = PATIENCE,
): Promise<void> {
  await expect.poll(() => daemon.stderr(), patience).toMatch(text);
}

/** Where its status page is, once it has said so: a port of 0 is one that is free. */
export function pageOf(daemon: RunningTierd): string {
  const [, origin = ''] = /the status page is at (\S+)\/$/m.exec(daemon.stderr()) ?? [];
  expect(origin, daemon.stderr()).not.toBe('');
  return origin;
}

/** The same as soon as it says so; also before the first test, where nothing can be polled. */
export function whenServing(daemon: RunningTierd): Promise<string> {
  return vi.waitFor(() => pageOf(daemon), PATIENCE);
}

/** Asks it to stop, and it does. */
export async function stopped(daemon: RunningTierd): Promise<void> {
  daemon.child.kill('SIGTERM');
  expect(await daemon.ended, daemon.stderr()).toBe(0);
}

/**
 * The pid of the job's process that runs now, by the process tree of the daemon. One that is forked
 * and not yet its own program is none: its parent waits for it, so to stop it would stop the daemon.
 */
export function jobPidOf(daemon: RunningTierd): number | null {
  const [first] = childrenOf(daemon.child);
  if (first === undefined) return null;
  const [program, own] = [commandLineOf(first), commandLineOf(daemon.child.pid ?? 0)];
  return program === '' || program === own ? null : first;
}

function childrenOf({ pid = 0 }: ChildProcess): readonly number[] {
  return procFile(`${String(pid)}/task/${String(pid)}/children`)
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

function commandLineOf(pid: number): string {
  return procFile(`${String(pid)}/cmdline`);
}

/** Empty when the process is gone. */
function procFile(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}
