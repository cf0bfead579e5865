/** What a job's process says to the daemon over its IPC channel. */
import type { JobProgress } from './state.ts';

export interface JobMessage {
  readonly kind: 'progress';
  readonly progress: JobProgress;
}

/** Undefined for anything else: libraries of a child may use the channel too. */
export function parseJobMessage(value: unknown): JobMessage | undefined {
  if (!isRecord(value) || value['kind'] !== 'progress') return undefined;
  const { progress } = value;
  if (!isRecord(progress)) return undefined;
  const { label, unit, done, total } = progress;
  if (typeof label !== 'string' || typeof done !== 'number') return undefined;
  if (unit !== 'rows' && unit !== 'bytes') return undefined;
  return {
    kind: 'progress',
    progress: { label, unit, done, total: typeof total === 'number' ? total : null },
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
