/** Times in documents. */
import { z } from 'zod';
import type { EpochMs } from '../domain/time/time-range.ts';

export const time = z.string().nullable();

/** ISO 8601 in UTC. */
export function iso(ms: EpochMs): string;
export function iso(ms: EpochMs | null): string | null;
export function iso(ms: EpochMs | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
