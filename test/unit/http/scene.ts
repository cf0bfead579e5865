/** A status page's server over figures that are made up, to be asked without a socket. */
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { afterEach } from 'vitest';
import type { DryRun } from '../../../src/daemon/dry-runs.ts';
import type { FireOutcome } from '../../../src/daemon/job.ts';
import { missingParts } from '../../../src/daemon/readiness.ts';
import { type DaemonEvent, reduce } from '../../../src/daemon/reduce-state.ts';
import { initialState } from '../../../src/daemon/state.ts';
import type { Calendar } from '../../../src/domain/survey/calendar.ts';
import type { TimeRange } from '../../../src/domain/time/time-range.ts';
import { QueryGate } from '../../../src/http/query-gate.ts';
import { createServer, type ServerParts } from '../../../src/http/server.ts';
import { surveyOf } from '../../support/survey.ts';

export const STATUS = 'status-token-0123456789';
export const QUERY = 'query-token-0123456789';
export const CONTROL = 'control-token-0123456789';
export const bearer = (token: string): { authorization: string } => ({
  authorization: `Bearer ${token}`,
});

const servers: FastifyInstance[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

export interface Scene {
  readonly server: FastifyInstance;
  readonly commands: string[];
  readonly errors: unknown[];
}

export const calendarOf = (range: TimeRange): Calendar => ({
  dataset: 'ticks',
  from: new Date(range.fromInclusive).toISOString(),
  to: new Date(range.toExclusive).toISOString(),
  hotRowsAreEstimated: false,
  days: [
    {
      day: '1970-01-01',
      state: 'cold',
      hotRows: 0,
      coldRows: 7,
      segments: 1,
      isPinned: false,
      isHeld: true,
    },
  ],
});

export const SEEN: DaemonEvent = { kind: 'surveyed', survey: surveyOf({ takenAt: 59_000 }) };

export const LEADING: readonly DaemonEvent[] = [
  SEEN,
  { kind: 'leading', token: '3' },
  { job: 'rotate', kind: 'started', runId: '7', cause: 'schedule', atMs: 1_000 },
  { job: 'rotate', kind: 'attempt', attempt: 1, pid: 42 },
  {
    job: 'rotate',
    kind: 'progress',
    progress: { label: 'a day', unit: 'rows', done: 1, total: 2 },
  },
];

export const AT = '2026-01-01T00:00:00.000Z';
export const DRY_RUN: DryRun = {
  id: 'd1',
  job: 'rotate',
  command: 'tierd rotate --dry-run',
  state: 'done',
  startedAtMs: Date.parse(AT),
  finishedAtMs: Date.parse(AT),
  result: { datasets: [] },
  errorCode: null,
  errorMessage: null,
};

export function open(
  events = LEADING,
  change: Partial<ServerParts> = {},
  outcome: FireOutcome = 'start',
): Scene {
  const commands: string[] = [];
  const errors: unknown[] = [];
  const state = events.reduce(
    reduce,
    initialState({
      owner: 'default',
      holder: 'here:1',
      nowMs: 0,
      configFile: '/etc/tierd.yaml',
      jobs: [{ name: 'rotate', command: 'tierd rotate', schedule: '0 2 * * * UTC' }],
    }),
  );
  const server = createServer({
    view: {
      version: '1.2.3',
      state: () => state,
      readRuns: async ({ job, limit }) => [{ id: '1', job: job ?? 'all', limit }],
      datasets: () => ['ticks'],
      dryRuns: () => [DRY_RUN],
      readCalendar: async (dataset, range) => (dataset === 'ticks' ? calendarOf(range) : null),
      readMoved: async (since) => [{ endedAtMs: since + 1, rows: 5, bytes: 50 }],
      missing: () => missingParts(state, { now: 60_000, maxSurveyAgeMs: 30_000, needsLive: true }),
    },
    queries: {
      gate: new QueryGate({ concurrency: 1, queue: 0 }),
      timeoutMs: 60_000,
      maxResultBytes: 1_000,
      stopped: new AbortController().signal,
      run: async () => Promise.reject(new Error('not asked')),
    },
    iceberg: {
      listTables: () => Promise.reject(new Error('not asked')),
      readTable: () => Promise.reject(new Error('not asked')),
    },
    control: {
      run: (job) => {
        commands.push(`run ${job}`);
        return outcome;
      },
      dryRun: (job) => {
        commands.push(`dry run ${job}`);
        return { id: 'd1', isNew: true };
      },
      pause: async (target, by) => {
        commands.push(`pause ${JSON.stringify(target)} ${by}`);
        return { since: AT, by };
      },
      resume: async (target) => {
        commands.push(`resume ${JSON.stringify(target)}`);
        return target.kind === 'dataset' && target.dataset === 'former';
      },
      cancel: (job) => {
        commands.push(`cancel ${job}`);
        return true;
      },
    },
    tokens: { status: null, query: null, control: null },
    page: [],
    requestsPerMinute: 1_000,
    clock: { now: () => 60_000 },
    onError: (error) => errors.push(error),
    onWrongToken: () => undefined,
    ...change,
  });
  servers.push(server);
  return { server, commands, errors };
}

export const TOKENS = { tokens: { status: STATUS, query: QUERY, control: CONTROL } };
export const get = (
  server: FastifyInstance,
  url: string,
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> =>
  server.inject({ url, headers: { host: 'localhost:9464', ...headers } });
export const post = (
  server: FastifyInstance,
  url: string,
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> =>
  server.inject({ method: 'POST', url, headers: { host: 'localhost:9464', ...headers } });
