import { describe, expect, it } from 'vitest';
import { DryRuns } from '../../../src/daemon/dry-runs.ts';
import type { JobDefinition } from '../../../src/daemon/job.ts';
import { startJob } from '../../../src/daemon/job-process.ts';
import { childCommand, GENEROUS } from '../../support/job-child.ts';

/** Each of them starts a process. */
const PATIENTLY = { timeout: 60_000 };

const quiet = (): void => undefined;

function open(): DryRuns {
  let ids = 0;
  return new DryRuns({
    clock: { now: () => 7 },
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    maxResultBytes: 1_000,
    newId: () => String((ids += 1)),
    start: ({ argv }, hooks) => startJob(childCommand(...argv), GENEROUS, hooks),
  });
}

const job = (...dryRunArgv: readonly string[]): JobDefinition => ({
  name: 'rotate',
  argv: ['crash'],
  dryRunArgv,
  schedule: { kind: 'every', everyMs: 1_000 },
  isLoop: false,
  jitterMs: 0,
  overlap: 'skip',
  catchUp: true,
  timeoutMs: null,
  retry: { retries: 0, firstDelayMs: 20, maxDelayMs: 50 },
  circuit: { openAfter: 2, coolDownMs: 60_000 },
});

describe('a dry run', () => {
  it('keeps what the command printed, also of a plan that a guard refuses', async () => {
    const runs = open();
    expect(runs.begin(job('exit', '3', '{"datasets":[1]}'))).toMatchObject({
      id: '1',
      isNew: true,
      command: 'tierd exit 3 {"datasets":[1]}',
    });
    await expect.poll(() => runs.list()[0]?.state, PATIENTLY).toBe('refused');
    expect(runs.list()[0]).toMatchObject({
      result: { datasets: [1] },
      errorMessage: null,
      finishedAtMs: 7,
    });
  });

  it('is there once at a time, and is ended with the daemon', async () => {
    const runs = open();
    expect(runs.begin(job('obey'))).toMatchObject({ id: '1', isNew: true });
    expect(runs.begin(job('obey'))).toMatchObject({ id: '1', isNew: false });
    await runs.stop();
    expect(runs.list().map(({ state }) => state)).toEqual(['interrupted']);
  });

  it('is not to be had where the command has none', () => {
    expect(open().begin({ ...job(), dryRunArgv: null })).toBeNull();
  });

  it('leaves nothing that grows: too large a result is told, and only the newest are kept', async () => {
    const runs = open();
    runs.begin(job('exit', '0', JSON.stringify('x'.repeat(1_000))));
    await expect
      .poll(() => runs.list()[0])
      .toMatchObject({
        state: 'done',
        result: null,
        errorMessage: expect.stringContaining('takes 1003 bytes and is not kept') as string,
      });
    for (let n = 2; n <= 12; n += 1) {
      runs.begin(job('exit', '0'));
      await expect
        .poll(() => runs.list()[0], PATIENTLY)
        .toMatchObject({ id: String(n), state: 'done' });
    }
    expect(runs.list().map(({ id }) => id)).toEqual(
      Array.from({ length: 10 }, (_, n) => String(12 - n)),
    );
  }, 60_000);
});
