/** The runner with real processes; only the ledger is held in memory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { JobDefinition, JobLedger } from '../../../src/daemon/job.ts';
import { startJob } from '../../../src/daemon/job-process.ts';
import { JobRunner } from '../../../src/daemon/job-runner.ts';
import { Outages } from '../../../src/daemon/outages.ts';
import { reduce } from '../../../src/daemon/reduce-state.ts';
import { type DaemonState, initialState } from '../../../src/daemon/state.ts';
import { TierdError } from '../../../src/domain/errors.ts';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { childCommand, GENEROUS } from '../../support/job-child.ts';

const DEFINITION: JobDefinition = {
  name: 'job',
  argv: ['exit', '0'],
  dryRunArgv: null,
  schedule: { kind: 'every', everyMs: 1_000 },
  isLoop: false,
  jitterMs: 0,
  overlap: 'skip',
  catchUp: true,
  timeoutMs: null,
  retry: { retries: 0, firstDelayMs: 20, maxDelayMs: 50 },
  circuit: { openAfter: 2, coolDownMs: 60_000 },
};

/** Each run is a process. */
const PATIENTLY = { timeout: 60_000 };

interface Scene {
  readonly runner: JobRunner;
  readonly state: () => DaemonState['jobs'][string];
  readonly ends: { readonly id: string; readonly state: string; readonly attempts: number }[];
  readonly log: string[];
  readonly ledger: { failure: Error | null; isPaused: boolean };
}

const running: JobRunner[] = [];
afterEach(async () => {
  for (const runner of running.splice(0)) await runner.stop();
});

function play(change: Partial<JobDefinition>): Scene {
  const definition = { ...DEFINITION, ...change };
  const ends: { id: string; state: string; attempts: number }[] = [];
  const log: string[] = [];
  const ledger: Scene['ledger'] = { failure: null, isPaused: false };
  let ids = 0;
  const book: JobLedger = {
    begin: async ({ cause }) => {
      if (ledger.failure !== null) throw ledger.failure;
      if (ledger.isPaused && cause !== 'manual') return null;
      ids += 1;
      return String(ids);
    },
    end: async (id, { result, attempts }) => {
      ends.push({ id, state: result.state, attempts });
    },
  };
  let state = initialState({
    owner: 'default',
    holder: 'here:1',
    nowMs: 0,
    configFile: '',
    jobs: [{ name: 'job', command: '', schedule: '' }],
  });
  const say = (_figures: object, text: string): void => void log.push(text);
  const runner = new JobRunner(definition, {
    clock: systemClock,
    random: () => 0.5,
    ledger: book,
    start: ({ argv }, hooks) => startJob(childCommand(...argv), GENEROUS, hooks),
    dispatch: (event) => {
      state = reduce(state, event);
    },
    logger: { debug: say, info: say, warn: say, error: say },
    outages: new Outages({ now: () => 0 }, { debug: say, info: say, warn: say, error: say }),
  });
  running.push(runner);
  return { runner, state: () => state.jobs['job']!, ends, log, ledger };
}

describe('a run', () => {
  it('is in the ledger, in the state and in the log', async () => {
    const { runner, state, ends, log } = play({});
    expect(runner.fire('schedule', 0)).toBe('start');
    await expect.poll(() => state().last).toMatchObject({ runId: '1', state: 'done', attempts: 1 });
    expect(ends).toEqual([{ id: '1', state: 'done', attempts: 1 }]);
    expect(log[0]).toBe('job: started (on schedule)');
    expect(log[1]).toMatch(/^job: done after \d/);
  });

  it('is never there twice: the next slot is left out, or waits, and only one waits', async () => {
    const skipping = play({ argv: ['obey'] });
    expect(skipping.runner.fire('schedule', 0)).toBe('start');
    expect(skipping.runner.fire('schedule', 1)).toBe('skip');
    expect(skipping.state().skipped).toBe(1);

    const queueing = play({ argv: ['obey'], overlap: 'queue-one' });
    expect(['a', 'b', 'c'].map(() => queueing.runner.fire('schedule', 0))).toEqual([
      'start',
      'queue',
      'skip',
    ]);
    await expect.poll(() => queueing.state().running?.pid).toBeGreaterThan(0);
    queueing.runner.cancel('cancel');
    await expect.poll(() => queueing.ends).toHaveLength(1);
    await expect.poll(() => queueing.state().running?.runId).toBe('2');
    expect(queueing.state().isQueued).toBe(false);
  });

  it('is tried again when its error may pass, as often as allowed', async () => {
    const file = join(childCommand().workingDirectory, 'count');
    const enough = play({
      argv: ['counted', file, '3'],
      retry: { ...DEFINITION.retry, retries: 5 },
    });
    enough.runner.fire('schedule', 0);
    await expect.poll(() => enough.state().last).toMatchObject({ state: 'done', attempts: 3 });
    expect(readFileSync(file, 'utf8')).toBe('xxx');

    const scarce = play({
      argv: ['counted', file, '99'],
      retry: { ...DEFINITION.retry, retries: 1 },
    });
    scarce.runner.fire('schedule', 0);
    await expect.poll(() => scarce.state().last).toMatchObject({ state: 'failed', attempts: 2 });
    expect(scarce.state().last?.errorMessage).toBe('try 5');
  });

  it('is not begun while the ledger is away, and begins when it is back', async () => {
    const { runner, state, ledger, log } = play({});
    ledger.failure = new Error('gone fishing');
    runner.fire('schedule', 0);
    await expect.poll(() => log).toContain('job: the ledger could not be written: gone fishing');
    expect(state().running).toBeNull();
    ledger.failure = null;
    await expect.poll(() => state().last?.state).toBe('done');
  });

  it('I8: is not begun by a daemon that no longer leads', async () => {
    const { runner, state, ledger, log } = play({});
    ledger.failure = new TierdError({ code: 'LEASE_LOST', message: 'taken over' });
    runner.fire('schedule', 0);
    await expect.poll(() => log).toHaveLength(1);
    await runner.stop();
    expect(state().last).toBeNull();
    expect(log).toEqual(['job: the ledger could not be written: taken over']);
  });

  it('ends when the daemon stops, and nothing begins after that', async () => {
    const { runner, state, ends } = play({ argv: ['obey'], overlap: 'queue-one' });
    runner.fire('schedule', 0);
    runner.fire('schedule', 1);
    await expect.poll(() => state().running?.pid).toBeGreaterThan(0);
    await runner.stop();
    expect(ends.map((end) => end.state)).toEqual(['interrupted']);
    expect(runner.fire('manual', null)).toBe('skip');
  });
});

describe('a job that keeps failing', () => {
  it('is left alone, and says so; a person may still run it', async () => {
    const { runner, state, log } = play({ argv: ['exit', '1'] });
    for (const id of ['1', '2']) {
      runner.fire('schedule', 0);
      await expect.poll(() => state().last?.runId).toBe(id);
      await expect.poll(() => state().running).toBeNull();
    }
    await expect.poll(() => runner.fire('schedule', 0)).toBe('skip');
    expect(state().circuit).toMatchObject({ kind: 'open', failures: 2 });
    expect(log.some((line) => line.includes('failed 2 times in a row'))).toBe(true);
    expect(runner.fire('manual', null)).toBe('start');
    await expect.poll(() => state().last?.runId).toBe('3');
  });
});

describe('a command that loops', () => {
  it('is started again when it ends, until it is stopped', async () => {
    const { runner, ends, state } = play({ argv: ['exit', '0'], isLoop: true });
    runner.keepLooping();
    runner.keepLooping();
    await expect.poll(() => ends.length).toBeGreaterThan(2);
    expect(state().last?.cause).toBe('loop');
    await runner.stop();
    const count = ends.length;
    runner.keepLooping();
    expect(ends).toHaveLength(count);
  });
});

describe('a job that is paused', () => {
  it('is started by a person only, and once when it is resumed, for all the times that went by', async () => {
    const { runner, state, ends } = play({});
    runner.setPaused(true);
    expect(runner.fire('schedule', 0)).toBe('skip');
    expect(runner.fire('schedule', 1)).toBe('skip');
    expect(state().skipped).toBe(2);
    expect(runner.fire('manual', null)).toBe('start');
    await expect
      .poll(() => state().last, PATIENTLY)
      .toMatchObject({ cause: 'manual', state: 'done' });
    runner.setPaused(false);
    await expect
      .poll(() => state().last, PATIENTLY)
      .toMatchObject({ cause: 'catch_up', state: 'done' });
    runner.setPaused(true);
    runner.setPaused(false);
    expect(ends).toHaveLength(2);
    expect(state().running).toBeNull();
  });

  it('without catch_up makes up for nothing', async () => {
    const { runner, state } = play({ catchUp: false });
    runner.setPaused(true);
    runner.fire('schedule', 0);
    runner.setPaused(false);
    expect(state()).toMatchObject({ skipped: 1, running: null, last: null });
    expect(runner.fire('schedule', 1)).toBe('start');
  });

  it('is not begun against a pause that the daemon has not heard of', async () => {
    const { runner, state, ledger } = play({});
    ledger.isPaused = true;
    expect(runner.fire('schedule', 0)).toBe('start');
    await expect.poll(() => state().skipped, PATIENTLY).toBe(1);
    expect(state().last).toBeNull();
    ledger.isPaused = false;
    runner.setPaused(true);
    runner.setPaused(false);
    await expect.poll(() => state().last?.cause, PATIENTLY).toBe('catch_up');
  });

  it('is not cut while it runs, but its queued run waits for a person', async () => {
    const { runner, state, ends } = play({ argv: ['obey'], overlap: 'queue-one' });
    runner.fire('schedule', 0);
    expect(runner.fire('schedule', 1)).toBe('queue');
    await expect.poll(() => state().running?.pid, PATIENTLY).toBeGreaterThan(0);
    runner.setPaused(true);
    expect(ends).toEqual([]);
    expect(state().running?.runId).toBe('1');
    runner.cancel('cancel');
    await expect.poll(() => ends.map((end) => end.state), PATIENTLY).toEqual(['cancelled']);
  });

  it('and loops ends in good order, and goes on when it is resumed', async () => {
    const { runner, state, ends } = play({ argv: ['obey'], isLoop: true });
    runner.keepLooping();
    await expect.poll(() => state().running?.pid, PATIENTLY).toBeGreaterThan(0);
    runner.setPaused(true);
    await expect.poll(() => ends.map((end) => end.state), PATIENTLY).toEqual(['interrupted']);
    expect(state().circuit.failures).toBe(0);
    expect(runner.isPaused).toBe(true);
    runner.setPaused(false);
    await expect.poll(() => state().running?.runId, PATIENTLY).toBe('2');
    await runner.stop();
    const paused = play({ argv: ['obey'], isLoop: true });
    paused.runner.setPaused(true);
    paused.runner.keepLooping();
    await paused.runner.stop();
    expect(paused.ends).toEqual([]);
  });
});

describe('a loop that is cancelled', () => {
  it('begins anew', async () => {
    const { runner, state, ends } = play({ argv: ['obey'], isLoop: true });
    runner.keepLooping();
    await expect.poll(() => state().running?.pid, PATIENTLY).toBeGreaterThan(0);
    expect(runner.cancel('cancel')).toBe(true);
    await expect.poll(() => ends.map((end) => end.state), PATIENTLY).toEqual(['cancelled']);
    await expect.poll(() => state().running?.runId, PATIENTLY).toBe('2');
  });
});
