/** Instants at which the clocks of a time zone are set ahead. */
import { DAY_MS, type EpochMs } from '../domain/time/time-range.ts';
import { offsetsOf } from '../domain/time/time-zone.ts';

export interface ClockGap {
  /** The instant of the jump. */
  readonly at: EpochMs;
  /** The local time that is left out, as if it were UTC. */
  readonly localFrom: EpochMs;
  readonly localTo: EpochMs;
}

/** Those in `(after, before)`, the first one first. Two within one day are seen as one. */
export function* gapsBetween(
  timeZone: string,
  after: EpochMs,
  before: EpochMs,
): Generator<ClockGap, void, undefined> {
  const offsetAt = offsetsOf(timeZone);
  for (let from = after; from < before; from += DAY_MS) {
    const to = Math.min(from + DAY_MS, before);
    const [offset, later] = [offsetAt(from), offsetAt(to)];
    if (later <= offset) continue;
    const at = firstWith((time) => offsetAt(time) !== offset, from, to);
    if (at > after && at < before) {
      yield { at, localFrom: at + offset, localTo: at + later };
    }
  }
}

/** The first instant in `(from, to]` of which `holds` is true, as it is of all after it. */
function firstWith(holds: (time: EpochMs) => boolean, from: EpochMs, to: EpochMs): EpochMs {
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
