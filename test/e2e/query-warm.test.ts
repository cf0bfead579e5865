/** A process of queries that stays for the next one: what of it stays, what never does, and when it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { TIERD } from '../support/cli.ts';
import {
  type DaemonScene,
  makeDaemon,
  PATIENCE,
  pageOf,
  said,
  stopped,
} from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { identityOf, isAlive } from '../support/process-identity.ts';
import type { RunningTierd } from '../support/workspace.ts';

const TOKEN = 'query-token-0123456789';
const ENDLESS = 'select count(*) from range(1000000) a(i), range(1000000) b(j) where hash(i+j) = 0';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz not null, id int not null, note text)');
  await database.query(
    `insert into ticks select now() - d * interval '1 day' + n * interval '1 second', n, 'n' || n
     from unnest(array[3, 40, 41]) d, generate_series(1, 100) n`,
  );
});

interface Warm {
  readonly scene: DaemonScene;
  readonly daemon: RunningTierd;
  readonly ask: (sql: string) => Promise<{ readonly status: number; readonly text: string }>;
  /** Those of the daemon's children that run queries. */
  readonly pids: () => readonly number[];
}

async function open(keepWarm = '10min'): Promise<Warm> {
  const scene = await makeDaemon(
    database,
    `schedules: {}
query: { concurrency: 2, queue: 8, cache: 0MB, max_memory: 600MB, timeout: 1min, keep_warm: ${keepWarm} }
server: { port: 0, query_token: ${TOKEN}, requests_per_minute: 100000 }`,
  );
  const daemon = scene.run();
  await said(daemon, 'the status page is at');
  const origin = pageOf(daemon);
  return {
    scene,
    daemon,
    ask: async (sql) => {
      const response = await fetch(`${origin}/v1/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify({ sql, format: 'csv' }),
      });
      return { status: response.status, text: await response.text() };
    },
    pids: () => queriesOf(daemon.child),
  };
}

function queriesOf({ pid = 0 }: ChildProcess): readonly number[] {
  return procFile(`${String(pid)}/task/${String(pid)}/children`)
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .filter((child) => procFile(`${String(child)}/cmdline`).includes('query-main'));
}

/** Empty when the process is gone. */
function procFile(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}

function processorMs(pid: number): number {
  const [, rest = ''] = procFile(`${String(pid)}/stat`).split(') ');
  const fields = rest.split(' ').map(Number);
  return ((fields[11] ?? 0) + (fields[12] ?? 0)) * 10;
}

const COUNT = 'select count(*) as n from ticks';

async function sessions(): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await database.query(
    `select a.pid, state, xact_start, backend_xmin,
            (select count(*)::int from pg_locks l where l.pid = a.pid) as locks
     from pg_stat_activity a where application_name = 'tierd/query' and datname = current_database()`,
  );
  return rows as Record<string, unknown>[];
}

describe('a daemon’s process of queries', () => {
  it('answers the next question as well, and keeps nothing of the one before', async () => {
    const { ask, pids, scene } = await open();
    expect(await ask(COUNT)).toEqual({ status: 200, text: 'n\r\n300\r\n' });
    const [first, ...more] = pids();
    expect(more).toEqual([]);
    // Chance that begins at a known point is the same each time in the engine that was told so.
    const chance: string[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await ask('select setseed(0.42)')).status).toBe(200);
      chance.push((await ask('select random() as r')).text);
    }
    expect(chance[0]).toMatch(/^r\r\n0\.\d+\r\n$/);
    expect(chance[1]).not.toBe(chance[0]);
    const [before, after] = [await ask('select now()'), await ask('select now()')];
    expect(after.text).not.toBe(before.text);
    expect((await ask("select current_setting('TimeZone') as z")).text).toBe('z\r\nUTC\r\n');
    // The views of the question before: this one names none, and nothing is in the lake.
    expect((await ask('show tables')).text).toBe('name\r\n');
    await database.query("insert into ticks values (now(), 0, 'new')");
    expect((await ask(COUNT)).text).toBe('n\r\n301\r\n');
    await database.query('delete from ticks where id = 0');
    expect((await ask(COUNT)).text).toBe('n\r\n300\r\n');
    expect(pids()).toEqual([first]);
    await expect.poll(() => readdirSync(scene.workspace.spill)).toEqual([]);
  });

  it('holds no snapshot and no lock while it waits, and stands the end of its session', async () => {
    const { ask, pids } = await open();
    await ask(COUNT);
    const [session] = await sessions();
    expect(session).toMatchObject({
      state: 'idle',
      xact_start: null,
      backend_xmin: null,
      locks: 0,
    });
    const before = pids();
    await database.query('select pg_terminate_backend($1::int)', [session?.['pid']]);
    expect((await ask(COUNT)).text).toBe('n\r\n300\r\n');
    expect(pids()).toEqual(before);
  });

  it('stays where a question can not be asked as it stands, and nothing of it is seen by the next', async () => {
    const { ask, pids } = await open();
    await ask(COUNT);
    const before = pids();
    for (const [sql, status] of [
      ['select nothing from ticks', 400],
      ['select', 400],
      ['drop table ticks', 403],
      ['select $1 as a', 400],
    ] as const) {
      expect((await ask(sql)).status, sql).toBe(status);
      expect((await ask(COUNT)).text).toBe('n\r\n300\r\n');
    }
    expect(pids()).toEqual(before);
  });

  it('is another after one that failed, was killed or was too large', async () => {
    const { ask, pids } = await open();
    await ask(COUNT);
    const [first = 0] = pids();
    const one = identityOf(first);
    expect((await ask("select 'x'::int from ticks")).status).toBe(422);
    expect(isAlive(one)).toBe(false);
    await ask(COUNT);
    const [second = 0] = pids();
    process.kill(second, 'SIGKILL');
    expect((await ask(COUNT)).text).toBe('n\r\n300\r\n');
    const [third = 0] = pids();
    const busyMs = processorMs(third);
    const asking = ask(ENDLESS);
    await expect.poll(() => processorMs(third) - busyMs, PATIENCE).toBeGreaterThan(500);
    process.kill(third, 'SIGKILL');
    expect(await asking).toMatchObject({ status: 503, text: expect.stringContaining('SIGKILL') });
    expect((await ask(COUNT)).text).toBe('n\r\n300\r\n');
    expect(await ask('select len(range(400000000)) as n')).toMatchObject({
      status: 422,
      text: expect.stringContaining('query.max_memory'),
    });
    expect((await ask(COUNT)).text).toBe('n\r\n300\r\n');
    expect(pids()).not.toContain(third);
  });

  it('ends when nobody has asked for a while', async () => {
    const { ask, pids } = await open('300ms');
    expect((await ask(COUNT)).text).toBe('n\r\n300\r\n');
    await expect.poll(pids, PATIENCE).toEqual([]);
    await expect.poll(sessions, PATIENCE).toEqual([]);
    expect((await ask(COUNT)).text).toBe('n\r\n300\r\n');
  });

  it('answers eight clients at once, in as many processes as may run', async () => {
    const { ask, pids } = await open();
    let most = 0;
    const client = async (id: number): Promise<void> => {
      for (let turn = 0; turn < 10; turn += 1) {
        const { status, text } = await ask(
          `select ${String(id)} as id, ${String(turn)} as turn, count(*) as n from ticks where id <= ${String(10 * id)}`,
        );
        expect({ status, text }).toEqual({
          status: 200,
          text: `id,turn,n\r\n${String(id)},${String(turn)},${String(30 * id)}\r\n`,
        });
        most = Math.max(most, pids().length);
      }
    };
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(client));
    expect(most).toBe(2);
  });

  it('ends with a new configuration, with the daemon, and with a daemon that is killed', async () => {
    const { ask, pids, daemon, scene } = await open();
    const started = async (): Promise<() => boolean> => {
      await ask(COUNT);
      const identity = identityOf(pids()[0] ?? 0);
      return () => isAlive(identity);
    };
    const first = await started();
    scene.edit('timeout: 1min', 'timeout: 2min');
    daemon.child.kill('SIGHUP');
    await expect.poll(first, PATIENCE).toBe(false);
    const second = await started();
    await stopped(daemon);
    expect(second()).toBe(false);

    const other = await open();
    await other.ask(COUNT);
    const third = identityOf(other.pids()[0] ?? 0);
    other.daemon.child.kill('SIGKILL');
    await expect.poll(() => isAlive(third), PATIENCE).toBe(false);
    await expect.poll(sessions, PATIENCE).toEqual([]);
  });
});

it('the shell asks one process after the other question, and ends it', async () => {
  const { scene } = await open();
  const shell = spawn(process.execPath, [TIERD, 'query', '-i', '--format', 'csv'], {
    cwd: scene.workspace.directory,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => void shell.kill('SIGKILL'));
  let text = '';
  shell.stdout.setEncoding('utf8').on('data', (part: string) => void (text += part));
  shell.stdin.write('select 41 + 1 as n;\n');
  await expect.poll(() => text, PATIENCE).toBe('n\r\n42\r\n');
  const [pid = 0] = queriesOf(shell);
  const identity = identityOf(pid);
  shell.stdin.write(`${COUNT};\n`);
  await expect.poll(() => text, PATIENCE).toBe('n\r\n42\r\nn\r\n300\r\n');
  expect(queriesOf(shell)).toEqual([pid]);
  shell.stdin.end();
  await expect.poll(() => shell.exitCode, PATIENCE).toBe(0);
  expect(isAlive(identity)).toBe(false);
});
