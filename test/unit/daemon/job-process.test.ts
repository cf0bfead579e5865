/** Real processes: what a job may do to the daemon, and what the daemon may do to a job. */
import { describe, expect, it } from 'vitest';
import { type JobLimits, type JobProcess, startJob } from '../../../src/daemon/job-process.ts';
import { judgeEnd } from '../../../src/daemon/job-result.ts';
import type { JobProgress } from '../../../src/daemon/state.ts';
import { treeRssBytes } from '../../../src/process/tree-memory.ts';
import { childCommand, GENEROUS } from '../../support/job-child.ts';
import { identityOf, isAlive } from '../../support/process-identity.ts';

interface Watched extends JobProcess {
  readonly lines: string[];
  readonly progress: JobProgress[];
  readonly memory: number[];
}

function start(argv: readonly string[], limits: Partial<JobLimits> = {}): Watched {
  const lines: string[] = [];
  const progress: JobProgress[] = [];
  const memory: number[] = [];
  const job = startJob(
    childCommand(...argv),
    { ...GENEROUS, ...limits },
    {
      onLine: (line) => lines.push(line),
      onProgress: (at) => progress.push(at),
      onMemory: (rss) => memory.push(rss),
    },
  );
  return { ...job, lines, progress, memory };
}

describe('a job process', () => {
  it('is given its stdin, its environment and the limit of its heap', async () => {
    const end = await start(['echo']).ended;
    expect(end).toMatchObject({ exitCode: 0, signal: null, stoppedFor: null });
    expect(JSON.parse(end.stdout)).toEqual({
      stdin: 'text',
      execArgv: ['--max-old-space-size=128'],
      a: 'b',
    });
  });

  it('reports its progress, and what else comes over the channel is ignored', async () => {
    const job = start(['progress']);
    await job.ended;
    expect(job.progress).toEqual([{ label: 'x', unit: 'rows', done: 1, total: null }]);
  });

  it('has each line of its stderr handed on, the last one too', async () => {
    const job = start(['lines']);
    await job.ended;
    expect(job.lines).toEqual(['plain', '{"level":"warn","msg":"said","n":1}', 'last']);
  });

  it('that crashes is a value', async () => {
    const end = await start(['crash']).ended;
    expect(end).toMatchObject({ exitCode: null, signal: 'SIGABRT' });
    expect(judgeEnd(end).state).toBe('crashed');
  });

  it('that cannot be started is a value', async () => {
    const command = { ...childCommand('exit', '0'), workingDirectory: '/nowhere/at/all' };
    const nothing = { onLine: () => 0, onProgress: () => 0, onMemory: () => 0 };
    const job = startJob(command, GENEROUS, nothing);
    expect(job.pid).toBeNull();
    expect(judgeEnd(await job.ended)).toMatchObject({
      state: 'crashed',
      errorMessage: expect.stringContaining('could not be started'),
    });
  });

  it('that cannot be started and is stopped at once ends nothing else', async () => {
    const command = { ...childCommand('echo'), workingDirectory: '/nowhere' };
    const hooks = {
      onLine: () => undefined,
      onProgress: () => undefined,
      onMemory: () => undefined,
    };
    const signals: string[] = [];
    const note = (signal: string): void => void signals.push(signal);
    process.on('SIGTERM', note);
    const job = startJob(command, GENEROUS, hooks);
    job.stop('stop');
    expect(await job.ended).toMatchObject({ startFailure: expect.stringContaining('ENOENT') });
    // What this process sent to its own group has come by then.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('SIGTERM', note);
    expect(signals).toEqual([]);
  });

  it('is asked to end at its timeout', async () => {
    const end = await start(['obey'], { timeoutMs: 400 }).ended;
    expect(end.stoppedFor).toBe('timeout');
    expect(judgeEnd(end).state).toBe('timeout');
  });

  it('that does not obey is killed', async () => {
    const job = start(['stubborn'], { killAfterMs: 100 });
    await expect.poll(() => job.lines).toEqual(['up']);
    job.stop('cancel');
    job.stop('stop');
    expect(await job.ended).toMatchObject({ signal: 'SIGKILL', stoppedFor: 'cancel' });
  });

  it('takes with it what it started', async () => {
    const job = start(['parent'], { killAfterMs: 100 });
    await expect.poll(() => job.lines).toHaveLength(1);
    const grandchild = identityOf(Number(job.lines[0]));
    expect(treeRssBytes(job.pid ?? 0)).toBeGreaterThan(treeRssBytes(grandchild.pid) ?? 0);
    job.stop('stop');
    await job.ended;
    await expect.poll(() => isAlive(grandchild)).toBe(false);
  });

  it('is killed when it holds more memory than its limit', async () => {
    const job = start(['eat'], { memoryBytes: 200 * 1024 * 1024 });
    const end = await job.ended;
    expect(end).toMatchObject({ signal: 'SIGKILL', stoppedFor: 'memory' });
    expect(judgeEnd(end).state).toBe('out_of_memory');
    expect(job.memory.length).toBeGreaterThan(0);
  });
});
