/** Progress of a job that the daemon runs: sent to it a few times a second, drawn by nobody. */
import type { JobMessage } from '../../daemon/job-message.ts';
import type { Clock } from '../../domain/time/clock.ts';
import type { Progress } from './progress.ts';

const SEND_EVERY_MS = 250;

export function createSentProgress(
  unit: 'rows' | 'bytes',
  send: (message: JobMessage) => void,
  clock: Clock,
): Progress {
  let sentAt = -Infinity;
  return {
    update({ label, done, total }) {
      const now = clock.now();
      // A clock that was set back must not silence it either.
      if (Math.abs(now - sentAt) < SEND_EVERY_MS) return;
      sentAt = now;
      send({ kind: 'progress', progress: { label, unit, done, total: total ?? null } });
    },
    end: () => undefined,
  };
}
