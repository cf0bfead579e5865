/** For a supervisor: does the process run, and may it be sent work? */
import { z } from 'zod';
import type { DaemonView } from '../../daemon/view.ts';
import type { Route } from '../route.ts';

const ready = z.object({
  ready: z.boolean(),
  role: z.string(),
  leader: z.string().nullable(),
  missing: z.array(z.string()),
});

export function probeRoutes(view: DaemonView): readonly Route[] {
  return [
    {
      method: 'GET',
      url: '/healthz',
      scope: 'open',
      isProbe: true,
      summary: 'The process runs.',
      response: z.object({ status: z.literal('ok') }),
      answer: () => ({ status: 200, body: { status: 'ok' } }),
    },
    {
      method: 'GET',
      url: '/readyz',
      scope: 'open',
      isProbe: true,
      summary: 'The stores answer, and who leads is known; 503 otherwise, with what is missing.',
      response: ready,
      answer: () => {
        const { role, leader } = view.state();
        const missing = view.missing();
        const isReady = missing.length === 0;
        return { status: isReady ? 200 : 503, body: { ready: isReady, role, leader, missing } };
      },
    },
  ];
}
