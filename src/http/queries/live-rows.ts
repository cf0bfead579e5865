/** Whether what waits in Redis is counted to a dataset. */
import { z } from 'zod';
import type { AskedQuery } from './query-desk.ts';

const DESCRIPTION =
  'Count what waits in Redis to each dataset, as a drain would bring it in. Redis is read beside the snapshot, not within it; Tierd-Live-Rows counts what was read.';

export const liveInBody = z.boolean().optional().meta({ description: DESCRIPTION });

export const liveInQuery = z.enum(['true', 'false']).optional().meta({ description: DESCRIPTION });

/** A question that says what holds anyway is that same question. */
export function liveOf(
  chosen: z.output<typeof liveInBody> | z.output<typeof liveInQuery>,
): Pick<AskedQuery, 'withLive'> {
  return chosen === true || chosen === 'true' ? { withLive: true } : {};
}
