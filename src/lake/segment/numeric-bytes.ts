/**
 * A fixed-point number in PostgreSQL's binary form: a header (how many groups, the weight of the
 * first, the sign, the digits shown after the point) and groups of four decimal digits without
 * zeros at either end (numeric_send and make_result in PostgreSQL's numeric.c).
 */

/** Header and at most 11 groups: 38 digits cut at the point make 11 groups of 4 at most. */
export const NUMERIC_MAX_BYTES = 8 + 11 * 2;

const GROUP = 10_000;
const NEGATIVE = 0x4000;

/** Writes `unscaled / 10^scale` at `at`; returns how many bytes that took. */
export function writeNumeric(
  view: DataView,
  at: number,
  unscaled: number | bigint,
  scale: number,
): number {
  const negative = unscaled < 0;
  // Digits that fill up the last group after the point.
  const filling = (4 - (scale % 4)) % 4;
  const groups = splitIntoGroups(unscaled, filling);
  const groupsAfterPoint = (scale + filling) / 4;
  let weight = groups.length - groupsAfterPoint - 1;
  let last = 0;
  while (last < groups.length && groups[last] === 0) last += 1;
  let first = groups.length - 1;
  while (first >= last && groups[first] === 0) {
    first -= 1;
    weight -= 1;
  }
  const count = first - last + 1;
  view.setInt16(at, count);
  view.setInt16(at + 2, count === 0 ? 0 : weight);
  view.setUint16(at + 4, negative ? NEGATIVE : 0);
  view.setUint16(at + 6, scale);
  for (let index = 0; index < count; index += 1) {
    view.setInt16(at + 8 + index * 2, groups[first - index] as number);
  }
  return 8 + count * 2;
}

/** Groups of four digits, lowest first, of `|unscaled| × 10^filling`. */
function splitIntoGroups(unscaled: number | bigint, filling: number): number[] {
  const groups: number[] = [];
  if (typeof unscaled === 'number') {
    let rest = Math.abs(unscaled);
    // The lowest group is cut off before the filling is put on: the product may be no exact double.
    const lowest = 10 ** (4 - filling);
    groups.push((rest % lowest) * 10 ** filling);
    for (rest = Math.floor(rest / lowest); rest > 0; rest = Math.floor(rest / GROUP)) {
      groups.push(rest % GROUP);
    }
    return groups;
  }
  let rest = (unscaled < 0n ? -unscaled : unscaled) * 10n ** BigInt(filling);
  for (; rest > 0n; rest /= BigInt(GROUP)) groups.push(Number(rest % BigInt(GROUP)));
  return groups;
}
