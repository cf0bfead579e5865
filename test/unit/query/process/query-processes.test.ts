/** Real processes that stay for the next question: which one answers it, and which are ended. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { QueryCommand } from '../../../../src/query/process/query-process.ts';
import { type Keeping, QueryProcesses } from '../../../../src/query/process/query-processes.ts';
import { identityOf, isAlive } from '../../../support/process-identity.ts';

/** Answers with its pid, and says by each row whose it is. */
const PROGRAM = `
import { Socket } from 'node:net';
const rows = new Socket({ fd: 4, readable: false, writable: true });
rows.on('error', () => undefined);
const held = [];
const answer = (text) => { rows.write(text); process.send({ kind: 'answered', summary: { rows: process.pid }, rowBytes: text.length }); };
const ways = {
  answers() { answer('row of ' + process.pid); },
  isSlow() { setTimeout(() => answer('slow'), 200); },
  isLong() { answer('x'.repeat(3000000)); },
  refuses() { process.send({ kind: 'failed', error: { code: 'QUERY_INVALID', message: 'm', context: {}, stack: 's' }, rowBytes: 0 }); },
  failsAtOnce() { process.send({ kind: 'failed', error: { code: 'QUERY_FAILED', message: 'm', context: {}, stack: 's' }, rowBytes: 0 }); },
  isUnforeseen() { process.send({ kind: 'failed', error: { code: null, message: 'm', context: {}, stack: 's' }, rowBytes: 0 }); },
  fails() { rows.write('half'); process.send({ kind: 'failed', error: { code: 'QUERY_INVALID', message: 'm', context: {}, stack: 's' }, rowBytes: 4 }); },
  grows() { held.push(Buffer.alloc(200 << 20, 1)); answer(''); },
  dies() { process.kill(process.pid, 'SIGKILL'); },
};
process.on('message', (said) => {
  if (said.kind === 'leave') process.exit(0);
  if (said.kind !== 'task') return;
  process.send({ kind: 'taken' });
  ways[said.task]();
});
`;

const LONG_MS = 600_000;
const directory = mkdtempSync(join(tmpdir(), 'tierd-processes-'));
writeFileSync(join(directory, 'child.mjs'), PROGRAM);
afterAll(() => rmSync(directory, { recursive: true }));

const COMMAND: QueryCommand = {
  argv: [process.execPath, join(directory, 'child.mjs')],
  env: {},
  workingDirectory: directory,
};
const opened: QueryProcesses[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

function open(keeping: Partial<Keeping> = {}): QueryProcesses {
  const processes = new QueryProcesses({ maxIdle: 2, maxIdleBytes: 150 * 1024 ** 2, ...keeping });
  opened.push(processes);
  return processes;
}

interface Asking {
  readonly command?: QueryCommand;
  readonly keepMs?: number;
  readonly signal?: AbortSignal;
  readonly write?: (text: string) => void;
}

/** @returns the pid of the process that answered */
async function ask(processes: QueryProcesses, way: string, options: Asking = {}): Promise<number> {
  const { command = COMMAND, keepMs = LONG_MS, signal = new AbortController().signal } = options;
  const watch = {
    maxMemoryBytes: 1e9,
    signal,
    write: async (part: Buffer) => options.write?.(part.toString()),
    warn: () => undefined,
  };
  const { rows } = await processes.ask(command, way, watch, keepMs);
  return rows;
}

const identified = (pid: number): (() => boolean) => {
  const identity = identityOf(pid);
  return () => isAlive(identity);
};

describe('a process of queries', () => {
  it('answers one after the other, each with its own rows', async () => {
    const processes = open();
    const pid = await ask(processes, 'answers');
    for (const way of ['isLong', 'answers', 'isLong', 'answers']) {
      let text = '';
      expect(await ask(processes, way, { write: (part) => void (text += part) })).toBe(pid);
      expect(text).toBe(way === 'isLong' ? 'x'.repeat(3_000_000) : `row of ${String(pid)}`);
    }
  });

  it('is asked nothing else while it answers', async () => {
    const processes = open();
    const pids = await Promise.all([ask(processes, 'isSlow'), ask(processes, 'isSlow')]);
    expect(new Set(pids).size).toBe(2);
    expect(pids).toContain(await ask(processes, 'answers'));
  });

  it('that has refused a question as it stands answers the next', async () => {
    const processes = open();
    const pid = await ask(processes, 'answers');
    for (let turn = 0; turn < 3; turn += 1) {
      await expect(ask(processes, 'refuses')).rejects.toMatchObject({ code: 'QUERY_INVALID' });
      expect(await ask(processes, 'answers')).toBe(pid);
    }
    await expect(ask(processes, 'refuses', { keepMs: 0 })).rejects.toMatchObject({
      code: 'QUERY_INVALID',
    });
    expect(await ask(processes, 'answers')).not.toBe(pid);
  });

  it.each(['failsAtOnce', 'isUnforeseen', 'dies'])('that %s is ended', async (way) => {
    const processes = open();
    const pid = await ask(processes, 'answers');
    const isThere = identified(pid);
    await expect(ask(processes, way)).rejects.toThrow();
    expect(isThere()).toBe(false);
    expect(await ask(processes, 'answers')).not.toBe(pid);
  });

  it('that was interrupted before it refused is ended', async () => {
    const processes = open();
    const pid = await ask(processes, 'answers');
    const stop = new AbortController();
    const asking = ask(processes, 'refuses', { signal: stop.signal });
    stop.abort();
    await expect(asking).rejects.toThrow();
    expect(await ask(processes, 'answers')).not.toBe(pid);
  });

  it('that failed is ended, and what it wrote is not taken for rows of the next', async () => {
    const processes = open();
    const first = await ask(processes, 'answers');
    const isThere = identified(first);
    await expect(ask(processes, 'fails')).rejects.toMatchObject({ code: 'QUERY_INVALID' });
    expect(isThere()).toBe(false);
    let text = '';
    const second = await ask(processes, 'answers', { write: (part) => void (text += part) });
    expect(second).not.toBe(first);
    expect(text).toBe(`row of ${String(second)}`);
  });

  it('that was interrupted after it had answered is ended', async () => {
    const processes = open();
    const stop = new AbortController();
    const first = await ask(processes, 'isLong', {
      signal: stop.signal,
      write: () => stop.abort(),
    }).catch(() => null);
    expect(await ask(processes, 'answers')).not.toBe(first);
  });

  it('that was killed while it waited is no trouble of the next question', async () => {
    const processes = open();
    const first = await ask(processes, 'answers');
    const isThere = identified(first);
    // In the same turn, so that nobody has heard of it when the question is handed over.
    process.kill(first, 'SIGKILL');
    const second = await ask(processes, 'answers');
    expect(second).not.toBe(first);
    expect(isThere()).toBe(false);
    process.kill(second, 'SIGKILL');
    await expect.poll(identified(second)).toBe(false);
    expect(await ask(processes, 'answers')).not.toBe(second);
  });

  it('that dies with a question in hand has failed it, and is not asked twice', async () => {
    const processes = open();
    await ask(processes, 'answers');
    await expect(ask(processes, 'dies')).rejects.toMatchObject({
      code: 'QUERY_ENGINE_DIED',
      message: expect.stringContaining('was ended by SIGKILL'),
    });
    await ask(processes, 'answers');
  });

  it('that has grown is ended after its answer', async () => {
    const processes = open();
    const first = await ask(processes, 'grows');
    expect(await ask(processes, 'answers')).not.toBe(first);
  });

  it('ends when nobody asked it for a while', async () => {
    const processes = open();
    const isThere = identified(await ask(processes, 'answers', { keepMs: 50 }));
    await expect.poll(isThere).toBe(false);
  });

  it.each([
    ['none may stay', { maxIdle: 0 }, LONG_MS],
    ['they may stay for no time', {}, 0],
  ])('ends with its question where %s', async (_, keeping, keepMs) => {
    const processes = open(keeping);
    const first = await ask(processes, 'answers', { keepMs });
    expect(() => process.kill(first, 0)).toThrow('ESRCH');
  });

  it('is one of so many as may stay', async () => {
    const processes = open({ maxIdle: 1 });
    const pids = await Promise.all([ask(processes, 'isSlow'), ask(processes, 'isSlow')]);
    const alive = pids.filter((pid) => identified(pid)());
    expect(alive).toEqual([await ask(processes, 'answers')]);
  });

  it('that was started otherwise is not asked', async () => {
    const processes = open();
    const first = await ask(processes, 'answers');
    const other = { ...COMMAND, env: { LANG: 'C' } };
    expect(await ask(processes, 'answers', { command: other })).not.toBe(first);
    expect(await ask(processes, 'answers')).toBe(first);
  });

  it('that can not be started is told as such, and its parent lives on', async () => {
    const nowhere = { ...COMMAND, workingDirectory: join(directory, 'gone') };
    await expect(ask(open(), 'answers', { command: nowhere })).rejects.toMatchObject({
      code: 'QUERY_ENGINE_DIED',
      message: expect.stringContaining('could not be started'),
    });
  });

  it('of a configuration that is no more ends, at once or with its question', async () => {
    const processes = open();
    const waiting = identified(await ask(processes, 'answers'));
    const [busy, other] = [ask(processes, 'isSlow'), ask(processes, 'isSlow')];
    processes.renew();
    const pids = await Promise.all([busy, other]);
    await expect.poll(waiting).toBe(false);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('is gone when all are closed', async () => {
    const processes = open();
    const pid = await ask(processes, 'answers');
    const slow = ask(processes, 'isSlow');
    await processes.close();
    const last = await slow;
    for (const one of [pid, last]) expect(() => process.kill(one, 0)).toThrow('ESRCH');
  });
});
