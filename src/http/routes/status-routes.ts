/** How the daemon is: for people, for programs, for Prometheus, and what it did before. */
import { z } from 'zod';
import type { DaemonView } from '../../daemon/view.ts';
import { createMetrics } from '../metrics.ts';
import type { QueryGate } from '../query-gate.ts';
import { readRequest } from '../read-request.ts';
import type { Route } from '../route.ts';
import { statusDocument, statusSchema } from '../status-document.ts';

const MAX_RUNS = 1_000;

const runsQuery = z.strictObject({
  job: z.string().max(200).optional().meta({ description: 'Only runs of this job.' }),
  limit: z.coerce.number().int().min(1).max(MAX_RUNS).default(50),
});

export const runsSchema = z.object({
  runs: z.array(
    z.object({
      id: z.string(),
      owner: z.string().nullable().meta({ description: 'Null for a run that a person typed.' }),
      job: z.string(),
      subject: z
        .string()
        .nullable()
        .meta({ description: 'The dataset or source of a run by hand; null for one of a daemon.' }),
      cause: z.string(),
      slot: z.string().nullable(),
      holder: z.string(),
      state: z.string(),
      started_at: z.string(),
      finished_at: z.string().nullable(),
      attempts: z.number(),
      rows_moved: z.number().nullable(),
      error_code: z.string().nullable(),
      error_message: z.string().nullable(),
    }),
  ),
});

export type RunDocument = z.output<typeof runsSchema>['runs'][number];

export function statusRoutes(view: DaemonView, queries: QueryGate): readonly Route[] {
  const metrics = createMetrics(view, queries);
  return [
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
      isProbe: true,
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
      summary:
        'The runs of all daemons on this database, and those that people typed, the newest first.',
      query: runsQuery,
      response: runsSchema,
      answer: async ({ query }) => {
        const { job, limit } = readRequest(runsQuery, query);
        return { status: 200, body: { runs: await view.readRuns({ job: job ?? null, limit }) } };
      },
    },
  ];
}
