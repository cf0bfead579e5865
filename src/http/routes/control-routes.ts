/** What a person may ask of the daemon that leads. */
import { z } from 'zod';
import type { DaemonControl, DaemonView } from '../../daemon/view.ts';
import type { Answer, Asked, Route } from '../route.ts';

const run = z.object({ job: z.string(), outcome: z.enum(['start', 'queue', 'skip']) });
const cancelled = z.object({ job: z.string(), cancelled: z.boolean() });

export function controlRoutes(view: DaemonView, control: DaemonControl): readonly Route[] {
  return [
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
