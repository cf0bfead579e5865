/** What a file of corrections comes to, held against the lake. Pure. */
import { countOf } from '../count.ts';
import type { Dataset } from '../dataset.ts';
import type { TimeRange } from '../time/time-range.ts';
import { formatHeld, type Hold, holdsRange } from './holds.ts';
import { type Refusal, unforceable } from './refusal.ts';

/** A slice of the lake some of whose rows are replaced. */
export interface CorrectedSlice {
  readonly range: TimeRange;
  readonly rows: number;
  /** Of these, those that differ from what the lake has. */
  readonly changed: number;
}

export interface CorrectionInput {
  readonly dataset: Pick<Dataset, 'name'>;
  /** Of the file. */
  readonly rows: number;
  /** Of these, rows whose key is in no slice of the lake. */
  readonly unknown: number;
  /** Some of their keys. */
  readonly examples: readonly string[];
  /** Rows without a cold one of their key are left out. */
  readonly onlyKnown: boolean;
  readonly slices: readonly CorrectedSlice[];
  /** That have not ended. */
  readonly holds: readonly Hold[];
}

export interface CorrectionPlan extends Omit<CorrectionInput, 'dataset' | 'holds'> {
  readonly dataset: string;
  /** That differ from what the lake has. */
  readonly changed: number;
  readonly refusals: readonly Refusal[];
}

export function planCorrection({ dataset, holds, ...input }: CorrectionInput): CorrectionPlan {
  return {
    ...input,
    dataset: dataset.name,
    changed: input.slices.reduce((sum, { changed }) => sum + changed, 0),
    refusals: [...guardUnknown(dataset.name, input), ...guardHolds(holds, input.slices)],
  };
}

function guardUnknown(
  dataset: string,
  { unknown, examples, onlyKnown }: Omit<CorrectionInput, 'dataset' | 'holds'>,
): readonly Refusal[] {
  if (unknown === 0 || onlyKnown) return [];
  const more = unknown > examples.length ? ', …' : '';
  return [
    unforceable(
      'unknown_keys',
      `${countOf(unknown, 'row')} of the file have a key that the lake has no row of: ${examples.join('; ')}${more}`,
      `insert new rows of ${dataset} into PostgreSQL, and correct hot ones there; --only-known leaves them out`,
    ),
  ];
}

function guardHolds(holds: readonly Hold[], slices: readonly CorrectedSlice[]): readonly Refusal[] {
  return holds
    .filter((hold) => slices.some(({ range }) => holdsRange(hold, range)))
    .map(({ id, range, reason }) =>
      unforceable(
        'held',
        `hold ${id} (${reason}) keeps ${formatHeld(range)} as it is`,
        `leave those rows out of the file, or end the hold: \`tierd hold lift ${id} --reason …\``,
      ),
    );
}
