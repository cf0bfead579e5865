/** Whether an answer may be had without what is damaged. */
import { z } from 'zod';
import type { AskedQuery } from './query-desk.ts';

export const onBadSegment = z.enum(['fail', 'skip']).optional().meta({
  description:
    'skip: an answer without the segments that are missing or damaged, which Tierd-Segments-Skipped counts. fail unless given: then they are an error.',
});

/** A question that says what holds anyway is that same question. */
export function badSegmentsOf(
  chosen: z.output<typeof onBadSegment>,
): Pick<AskedQuery, 'onBadSegment'> {
  return chosen === 'skip' ? { onBadSegment: chosen } : {};
}
