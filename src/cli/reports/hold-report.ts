/** Holds, as they are printed. */
import { formatHeld, type Hold, isHolding } from '../../domain/plan/holds.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import type { Report } from '../context.ts';
import { renderTable } from '../terminal/table.ts';

export function reportHolds(holds: readonly Hold[], now: EpochMs): Report {
  return {
    json: {
      holds: holds.map((hold) => ({ ...holdDocument(hold), has_ended: !isHolding(hold, now) })),
    },
    text: (style) =>
      holds.length === 0
        ? 'nothing is held'
        : renderTable(
            [
              { title: 'NO', align: 'right' },
              { title: 'DATASET' },
              { title: 'TIME (UTC)' },
              { title: 'UNTIL' },
              { title: 'BY' },
              { title: 'REASON' },
            ],
            holds.map((hold) => [
              hold.id,
              hold.dataset,
              formatHeld(hold.range),
              tellUntil(hold, now),
              hold.by,
              hold.reason,
            ]),
            style,
          ),
  };
}

/** @param word `held`, `lifted` */
export function reportHold(word: 'held' | 'lifted', hold: Hold): Report {
  return {
    json: { [word]: holdDocument(hold) },
    text: ({ colour }) =>
      `${colour.green('done')} ${hold.dataset}: ${formatHeld(hold.range)} ${word}, hold ${hold.id} (${hold.reason})`,
  };
}

function tellUntil(hold: Hold, now: EpochMs): string {
  if (hold.until === null) return 'it is lifted';
  const day = new Date(hold.until).toISOString().slice(0, 16).replace('T', ' ');
  return isHolding(hold, now) ? day : `${day} (over)`;
}

function holdDocument({ id, dataset, range, reason, by, since, until }: Hold) {
  const iso = (at: EpochMs): string => new Date(at).toISOString();
  return {
    id: Number(id),
    dataset,
    from: range === null ? null : iso(range.fromInclusive),
    to: range === null ? null : iso(range.toExclusive),
    reason,
    by,
    since: iso(since),
    until: until === null ? null : iso(until),
  };
}
