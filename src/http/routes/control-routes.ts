/** What a person may ask of the daemon that leads. */
import { z } from 'zod';
import type { DaemonControl, DaemonView } from '../../daemon/view.ts';
import { readRequest } from '../read-request.ts';
import type { Answer, Asked, Route } from '../route.ts';

const runQuery = z.strictObject({
  dry_run: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Change nothing, and say what would be done: see /v1/dry-runs.' }),
});
const run = z.object({
  job: z.string(),
  outcome: z.enum(['start', 'queue', 'skip']),
  dry_run: z
    .string()
    .nullable()
    .meta({ description: 'The id of the dry run; null for a real one.' }),
});
const cancelled = z.object({ job: z.string(), cancelled: z.boolean() });

export function controlRoutes(view: DaemonView, control: DaemonControl): readonly Route[] {
  return [
    {
      method: 'POST',
      url: '/v1/jobs/:job/run',
      scope: 'control',
      summary: 'Run the job now, or queue or skip it by its overlap policy.',
      query: runQuery,
      response: run,
      answer: ({ params, query }) => {
        const { dry_run: dryRun } = readRequest(runQuery, query);
        return onJob(view, params, (job) =>
          dryRun === 'true' ? dryRunOf(control, job) : runOf(view, control, job),
        );
      },
    },
    {
      method: 'POST',
      url: '/v1/jobs/:job/cancel',
      scope: 'control',
      summary: 'Ask the run that is going on to stop: its step ends or is rolled back.',
      response: cancelled,
      answer: ({ params }) =>
        onJob(
          view,
          params,
          (job) =>
            notLeading(view) ?? { status: 202, body: { job, cancelled: control.cancel(job) } },
        ),
    },
  ];
}

function runOf(view: DaemonView, control: DaemonControl, job: string): Answer {
  const refusal = notLeading(view);
  if (refusal !== null) return refusal;
  const outcome = control.run(job);
  if (outcome === null) return { status: 409, problem: 'This daemon does not lead.' };
  if (outcome === 'paused') {
    const problem = `${job} goes on all the time, and is paused: resume it instead.`;
    return { status: 409, problem };
  }
  return { status: 202, body: { job, outcome, dry_run: null } };
}

/** Whoever leads: it changes nothing. */
function dryRunOf(control: DaemonControl, job: string): Answer {
  const begun = control.dryRun(job);
  if (begun === null) return { status: 400, problem: `${job} has no dry run.` };
  const outcome = begun.isNew ? 'start' : 'skip';
  return { status: 202, body: { job, outcome, dry_run: begun.id } };
}

function onJob(
  view: DaemonView,
  params: Asked['params'],
  command: (job: string) => Answer,
): Answer {
  const job = params['job'] ?? '';
  const { jobs } = view.state();
  if (Object.hasOwn(jobs, job)) return command(job);
  return {
    status: 404,
    problem: `There is no job ${job}; there are ${Object.keys(jobs).join(', ') || 'none'}.`,
  };
}

function notLeading(view: DaemonView): Answer | null {
  const { role, leader } = view.state();
  if (role === 'leader') return null;
  const problem = `This daemon does not lead${leader === null ? '' : `: ${leader} does`}.`;
  return { status: 409, problem };
}
