/** Calendars are kept for a minute or until a run ends, and read one at a time: whoever asks often costs no more. */
import type { Calendar } from '../../domain/survey/calendar.ts';
import type { Clock } from '../../domain/time/clock.ts';
import type { EpochMs, TimeRange } from '../../domain/time/time-range.ts';

const KEEP_MS = 60_000;
const MAX_KEPT = 32;

interface Kept {
  readonly atMs: EpochMs;
  readonly calendar: Promise<Calendar>;
}

export class CalendarCache {
  readonly #clock: Clock;
  /** In the order in which they were asked for. */
  readonly #kept = new Map<string, Kept>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Throws what `look` throws; that is not kept.
   * @param change what is kept under another one is old.
   */
  read(
    dataset: string,
    range: TimeRange,
    change: string,
    look: () => Promise<Calendar>,
  ): Promise<Calendar> {
    const key = `${dataset} ${change} ${String(range.fromInclusive)} ${String(range.toExclusive)}`;
    const now = this.#clock.now();
    const known = this.#kept.get(key);
    if (known !== undefined && Math.abs(now - known.atMs) < KEEP_MS) return known.calendar;
    const calendar = this.#last.then(look);
    this.#last = calendar.catch(() => undefined);
    this.#kept.delete(key);
    this.#kept.set(key, { atMs: now, calendar });
    calendar.catch(() => {
      if (this.#kept.get(key)?.calendar === calendar) this.#kept.delete(key);
    });
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > MAX_KEPT) this.#kept.delete(oldest);
    return calendar;
  }
}
