/**
 * Which slices of the lake lose rows that a person wants to be nowhere any more. Pure; `--dry-run` prints what
 * the job runs.
 */
import { agree, countOf } from '../count.ts';
import type { Dataset } from '../dataset.ts';
import type { TimeRange } from '../time/time-range.ts';
import { formatHeld, type Hold, holdsRange } from './holds.ts';
import { type DiskFacts, guardAllOfLake, guardDisk, guardShareOfLake } from './lake-guards.ts';
import { type Refusal, unforceable } from './refusal.ts';

/** A slice that has such rows, and is written anew without them. */
export interface ThinnedSlice {
  readonly id: string;
  readonly range: TimeRange;
  /** That go. */
  readonly chosen: number;
  /** From the first of these to the last. */
  readonly chosenSpan: TimeRange;
  /** Of all of it, with those that go. */
  readonly rows: number;
  readonly bytes: number;
  readonly segments: number;
}

export interface DeletionInput extends DiskFacts {
  readonly dataset: Pick<Dataset, 'name' | 'table' | 'limits'>;
  /** Null is all of time. */
  readonly span: TimeRange | null;
  /** Of the whole dataset. */
  readonly coldRows: number;
  /** Those of the slices that have such rows, oldest first. */
  readonly slices: readonly ThinnedSlice[];
  /** Such rows in PostgreSQL; null where nobody counted them. */
  readonly hotRows: number | null;
  /** They may stay where they are. */
  readonly coldOnly: boolean;
  /** Somebody has typed the dataset's name to say that all of it may go. */
  readonly mayEmpty: boolean;
  /** That have not ended. */
  readonly holds: readonly Hold[];
}

export interface DeletionPlan {
  readonly dataset: string;
  readonly span: TimeRange | null;
  readonly coldRows: number;
  readonly slices: readonly ThinnedSlice[];
  /** That go. */
  readonly rows: number;
  readonly hotRows: number | null;
  readonly refusals: readonly Refusal[];
}

export function planDeletion(input: DeletionInput): DeletionPlan {
  const { dataset, span, coldRows, slices, hotRows } = input;
  const rows = slices.reduce((sum, { chosen }) => sum + chosen, 0);
  return {
    dataset: dataset.name,
    span,
    coldRows,
    slices,
    rows,
    hotRows,
    refusals: [
      ...guardHolds(input),
      ...guardHot(input),
      ...(rows === 0 ? [] : guardLeaving(input, rows)),
      ...guardDisk(
        'the slices that are written anew',
        slices.reduce((sum, { bytes }) => sum + bytes, 0),
        input,
      ),
    ],
  };
}

function guardHolds({ holds, slices }: DeletionInput): readonly Refusal[] {
  return holds.flatMap((hold) => {
    const held = slices.filter(({ chosenSpan }) => holdsRange(hold, chosenSpan));
    if (held.length === 0) return [];
    const rows = held.reduce((sum, { chosen }) => sum + chosen, 0);
    return [
      unforceable(
        'held',
        `hold ${hold.id} (${hold.reason}) keeps ${formatHeld(hold.range)}, where up to ${countOf(rows, 'row')} would go`,
        `leave that time out with --from and --to, or end the hold: \`tierd hold lift ${hold.id} --reason …\``,
      ),
    ];
  });
}

/** Whoever wants a row to be nowhere must hear of the one that the next rotation would bring to the lake. */
function guardHot({ dataset, hotRows, coldOnly }: DeletionInput): readonly Refusal[] {
  if (coldOnly || hotRows === null || hotRows === 0) return [];
  const { schema, name } = dataset.table;
  return [
    unforceable(
      'hot_rows',
      `${countOf(hotRows, 'row')} that ${agree(hotRows, 'matches', 'match')} ${agree(hotRows, 'is', 'are')} in PostgreSQL, where tierd deletes nothing on your behalf; ${agree(hotRows, 'it', 'they')} would stay visible`,
      `delete ${agree(hotRows, 'it', 'them')} there first: DELETE FROM ${schema}.${name} WHERE …; or leave ${agree(hotRows, 'it', 'them')} there with --cold-only`,
    ),
  ];
}

function guardLeaving(
  { dataset: { name, limits }, coldRows, mayEmpty }: DeletionInput,
  rows: number,
): readonly Refusal[] {
  const deed = (some: string): string => `delete ${some}`;
  const leaving = { dataset: name, rows, coldRows, deed };
  return [
    ...guardShareOfLake(
      leaving,
      limits.maxShare,
      'look at --dry-run, and use --force if that is what is meant',
    ),
    ...(mayEmpty || rows < coldRows
      ? []
      : guardAllOfLake(leaving, `tierd delete ${name} --force --may-empty ${name} …`)),
  ];
}
