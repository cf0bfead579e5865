import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterRun, type Circuit, CLOSED, circuitAt } from '../../../src/daemon/circuit.ts';
import { judgeEnd, type ProcessEnd } from '../../../src/daemon/job-result.ts';
import { decideOverlap } from '../../../src/daemon/overlap.ts';
import { backOffMs, retryDelayMs } from '../../../src/daemon/retry.ts';

describe('overlap', () => {
  it('starts what does not run, and queues at most one', () => {
    const idle = { isRunning: false, isQueued: false };
    const busy = { isRunning: true, isQueued: false };
    const full = { isRunning: true, isQueued: true };
    expect(decideOverlap('skip', idle)).toBe('start');
    expect(decideOverlap('queue-one', idle)).toBe('start');
    expect(decideOverlap('skip', busy)).toBe('skip');
    expect(decideOverlap('queue-one', busy)).toBe('queue');
    expect(decideOverlap('queue-one', full)).toBe('skip');
  });
});

describe('the circuit', () => {
  const policy = { openAfter: 3, coolDownMs: 1_000 };
  const fail = (circuit: Circuit, now: number): Circuit => afterRun(circuit, 'ill', policy, now);

  it('opens after as many failures in a row as it is told', () => {
    const two = fail(fail(CLOSED, 0), 1);
    expect(two).toEqual({ kind: 'closed', failures: 2 });
    expect(fail(two, 2)).toEqual({ kind: 'open', failures: 3, sinceMs: 2, untilMs: 1_002 });
  });

  it('lets one run through after its time, and opens again or closes by it', () => {
    const open = fail(fail(fail(CLOSED, 0), 0), 0);
    expect(circuitAt(open, 999).kind).toBe('open');
    const half = circuitAt(open, 1_000);
    expect(half.kind).toBe('half-open');
    expect(fail(half, 1_000)).toEqual({
      kind: 'open',
      failures: 4,
      sinceMs: 1_000,
      untilMs: 2_000,
    });
    expect(afterRun(half, 'well', policy, 1_000)).toEqual(CLOSED);
  });

  it('does not stay open for ever because a clock was set back', () => {
    const open = fail(fail(fail(CLOSED, 5_000), 5_000), 5_000);
    expect(circuitAt(open, 4_000).kind).toBe('half-open');
  });

  it('is open exactly when the last runs failed, and never by refusals', () => {
    const run = fc.constantFrom('well' as const, 'ill' as const, 'unknown' as const);
    fc.assert(
      fc.property(fc.array(run), (runs) => {
        const circuit = runs.reduce((at, health) => afterRun(at, health, policy, 0), CLOSED);
        const telling = runs.filter((health) => health !== 'unknown');
        const failures = telling.length - 1 - telling.lastIndexOf('well');
        expect(circuit.failures).toBe(failures);
        expect(circuit.kind).toBe(failures >= policy.openAfter ? 'open' : 'closed');
      }),
    );
  });
});

describe('retries', () => {
  const policy = { retries: 3, firstDelayMs: 100, maxDelayMs: 1_000 };

  it('are as many as allowed, each about twice as late, never later than the most', () => {
    expect([1, 2, 3, 4].map((n) => retryDelayMs(policy, n, 0.999999))).toEqual([
      100,
      200,
      400,
      null,
    ]);
    expect(retryDelayMs(policy, 1, 0)).toBe(50);
    expect(backOffMs(policy, 40, 0.999999)).toBe(1_000);
  });

  it('wait between half and all of the doubled delay', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, random) => {
          const delay = backOffMs(policy, n, random);
          expect(delay).toBeGreaterThanOrEqual(50);
          expect(delay).toBeLessThanOrEqual(1_000);
        },
      ),
    );
  });
});

describe('the end of a process', () => {
  const end = (facts: Partial<ProcessEnd>): ReturnType<typeof judgeEnd> =>
    judgeEnd({
      exitCode: 0,
      signal: null,
      stoppedFor: null,
      stdout: '',
      startFailure: null,
      ...facts,
    });
  const failing = (retry: boolean): string =>
    JSON.stringify({ datasets: [{ dataset: 'a', error: { code: 'X', message: 'no', retry } }] });

  it('is told by its exit code', () => {
    const states = [0, 1, 2, 3, 4, 5, 130, 77].map((exitCode) => end({ exitCode }).state);
    expect(states).toEqual([
      'done',
      'failed',
      'failed',
      'refused',
      'partly',
      'lease_held',
      'interrupted',
      'crashed',
    ]);
  });

  it('is tried again when one of its errors may pass, when it crashed, or when the lease was held', () => {
    expect(end({ exitCode: 1, stdout: failing(true) }).isRetryable).toBe(true);
    expect(end({ exitCode: 1, stdout: failing(false) }).isRetryable).toBe(false);
    expect(end({ exitCode: 4, stdout: failing(true) }).isRetryable).toBe(true);
    expect(end({ exitCode: null, signal: 'SIGSEGV' })).toMatchObject({
      state: 'crashed',
      isRetryable: true,
      errorMessage: 'was ended by SIGSEGV',
    });
    expect(end({ exitCode: 5 }).isRetryable).toBe(true);
    expect(end({ exitCode: 2, stdout: failing(true) }).isRetryable).toBe(false);
  });

  it('is never tried again when the daemon ended it', () => {
    for (const stoppedFor of ['stop', 'cancel', 'timeout', 'memory', 'reload'] as const) {
      const { isRetryable, state } = end({ exitCode: null, signal: 'SIGKILL', stoppedFor });
      expect(isRetryable).toBe(false);
      expect(state).not.toBe('done');
    }
  });

  it('counts as done when it was done before it could be stopped', () => {
    expect(end({ exitCode: 0, stoppedFor: 'stop' }).state).toBe('done');
  });

  it('tells what moved beside what did not, by dataset, and what to do about the first', () => {
    const refused = { code: 'REFUSED', message: 'too large a share', exitCode: 3, hint: 'look' };
    const stdout = JSON.stringify({
      datasets: [
        { dataset: 'events', rows_moved: 15_403, moves_planned: 12, moves_failed: [] },
        { dataset: 'market_data', error: refused },
      ],
    });
    expect(end({ exitCode: 4, stdout })).toEqual({
      state: 'partly',
      // A guard did its duty: no schedule is left alone for it, and trying again would change nothing.
      health: 'unknown',
      isRetryable: false,
      isRefusal: true,
      errorCode: 'REFUSED',
      errorMessage: '15,403 rows were moved. Not done: market_data: too large a share',
      advice: 'look',
      rowsMoved: 15_403,
      damage: null,
      unknownFiles: null,
    });
  });

  it('counts what a dataset moved before its error', () => {
    const lost = {
      code: 'LEASE_LOST',
      message: 'the lease is lost; before that 16 of 17 moves were done (160 rows)',
      context: { rowsMoved: '160' },
      exitCode: 4,
      retry: true,
    };
    const stdout = JSON.stringify({ datasets: [{ dataset: 'ticks', error: lost }] });
    expect(end({ exitCode: 4, stdout })).toMatchObject({
      state: 'partly',
      rowsMoved: 160,
      isRefusal: false,
      isRetryable: true,
    });
  });

  it('of a scrub says what was found, and calls no failure what is not one', () => {
    const scrub = (found: Readonly<Record<string, unknown>>) =>
      end({ exitCode: 1, stdout: JSON.stringify({ sound: true, ...found }) });
    expect(scrub({ unknown: ['a.parquet'] })).toMatchObject({
      state: 'done',
      health: 'well',
      damage: null,
      unknownFiles: { count: 1, keys: ['a.parquet'] },
      errorMessage:
        "nothing is damaged; 1 file in the lake is not this ledger's, and left alone: a.parquet",
    });
    expect(scrub({ sound: false, missing: ['a', 'b'], unknown: ['c'] })).toMatchObject({
      state: 'failed',
      damage: { count: 2, keys: ['a', 'b'] },
      unknownFiles: null,
      errorMessage: '2 segments are not what was published: a, b',
    });
    expect(scrub({ sound: null, unreadable: [{ key: 'a', reason: 'EMFILE' }] })).toMatchObject({
      state: 'failed',
      damage: null,
      errorMessage: '1 segment could not be read, which says nothing of what it holds: a',
    });
  });

  it('carries the first error and the rows of all datasets', () => {
    const stdout = JSON.stringify({
      datasets: [
        { rows_moved: 3 },
        {
          dataset: 'ticks',
          rows_moved: 4,
          moves_planned: 3,
          moves_failed: [{ error: { code: 'E', message: 'm' } }],
        },
      ],
    });
    expect(end({ exitCode: 4, stdout })).toMatchObject({
      rowsMoved: 7,
      errorCode: 'E',
      errorMessage: '7 rows were moved. Not done: ticks: 1 of 3 moves stays hot: m',
    });
    expect(end({ stdout: '{"x":1}' }).rowsMoved).toBeNull();
    expect(end({ exitCode: 1, stdout: '{"datasets": nonsense' }).errorMessage).toBe(
      'ended with exit code 1',
    );
  });
});
