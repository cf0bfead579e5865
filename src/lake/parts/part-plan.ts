/** What of a segment is fetched, and where it comes to lie in the file that is made of it. */
import type { FooterSpans } from './footer-spans.ts';

export interface PlacedChunk {
  readonly group: number;
  readonly leaf: number;
  /** Of the segment's bytes. */
  readonly start: number;
  readonly end: number;
  /** Where it begins in the file. */
  readonly place: number;
}

export interface PartPlan {
  readonly groups: readonly number[];
  readonly chunks: readonly PlacedChunk[];
  /** Where the footer begins in the file. */
  readonly end: number;
}

/** Where as much of a segment is needed, the rest comes along, and it can be judged by its hash. */
const NEARLY_ALL = 0.9;

export function isNearlyAll({ end }: PartPlan, segmentBytes: bigint): boolean {
  return end > NEARLY_ALL * Number(segmentBytes);
}

/** The file begins with it. */
export const MAGIC = 'PAR1';

/**
 * @param columns that are needed
 * @returns null where one of them is not in the file
 */
export function planPart(
  footer: FooterSpans,
  columns: readonly string[],
  chosen: ReadonlySet<number>,
): PartPlan | null {
  const leaves = columns.map((name) => footer.columns.findIndex((column) => column.name === name));
  if (leaves.includes(-1)) return null;
  const rising = [...new Set(leaves)].sort((a, b) => a - b);
  const groups: number[] = [];
  const chunks: PlacedChunk[] = [];
  let end = MAGIC.length;
  for (const [group, { chunks: all }] of footer.groups.entries()) {
    if (!chosen.has(group)) continue;
    groups.push(group);
    for (const leaf of rising) {
      const chunk = all[leaf];
      if (chunk === undefined) return null;
      chunks.push({ group, leaf, start: chunk.start, end: chunk.end, place: end });
      end += chunk.end - chunk.start;
    }
  }
  return { groups, chunks, end };
}
