/** How far a dataset's partitions reach, below the tables of `tierd status`. */
import { countOf } from '../../domain/count.ts';
import { type PartitionsLook, tellReach } from '../../domain/plan/partition-plan.ts';
import type { Style } from '../terminal/style.ts';

export function partitionLines(
  { dataset, partitions }: { readonly dataset: string; readonly partitions: PartitionsLook | null },
  { colour }: Style,
): readonly string[] {
  if (partitions === null) return [];
  const { reach, short, defaultRows } = partitions;
  const how =
    short === null
      ? `${dataset}: ${tellReach(reach)}`
      : `${colour.red('short')} ${dataset}: ${short}`;
  const rest =
    defaultRows === 0
      ? ''
      : `; the default partition has ${countOf(defaultRows, 'row')}${defaultRows >= 1_000 ? ' or more' : ''}`;
  return [`${how}${rest}`];
}
