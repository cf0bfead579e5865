/** What stands in the way of a plan that rewrites slices of the lake, or lets rows of it go. */
import { megabytes } from '../count.ts';
import { type Refusal, unforceable } from './refusal.ts';

export interface DiskFacts {
  /** Free bytes where segments are staged and published; null when the store can't say. */
  readonly freeBytes: number | null;
  readonly minFreeBytes: number;
}

/**
 * The old files stay for `maintenance.grace_period` beside the new ones.
 *
 * @param what whose bytes they are: `the merged segments`
 * @param needed bytes
 */
export function guardDisk(
  what: string,
  needed: number,
  { freeBytes, minFreeBytes }: DiskFacts,
): readonly Refusal[] {
  if (freeBytes === null || needed === 0 || freeBytes >= needed + minFreeBytes) return [];
  return [
    unforceable(
      'disk_space',
      `the lake's disk has ${megabytes(freeBytes)} free; ${what} take ${megabytes(needed)} beside the old ones, which readers keep until maintenance.grace_period is over, and min_free is ${megabytes(minFreeBytes)}`,
      'free or add disk, or lower lake.min_free',
    ),
  ];
}

/** Rows that would be in the lake no longer. */
export interface Leaving {
  readonly dataset: string;
  readonly rows: number;
  /** All that the lake has of the dataset. */
  readonly coldRows: number;
  /** What happens to them: `let 5 of 10 cold rows expire`. */
  readonly deed: (rows: string) => string;
}

export function guardShareOfLake(
  { rows, coldRows, deed }: Leaving,
  maxShare: number,
  hint: string,
): readonly Refusal[] {
  if (rows <= maxShare * coldRows) return [];
  const some = `${String(rows)} of ${String(coldRows)} cold rows`;
  return [
    {
      guard: 'share_of_lake',
      message: `the plan would ${deed(some)}, ${percent(rows / coldRows)} (limit max_share: ${percent(maxShare)})`,
      hint,
      forceable: true,
    },
  ];
}

/** @param command by which it can be said that this is meant */
export function guardAllOfLake(
  { dataset, rows, deed }: Leaving,
  command: string,
): readonly Refusal[] {
  return [
    unforceable(
      'all_of_lake',
      `the plan would ${deed(`all ${String(rows)} cold rows of ${dataset}`)}, and nothing of it would be left in the lake`,
      `if that is meant, say so by its name: \`${command}\``,
    ),
  ];
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
