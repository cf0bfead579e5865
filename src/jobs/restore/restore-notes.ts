/** What is worth a word about a restore, and stands in nothing's way. */
import { agree, countOf } from '../../domain/count.ts';
import type { DroppedPartition } from '../../domain/plan/dropped-partition.ts';
import { formatTable } from '../../domain/table.ts';
import type { SliceWork } from './rooms.ts';
import type { Target } from './target.ts';

const nameOf = ({ ref }: DroppedPartition): string => formatTable(ref);

/** `there`: how many slices another table was given by an earlier run. */
export function restoreNotes(
  target: Target,
  work: readonly SliceWork[],
  there: number,
): readonly string[] {
  const notes: string[] = [];
  const defaulted = new Set(work.flatMap(({ mapped }) => mapped.defaulted));
  if (defaulted.size > 0) {
    notes.push(
      `columns that are younger than the rows get their default: ${[...defaulted].join(', ')}`,
    );
  }
  const gone = new Set(work.flatMap(({ mapped }) => mapped.leftOut));
  if (gone.size > 0) {
    notes.push(
      `columns that the table has no more hold nothing but nulls: ${[...gone].join(', ')}`,
    );
  }
  const again = new Set(work.flatMap(({ planned }) => planned.partitions.map(nameOf)));
  if (again.size > 0) {
    notes.push(
      `${agree(again.size, 'a partition', 'partitions')} that a rotation dropped ${agree(again.size, 'is', 'are')} made again: ${[...again].join(', ')}`,
    );
  }
  if (target.table === null) notes.push(`${target.name} is not there and will be made`);
  if (there > 0) {
    notes.push(
      `${countOf(there, 'slice')} ${agree(there, 'was', 'were')} copied into ${target.name} by an earlier run and ${agree(there, 'is', 'are')} left out; to copy them once more, name another table`,
    );
  }
  return notes;
}
