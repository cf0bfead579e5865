/** Pausing and resuming. It is in the ledger, so that any daemon may be asked, also a standby. */
import { z } from 'zod';
import type { DaemonControl, DaemonView, PauseTarget } from '../../daemon/view.ts';
import { readRequest } from '../read-request.ts';
import type { Answer, Asked, Route } from '../route.ts';
import { pauseSchema } from '../status-document.ts';

const pauseQuery = z.strictObject({
  by: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, 'no control characters, for it is shown on terminals')
    .default('the status page')
    .meta({ description: 'Who pauses it: shown wherever the pause is.' }),
});
const pausedJob = z.object({ job: z.string(), paused: pauseSchema });
const pausedDataset = z.object({ dataset: z.string(), paused: pauseSchema });
const resumedJob = z.object({ job: z.string(), was_paused: z.boolean() });
const resumedDataset = z.object({ dataset: z.string(), was_paused: z.boolean() });

export function pauseRoutes(view: DaemonView, control: DaemonControl): readonly Route[] {
  const pause = async (asked: Asked): Promise<Answer> => {
    const { by } = readRequest(pauseQuery, asked.query);
    const target = targetOf(asked.params);
    const refusal = unknown(view, target);
    if (refusal !== null) return refusal;
    return { status: 202, body: { ...asked.params, paused: await control.pause(target, by) } };
  };
  const resume = async (asked: Asked): Promise<Answer> => {
    const target = targetOf(asked.params);
    const wasPaused = await control.resume(target);
    // What is configured no more may have been paused before.
    const refusal = wasPaused ? null : unknown(view, target);
    return refusal ?? { status: 202, body: { ...asked.params, was_paused: wasPaused } };
  };
  return [
    {
      method: 'POST',
      url: '/v1/jobs/:job/pause',
      scope: 'control',
      summary: 'No schedule starts the job until it is resumed. What runs goes on to its end.',
      query: pauseQuery,
      response: pausedJob,
      answer: pause,
    },
    {
      method: 'POST',
      url: '/v1/jobs/:job/resume',
      scope: 'control',
      summary: 'Let the schedule start the job again.',
      response: resumedJob,
      answer: resume,
    },
    {
      method: 'POST',
      url: '/v1/datasets/:dataset/pause',
      scope: 'control',
      summary: 'No rotation and no drain touches the dataset until it is resumed.',
      query: pauseQuery,
      response: pausedDataset,
      answer: pause,
    },
    {
      method: 'POST',
      url: '/v1/datasets/:dataset/resume',
      scope: 'control',
      summary: 'Let rotations and drains touch the dataset again.',
      response: resumedDataset,
      answer: resume,
    },
  ];
}

function targetOf(params: Asked['params']): PauseTarget {
  const { job, dataset } = params;
  return job === undefined ? { kind: 'dataset', dataset: dataset ?? '' } : { kind: 'job', job };
}

function unknown(view: DaemonView, target: PauseTarget): Answer | null {
  const known = target.kind === 'job' ? Object.keys(view.state().jobs) : view.datasets();
  const name = target.kind === 'job' ? target.job : target.dataset;
  if (known.includes(name)) return null;
  const problem = `There is no ${target.kind} ${name}; there are ${known.join(', ') || 'none'}.`;
  return { status: 404, problem };
}
