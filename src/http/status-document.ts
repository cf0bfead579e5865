/** The daemon's state as `/status` shows it. */
import { z } from 'zod';
import type { DaemonState, JobState } from '../daemon/state.ts';
import { ALERT_KINDS } from '../domain/alert.ts';
import type { Pause } from '../domain/pause.ts';
import { surveyDocument } from './survey-document.ts';
import { surveySchema } from './survey-schema.ts';
import { iso, time } from './time.ts';

export const pauseSchema = z.object({ since: z.string(), by: z.string() });

const job = z.object({
  job: z.string(),
  command: z.string(),
  schedule: z.string(),
  next_at: time,
  is_queued: z.boolean(),
  skipped: z.number(),
  paused: pauseSchema.nullable(),
  circuit: z.object({
    state: z.enum(['closed', 'open', 'half-open']),
    failures: z.number(),
    open_until: time,
  }),
  running: z
    .object({
      run: z.string(),
      cause: z.string(),
      started_at: time,
      attempt: z.number(),
      pid: z.number().nullable(),
      rss_bytes: z.number().nullable(),
      progress: z
        .object({
          label: z.string(),
          unit: z.enum(['rows', 'bytes']),
          done: z.number(),
          total: z.number().nullable(),
        })
        .nullable(),
    })
    .nullable(),
  last: z
    .object({
      run: z.string(),
      cause: z.string(),
      state: z.string(),
      started_at: time,
      finished_at: time,
      attempts: z.number(),
      error_code: z.string().nullable(),
      error_message: z.string().nullable(),
    })
    .nullable(),
});

export const statusSchema = z.object({
  version: z.string(),
  owner: z.string(),
  holder: z.string(),
  role: z.enum(['starting', 'standby', 'leader', 'stopping']),
  leader: z.string().nullable(),
  lease_error: z.string().nullable(),
  started_at: time,
  config: z.object({ file: z.string(), loaded_at: time, reload_error: z.string().nullable() }),
  jobs: z.array(job),
  paused_datasets: z.array(pauseSchema.extend({ dataset: z.string() })),
  survey: surveySchema.nullable().meta({
    description: 'What the stores hold; null until they were looked at first.',
  }),
  alerts: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(ALERT_KINDS),
      severity: z.enum(['warning', 'error']),
      subject: z.string(),
      message: z.string(),
      since: z.string(),
      delivered: z.boolean().meta({
        description:
          'Everybody who wants it has heard the newest word of it; false when nobody does.',
      }),
      receivers: z.number().meta({ description: 'How many webhooks and commands want it.' }),
      not_told: z.array(z.string()).meta({ description: 'Of these, by name, who has not heard.' }),
    }),
  ),
});

export type StatusDocument = z.output<typeof statusSchema>;

export function statusDocument(version: string, state: DaemonState): StatusDocument {
  const { owner, holder, role, leader, config } = state;
  return {
    version,
    owner,
    holder,
    role,
    leader,
    lease_error: state.leaseError,
    started_at: iso(state.startedAtMs),
    config: {
      file: config.file,
      loaded_at: iso(config.loadedAtMs),
      reload_error: config.reloadError,
    },
    jobs: Object.values(state.jobs).map((one) =>
      jobDocument(one, state.pauses.jobs[one.name] ?? null),
    ),
    paused_datasets: Object.entries(state.pauses.datasets).map(([dataset, pause]) => ({
      dataset,
      ...pause,
    })),
    survey: state.survey === null ? null : surveyDocument(state.survey),
    alerts: state.alerts.map(({ sinceMs, notTold, ...alert }) => ({
      ...alert,
      not_told: [...notTold],
      since: new Date(sinceMs).toISOString(),
    })),
  };
}

function jobDocument(
  { running, last, circuit, ...facts }: JobState,
  paused: Pause | null,
): z.output<typeof job> {
  return {
    job: facts.name,
    command: facts.command,
    schedule: facts.schedule,
    next_at: iso(facts.nextAtMs),
    is_queued: facts.isQueued,
    skipped: facts.skipped,
    paused,
    circuit: {
      state: circuit.kind,
      failures: circuit.failures,
      open_until: circuit.kind === 'open' ? iso(circuit.untilMs) : null,
    },
    running:
      running === null
        ? null
        : {
            run: running.runId,
            cause: running.cause,
            started_at: iso(running.startedAtMs),
            attempt: running.attempt,
            pid: running.pid,
            rss_bytes: running.rssBytes,
            progress: running.progress,
          },
    last:
      last === null
        ? null
        : {
            run: last.runId,
            cause: last.cause,
            state: last.state,
            started_at: iso(last.startedAtMs),
            finished_at: iso(last.finishedAtMs),
            attempts: last.attempts,
            error_code: last.errorCode,
            error_message: last.errorMessage,
          },
  };
}
