/** How far a dataset's partitions reach, below the tables of `tierd status`. */
import { countOf } from '../../domain/count.ts';
import { MOST_GLANCED, type PartitionsLook, tellReach } from '../../domain/plan/partition-plan.ts';
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
  return [`${how}${tellRows(defaultRows)}`];
}

function tellRows(rows: number | null): string {
  if (rows === 0) return '';
  if (rows === null) return '; whether the default partition has rows is not known';
  return `; the default partition has ${countOf(rows, 'row')}${rows >= MOST_GLANCED ? ' or more' : ''}`;
}
