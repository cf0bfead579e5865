/** What the daemon saw of a dataset's care, in the words of a look of one's own. */
import type { EpochMs } from '../../domain/time/time-range.ts';
import type { SurveyDocument } from '../../http/survey-schema.ts';
import { type CareTold, careLines } from '../reports/care-lines.ts';
import type { Style } from '../terminal/style.ts';

type SurveyedDataset = SurveyDocument['datasets'][number];

export function surveyCareLines(
  { dataset, care, cold }: Pick<SurveyedDataset, 'dataset' | 'care' | 'cold'>,
  now: EpochMs,
  style: Style,
): readonly string[] {
  return careLines({ dataset, care: care === null ? null : toldOf(care), cold }, now, style);
}

function toldOf({
  compaction,
  expiring,
  holds,
  scrubs,
}: NonNullable<SurveyedDataset['care']>): CareTold {
  return {
    compaction: {
      segments: compaction.segments,
      segmentsAfter: compaction.segments_after,
      bytes: compaction.bytes,
    },
    expiring:
      expiring === null
        ? null
        : {
            withinDays: expiring.within_days,
            rows: expiring.rows,
            isAtMost: expiring.rows_are_at_most,
            slices: expiring.slices,
          },
    holds: holds.map(({ id, from, to, until, reason }) => ({
      id,
      range:
        from === null || to === null
          ? null
          : { fromInclusive: Date.parse(from), toExclusive: Date.parse(to) },
      until: timeOf(until),
      reason,
    })),
    scrubs: { oldest: timeOf(scrubs.oldest), newest: timeOf(scrubs.newest), never: scrubs.never },
  };
}

function timeOf(text: string | null): EpochMs | null {
  return text === null ? null : Date.parse(text);
}
