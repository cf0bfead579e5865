/** A signal for work that may take only so long. */
import { type LinkedSignal, linkSignals } from '../domain/linked-signal.ts';

/** Aborts with `signal`, or when `limitMs` are over; released, it holds neither of them. */
export function limitTime(signal: AbortSignal, limitMs: number): LinkedSignal {
  const linked = linkSignals(signal);
  const timer = setTimeout(() => {
    linked.abort();
  }, limitMs);
  return {
    ...linked,
    release: () => {
      clearTimeout(timer);
      linked.release();
    },
  };
}
