/** The latest values of something, in order of arrival and in order of size. Never changed in place. */
export interface RollingWindow {
  readonly arrived: readonly number[];
  readonly sorted: readonly number[];
}

export const EMPTY_WINDOW: RollingWindow = { arrived: [], sorted: [] };

export function withValue(window: RollingWindow, value: number, size: number): RollingWindow {
  const arrived = [...window.arrived, value];
  const sorted = [...window.sorted];
  sorted.splice(placeOf(sorted, value), 0, value);
  if (arrived.length > size) {
    const [oldest = 0] = arrived.splice(0, 1);
    sorted.splice(placeOf(sorted, oldest), 1);
  }
  return { arrived, sorted };
}

/** The first place at which `value` may stand. */
function placeOf(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Turns a median absolute deviation into a standard deviation, for values that are distributed normally. */
const MAD_TO_SIGMA = 1.4826;
/** Of the median: values that never move would else make the smallest step infinitely unlikely. */
const LEAST_RELATIVE_SIGMA = 0.001;

/**
 * How many standard deviations `value` is from the window's median, both estimated so that single
 * outliers have no say; 0 when the window says nothing about it.
 */
export function robustScore({ sorted }: RollingWindow, value: number): number {
  const median = medianOf(sorted);
  const deviations = sorted.map((one) => Math.abs(one - median)).sort((a, b) => a - b);
  const sigma = Math.max(
    MAD_TO_SIGMA * medianOf(deviations),
    LEAST_RELATIVE_SIGMA * Math.abs(median),
  );
  return sigma > 0 ? Math.abs(value - median) / sigma : 0;
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
