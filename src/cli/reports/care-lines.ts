/** What a dataset's part of the lake needs, or loses, soon: only where there is something to say. */
import { agree, countOf } from '../../domain/count.ts';
import { formatHeld, type Hold } from '../../domain/plan/holds.ts';
import { formatUntil } from '../../domain/plan/pins.ts';
import type { ExpiringSoon, LakeCare } from '../../domain/survey/lake-care.ts';
import { DAY_MS, type EpochMs } from '../../domain/time/time-range.ts';
import { formatBytes, formatRelative, formatRows } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';

/** Longer than a schedule leaves any segment unread that is sound and there. */
const LONG_AGO_MS = 30 * DAY_MS;

export interface CareTold extends Pick<LakeCare, 'compaction' | 'expiring' | 'scrubs'> {
  readonly holds: readonly Pick<Hold, 'id' | 'range' | 'until' | 'reason'>[];
}

export interface DatasetCare {
  readonly dataset: string;
  /** Null where nobody looked. */
  readonly care: CareTold | null;
  readonly cold: { readonly segments: number };
}

export function careLines(
  { dataset, care, cold }: DatasetCare,
  now: EpochMs,
  { colour }: Style,
): readonly string[] {
  if (care === null) return [];
  const { compaction, expiring, holds, scrubs } = care;
  return [
    ...holds.map(
      ({ id, range, until, reason }) =>
        `${colour.cyan('held')} ${dataset}: ${formatHeld(range)} stays in the lake ${until === null ? 'until it is lifted' : formatUntil(until)}, hold ${id} (${reason})`,
    ),
    ...(expiring === null || expiring.rows === 0
      ? []
      : [`${colour.cyan('expiring')} ${dataset}: ${expiringText(dataset, expiring)}`]),
    ...(compaction.segments === 0
      ? []
      : [
          `${colour.cyan('small')} ${dataset}: ${countOf(compaction.segments, 'small segment')} of ${formatBytes(compaction.bytes)} would become ${String(compaction.segmentsAfter)} with \`tierd compact ${dataset}\``,
        ]),
    ...scrubLines(scrubs, cold.segments, now).map(
      (line) => `${colour.cyan('unread')} ${dataset}: ${line}`,
    ),
  ];
}

function expiringText(dataset: string, { rows, isAtMost, withinDays }: ExpiringSoon): string {
  return `${isAtMost ? 'at most ' : ''}${formatRows(rows)} of the lake ${agree(rows, 'is', 'are')} due to expire within ${String(withinDays)} days; see \`tierd expire ${dataset} --dry-run\``;
}

/** What came to the lake since the last scrub is no news. */
function scrubLines(
  { oldest, never }: LakeCare['scrubs'],
  segments: number,
  now: EpochMs,
): readonly string[] {
  if (segments > 0 && never === segments) {
    return [`no segment was ever read again since it was published; see \`tierd scrub\``];
  }
  if (oldest === null || now - oldest < LONG_AGO_MS) return [];
  return [`some segments were last read ${formatRelative(oldest, now)}; see \`tierd scrub\``];
}
