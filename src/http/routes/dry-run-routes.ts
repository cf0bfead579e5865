/** What dry runs found: kept in the daemon's memory, for they leave no trace in the ledger (I7). */
import { z } from 'zod';
import type { DryRun } from '../../daemon/dry-runs.ts';
import type { DaemonView } from '../../daemon/view.ts';
import type { Route } from '../route.ts';

const summary = z.object({
  id: z.string(),
  job: z.string(),
  command: z.string(),
  state: z.string(),
  started_at: z.string(),
  finished_at: z.string().nullable(),
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
});
export const dryRunSchema = summary.extend({
  result: z
    .unknown()
    .meta({ description: 'What the command prints with --json; null until it has ended.' }),
});

export function dryRunRoutes(view: DaemonView): readonly Route[] {
  return [
    {
      method: 'GET',
      url: '/v1/dry-runs',
      scope: 'status',
      summary: 'The newest dry runs of this daemon, the newest first.',
      response: z.object({ dry_runs: z.array(summary) }),
      answer: () => ({ status: 200, body: { dry_runs: view.dryRuns().map(summaryOf) } }),
    },
    {
      method: 'GET',
      url: '/v1/dry-runs/:id',
      scope: 'status',
      summary: 'One dry run, with what it found.',
      response: dryRunSchema,
      answer: ({ params }) => {
        const run = view.dryRuns().find(({ id }) => id === params['id']);
        if (run !== undefined)
          return { status: 200, body: { ...summaryOf(run), result: run.result } };
        const problem = 'There is no such dry run: this daemon keeps the newest until it ends.';
        return { status: 404, problem };
      },
    },
  ];
}

function summaryOf(run: DryRun): z.output<typeof summary> {
  return {
    id: run.id,
    job: run.job,
    command: run.command,
    state: run.state,
    started_at: new Date(run.startedAtMs).toISOString(),
    finished_at: run.finishedAtMs === null ? null : new Date(run.finishedAtMs).toISOString(),
    error_code: run.errorCode,
    error_message: run.errorMessage,
  };
}
