import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOSED } from '../../../src/daemon/circuit.ts';
import { type DaemonEvent, reduce } from '../../../src/daemon/reduce-state.ts';
import { initialState, type LastRun } from '../../../src/daemon/state.ts';

const facts = (name: string): { name: string; command: string; schedule: string } => ({
  name,
  command: `tierd ${name}`,
  schedule: '0 2 * * * UTC',
});
const start = initialState({
  owner: 'default',
  holder: 'here:1',
  nowMs: 1,
  configFile: '/etc/tierd.yaml',
  jobs: [facts('rotate'), facts('scrub')],
});
const last: LastRun = {
  runId: '7',
  cause: 'schedule',
  state: 'done',
  startedAtMs: 2,
  finishedAtMs: 3,
  attempts: 1,
  errorCode: null,
  errorMessage: null,
  isRefusal: false,
  advice: null,
  damage: null,
  unknownFiles: null,
};
const progress = { label: 'a day', unit: 'rows' as const, done: 1, total: 2 };

const play = (...events: readonly DaemonEvent[]): typeof start => events.reduce(reduce, start);

const events: readonly DaemonEvent[] = [
  { kind: 'standing_by', leader: 'there:2' },
  { kind: 'lease_unknown', error: 'no answer', atMs: 4 },
  { kind: 'leading', token: '3' },
  { kind: 'stopping' },
  { kind: 'reloaded', atMs: 9, jobs: [facts('rotate')] },
  { kind: 'reload_refused', error: 'no' },
  ...['rotate', 'gone'].flatMap((job): DaemonEvent[] => [
    { job, kind: 'scheduled', nextAtMs: 5 },
    { job, kind: 'queued' },
    { job, kind: 'skipped' },
    { job, kind: 'started', runId: '7', cause: 'schedule', atMs: 2 },
    { job, kind: 'attempt', attempt: 2, pid: 42 },
    { job, kind: 'progress', progress },
    { job, kind: 'memory', rssBytes: 5 },
    { job, kind: 'attempt_over', errorCode: null },
    { job, kind: 'finished', last, circuit: CLOSED },
  ]),
];

describe('the state', () => {
  it('follows a run from its start to its end', () => {
    const running = play(
      { kind: 'leading', token: '3' },
      { job: 'rotate', kind: 'queued' },
      { job: 'rotate', kind: 'started', runId: '7', cause: 'schedule', atMs: 2 },
      { job: 'rotate', kind: 'attempt', attempt: 1, pid: 42 },
      { job: 'rotate', kind: 'progress', progress },
      { job: 'rotate', kind: 'memory', rssBytes: 5 },
    );
    expect(running.jobs['rotate']).toMatchObject({
      isQueued: false,
      running: { runId: '7', attempt: 1, pid: 42, progress, rssBytes: 5 },
    });
    const over = reduce(running, { job: 'rotate', kind: 'finished', last, circuit: CLOSED });
    expect(over.jobs['rotate']).toMatchObject({ running: null, last });
  });

  it('ignores what a process says after its end, and a job that is gone', () => {
    expect(play({ job: 'rotate', kind: 'progress', progress })).toEqual(start);
    expect(play({ job: 'gone', kind: 'skipped' })).toEqual(start);
  });

  it('keeps the history of a job through a reload', () => {
    const { jobs } = play(
      { job: 'rotate', kind: 'finished', last, circuit: CLOSED },
      { kind: 'reloaded', atMs: 9, jobs: [{ ...facts('rotate'), schedule: 'every 5 s' }] },
    );
    expect(jobs).toEqual({ rotate: { ...start.jobs['rotate'], last, schedule: 'every 5 s' } });
  });

  it('after any events: only a leader has a token and times, and a daemon that stops never leads', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events)), (history) => {
        let stopping = false;
        let state = start;
        for (const event of history) {
          state = reduce(state, event);
          stopping ||= event.kind === 'stopping';
          expect(state.role === 'stopping').toBe(stopping);
          if (state.role === 'standby') expect(state.token).toBeNull();
          if (event.kind === 'standing_by') {
            expect(Object.values(state.jobs).every((job) => job.nextAtMs === null)).toBe(true);
          }
        }
      }),
    );
  });
});
