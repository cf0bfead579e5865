/** The process that a query runs in: what it may take, and what is left when it, or its parent, ends. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TIERD } from '../support/cli.ts';
import { jobPidOf, PATIENCE } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { identityOf, isAlive } from '../support/process-identity.ts';
import {
  makeWorkspace,
  type RunningTierd,
  startTierd,
  type Workspace,
} from '../support/workspace.ts';

let database: TestDatabase;
let workspace: Workspace;

const DATASETS = '  ticks: { time_column: ts }';
/** Goes on for minutes, in the engine, with nothing of PostgreSQL open any more. */
const ENDLESS =
  'select count(*) from range(1000000) a(i), range(1000000) b(j) where hash(i + j) = 0';
/** Rows without end, a little at a time. */
const CHATTY = 'select i from range(100000000000) t(i)';

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz not null, id int not null, note text)');
  await database.query(
    `insert into ticks
     select now() - n * interval '1 minute', n, repeat('n', 100) from generate_series(1, 400000) n`,
  );
});

async function fresh(more = ''): Promise<Workspace> {
  workspace = makeWorkspace(database, DATASETS, more);
  expect(await workspace.tierd('migrate')).toMatchObject({ exitCode: 0 });
  return workspace;
}

/** The pid of its query's process, once that is there. */
async function engineOf(tierd: RunningTierd): Promise<number> {
  await expect.poll(() => jobPidOf(tierd), PATIENCE).not.toBeNull();
  return jobPidOf(tierd) ?? 0;
}

/** Until the engine runs, and has told PostgreSQL all it wanted. */
async function engineAtWork(tierd: RunningTierd): Promise<number> {
  const pid = await engineOf(tierd);
  await expect.poll(() => processorMs(pid), PATIENCE).toBeGreaterThan(2_000);
  await expect.poll(openSessions, PATIENCE).toBe(0);
  return pid;
}

function processorMs(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(') ');
  const fields = rest.split(' ').map(Number);
  return ((fields[11] ?? 0) + (fields[12] ?? 0)) * 10;
}

/** Sessions of queries that do something: an idle one waits for the end of its process. */
async function openSessions(): Promise<number> {
  const { rows } = await database.query(
    `select count(*)::int as n from pg_stat_activity
     where application_name = 'tierd/query' and datname = current_database() and state <> 'idle'`,
  );
  return (rows[0] as { n: number }).n;
}

async function readersOfTicks(): Promise<number> {
  const { rows } = await database.query(
    `select count(*)::int as n from pg_locks where relation = 'ticks'::regclass`,
  );
  return (rows[0] as { n: number }).n;
}

async function nothingIsLeft(): Promise<void> {
  await expect.poll(openSessions, PATIENCE).toBe(0);
  await expect.poll(readersOfTicks, PATIENCE).toBe(0);
  await expect.poll(() => readdirSync(workspace.spill), PATIENCE).toEqual([]);
  const parts = (): string[] =>
    readdirSync(workspace.directory).filter((name) => name.endsWith('.part'));
  await expect.poll(parts, PATIENCE).toEqual([]);
}

/** Megabytes; 0 when it is gone. */
function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

describe('a query that outgrows its memory', () => {
  it.each([
    ['a long text', "select length(repeat('x', 1000000000)) as n"],
    [
      'texts of many rows',
      "select sum(length(repeat('x', 300000000 + i::int))) as n from range(8) t(i)",
    ],
    ['a list of numbers', 'select len(range(400000000)) as n'],
    ['a list of all rows', 'select len(list(i)) as n from range(400000000) t(i)'],
    [
      'a text of all rows',
      "select length(string_agg(i::varchar, ',')) as n from range(400000000) t(i)",
    ],
    [
      'groups that can not be spilled',
      'select i % 8, len(list(hash(i))) from range(100000000) t(i) group by 1',
    ],
  ])('is ended before it harms others, and says which key bounds it: %s', async (_, sql) => {
    await fresh('query: { max_memory: 600MB }');
    const file = join(workspace.directory, 'out.csv');
    writeFileSync(file, 'what was there');
    const query = workspace.start('query', sql, '--format', 'csv', '--output', file);
    let peak = 0;
    const looking = setInterval(() => {
      const pid = jobPidOf(query);
      if (pid !== null) peak = Math.max(peak, peakOf(pid));
    }, 2);
    const exitCode = await query.ended;
    clearInterval(looking);
    expect(exitCode, query.stderr()).toBe(1);
    expect(query.stderr()).toContain('QUERY_TOO_LARGE');
    expect(query.stderr()).toContain('query.max_memory');
    expect(query.stderr()).not.toMatch(/\n\s+at /);
    // What the kernel allows at the most, and what is resident of the program itself.
    expect(peak).toBeLessThan(600 + 256 + 100);
    expect(readFileSync(file, 'utf8')).toBe('what was there');
    await nothingIsLeft();
  });
});

describe('the process of a query', () => {
  it('that is killed is told in words, and leaves nothing', async () => {
    await fresh();
    const query = workspace.start('query', ENDLESS, '-o', 'out.parquet', '-F', 'parquet');
    process.kill(await engineAtWork(query), 'SIGKILL');
    expect(await query.ended).toBe(1);
    expect(query.stderr()).toContain('was ended by SIGKILL');
    expect(query.stderr()).toContain('QUERY_ENGINE_DIED');
    expect(query.stderr()).not.toMatch(/\n\s+at /);
    expect(existsSync(join(workspace.directory, 'out.parquet'))).toBe(false);
    await nothingIsLeft();
  });

  it('that is killed while it reads the table lets go of it', async () => {
    await fresh();
    const blocker = await database.connect();
    await blocker.query('begin; lock table ticks in access exclusive mode');
    const query = workspace.start('query', 'select count(note) from ticks');
    await expect.poll(openSessions, PATIENCE).toBe(1);
    process.kill(await engineOf(query), 'SIGKILL');
    expect(await query.ended).toBe(1);
    await blocker.query('commit');
    await nothingIsLeft();
    await database.query('alter table ticks alter column note set not null');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends at once with its parent’s %s', async (signal) => {
    await fresh();
    const query = workspace.start('query', ENDLESS, '-o', 'out.csv', '-F', 'csv');
    const engine = identityOf(await engineAtWork(query));
    query.child.kill(signal);
    expect(await query.ended).toBe(130);
    expect(query.stderr()).toContain('INTERRUPTED');
    expect(isAlive(engine)).toBe(false);
    await nothingIsLeft();
  });

  it('ends with a parent that is killed, and removes what both had made', async () => {
    await fresh();
    const query = workspace.start('query', ENDLESS, '-o', 'out.csv', '-F', 'csv');
    const engine = identityOf(await engineAtWork(query));
    query.child.kill('SIGKILL');
    await expect.poll(() => isAlive(engine), PATIENCE).toBe(false);
    await nothingIsLeft();
  });

  it('ends when its reader has seen enough, without a word', async () => {
    await fresh();
    const query = spawn(
      'bash',
      [
        '-c',
        `set -o pipefail; '${process.execPath}' '${TIERD}' query "${CHATTY}" -F csv | head -3`,
      ],
      { cwd: workspace.directory, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let text = '';
    for (const stream of [query.stdout, query.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => void (text += part));
    }
    expect(await once(query, 'close')).toEqual([0, null]);
    expect(text).toBe('i\r\n0\r\n1\r\n');
    await nothingIsLeft();
  });

  it('waits for a reader who is slow, and does not pile up rows', async () => {
    await fresh();
    const child = spawn(process.execPath, [TIERD, 'query', CHATTY, '-F', 'csv'], {
      cwd: workspace.directory,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const query = { child, stdout: () => '', stderr: () => '', ended: once(child, 'close') };
    const engine = await engineOf(query as unknown as RunningTierd);
    await once(child.stdout, 'readable');
    // It has filled what lies between, and stands still.
    let before = -1;
    await expect
      .poll(
        () => {
          const now = processorMs(engine);
          const isStill = now === before;
          before = now;
          return isStill;
        },
        { ...PATIENCE, interval: 1_000 },
      )
      .toBe(true);
    expect(peakOf(engine)).toBeLessThan(300);
    expect(peakOf(child.pid ?? 0)).toBeLessThan(300);
    child.kill('SIGTERM');
    expect(await query.ended).toEqual([130, null]);
    await nothingIsLeft();
  });

  it('is given no secret that it does not need, and is the first that the kernel would end', async () => {
    await fresh();
    const query = startTierd(process.execPath, [TIERD, 'query', ENDLESS], workspace.directory, {
      STATUS_TOKEN: 'a secret of the status page',
    });
    const pid = await engineAtWork(query);
    const environment = readFileSync(`/proc/${String(pid)}/environ`, 'utf8');
    expect(environment).toContain('UV_THREADPOOL_SIZE=');
    expect(environment).not.toContain('STATUS_TOKEN');
    const commandLine = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
    expect(commandLine).not.toContain('postgres://');
    expect(readFileSync(`/proc/${String(pid)}/oom_score_adj`, 'utf8').trim()).toBe('1000');
    query.child.kill('SIGTERM');
    expect(await query.ended).toBe(130);
  });
});
