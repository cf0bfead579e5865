/** Each route: what it is for, who may call it, what it takes and gives. A new one is added here. */
import { z } from 'zod';
import type { DaemonControl, DaemonView } from '../daemon/view.ts';
import { createMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import type { Answer, Asked, Route } from './route.ts';
import { statusDocument, statusSchema } from './status-document.ts';

const MAX_RUNS = 1_000;

const runsQuery = z.object({
  job: z.string().max(200).optional().meta({ description: 'Only runs of this job.' }),
  limit: z.coerce.number().int().min(1).max(MAX_RUNS).default(50),
});

const ready = z.object({ ready: z.boolean(), role: z.string(), leader: z.string().nullable() });
const run = z.object({ job: z.string(), outcome: z.enum(['start', 'queue', 'skip']) });
const cancelled = z.object({ job: z.string(), cancelled: z.boolean() });

export function routesOf(view: DaemonView, control: DaemonControl): readonly Route[] {
  const metrics = createMetrics(view);
  const routes: readonly Route[] = [
    {
      method: 'GET',
      url: '/healthz',
      scope: 'open',
      summary: 'The process runs.',
      response: z.object({ status: z.literal('ok') }),
      answer: () => ({ status: 200, body: { status: 'ok' } }),
    },
    {
      method: 'GET',
      url: '/readyz',
      scope: 'open',
      summary: 'It leads, or knows who does; 503 otherwise.',
      response: ready,
      answer: () => {
        const { role, leader, leaseError } = view.state();
        const isReady = role === 'leader' || (role === 'standby' && leaseError === null);
        return { status: isReady ? 200 : 503, body: { ready: isReady, role, leader } };
      },
    },
    {
      method: 'GET',
      url: '/status',
      scope: 'status',
      summary: 'Who leads, each job with its next and last run, and what runs now.',
      response: statusSchema,
      answer: () => ({ status: 200, body: statusDocument(view.version, view.state()) }),
    },
    {
      method: 'GET',
      url: '/metrics',
      scope: 'status',
      summary: 'The same for Prometheus.',
      answer: async () => ({
        status: 200,
        body: await metrics.metrics(),
        type: metrics.contentType,
      }),
    },
    {
      method: 'GET',
      url: '/v1/runs',
      scope: 'status',
      summary: 'The runs of all daemons on this database, the newest first.',
      query: runsQuery,
      response: z.object({ runs: z.array(z.looseObject({ id: z.string(), job: z.string() })) }),
      answer: async ({ query }) => {
        const { job, limit } = runsQuery.parse(query);
        return { status: 200, body: { runs: await view.readRuns({ job: job ?? null, limit }) } };
      },
    },
    {
      method: 'POST',
      url: '/v1/jobs/:job/run',
      scope: 'control',
      summary: 'Run the job now, or queue or skip it by its overlap policy.',
      response: run,
      answer: ({ params }) =>
        onLeader(view, params, (job) => {
          const outcome = control.run(job);
          return outcome === null ? null : { job, outcome };
        }),
    },
    {
      method: 'POST',
      url: '/v1/jobs/:job/cancel',
      scope: 'control',
      summary: 'Ask the run that is going on to stop: its step ends or is rolled back.',
      response: cancelled,
      answer: ({ params }) =>
        onLeader(view, params, (job) => ({ job, cancelled: control.cancel(job) })),
    },
  ];
  const described: Route = {
    method: 'GET',
    url: '/openapi.json',
    scope: 'open',
    summary: 'This description.',
    answer: () => ({ status: 200, body: openApiDocument(view.version, [...routes, described]) }),
  };
  return [...routes, described];
}

function onLeader(
  view: DaemonView,
  params: Asked['params'],
  command: (job: string) => unknown,
): Answer {
  const job = params['job'] ?? '';
  const { jobs, role, leader } = view.state();
  if (!Object.hasOwn(jobs, job)) {
    return {
      status: 404,
      problem: `There is no job ${job}; there are ${Object.keys(jobs).join(', ') || 'none'}.`,
    };
  }
  const body = role === 'leader' ? command(job) : null;
  if (body === null) {
    return {
      status: 409,
      problem: `This daemon does not lead${leader === null ? '' : `: ${leader} does`}.`,
    };
  }
  return { status: 202, body };
}
