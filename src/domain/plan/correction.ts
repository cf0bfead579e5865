/** What a file of corrections comes to, held against the lake. Pure. */
import { agree, countOf } from '../count.ts';
import type { Dataset } from '../dataset.ts';
import type { TimeRange } from '../time/time-range.ts';
import { formatHeld, type Hold, holdsRange } from './holds.ts';
import { type DiskFacts, guardDisk } from './lake-guards.ts';
import { type Refusal, unforceable } from './refusal.ts';

/** A slice of the lake some of whose rows are replaced. */
export interface CorrectedSlice {
  readonly range: TimeRange;
  readonly rows: number;
  /** Of these, those that differ from what the lake has. */
  readonly changed: number;
}

export interface CorrectionInput extends DiskFacts {
  readonly dataset: Pick<Dataset, 'name'>;
  /** Of the file. */
  readonly rows: number;
  /** Of these, rows whose key is in no slice of the lake. */
  readonly unknown: number;
  /** Some of their keys. */
  readonly examples: readonly string[];
  /** Why the lake may have rows of these keys all the same; null where it has none. */
  readonly incomparable: string | null;
  /** Rows without a cold one of their key are left out. */
  readonly onlyKnown: boolean;
  readonly slices: readonly CorrectedSlice[];
  /** Rows of the lake that have a key of the file. */
  readonly metRows: number;
  /** Of the slices of the lake that are written anew without these. */
  readonly rewrittenBytes: number;
  /** That have not ended. */
  readonly holds: readonly Hold[];
}

type OfFile = Pick<
  CorrectionInput,
  'rows' | 'unknown' | 'examples' | 'incomparable' | 'onlyKnown' | 'slices'
>;

export interface CorrectionPlan extends OfFile {
  readonly dataset: string;
  /** That differ from what the lake has. */
  readonly changed: number;
  readonly refusals: readonly Refusal[];
}

export function planCorrection(input: CorrectionInput): CorrectionPlan {
  const { dataset, rows, unknown, examples, incomparable, onlyKnown, slices, holds } = input;
  return {
    dataset: dataset.name,
    rows,
    unknown,
    examples,
    incomparable,
    onlyKnown,
    slices,
    changed: slices.reduce((sum, { changed }) => sum + changed, 0),
    refusals: [
      ...guardUnknown(dataset.name, input),
      ...guardRepeated(dataset.name, input),
      ...guardHolds(holds, slices),
      ...guardDisk('the slices that are written anew', input.rewrittenBytes, input),
    ],
  };
}

function guardUnknown(
  dataset: string,
  { unknown, examples, incomparable, onlyKnown }: OfFile,
): readonly Refusal[] {
  if (unknown === 0 || onlyKnown) return [];
  const more = unknown > examples.length ? ', …' : '';
  if (incomparable !== null) {
    return [
      unforceable(
        'unknown_keys',
        `${countOf(unknown, 'row')} of the file ${agree(unknown, 'has', 'have')} a key that no row which can be compared has, and slices of that time can't be: ${incomparable}: ${examples.join('; ')}${more}`,
        `inserted into PostgreSQL as well they would be there twice: first \`tierd delete ${dataset} --where …\` what they replace; --only-known leaves them out`,
      ),
    ];
  }
  return [
    unforceable(
      'unknown_keys',
      `${countOf(unknown, 'row')} of the file ${agree(unknown, 'has', 'have')} a key that the lake has no row of: ${examples.join('; ')}${more}`,
      `insert new rows of ${dataset} into PostgreSQL, and correct hot ones there; --only-known leaves them out`,
    ),
  ];
}

/** One row would take the place of several, which are not versions of it: `keep-both` keeps them apart. */
function guardRepeated(dataset: string, { slices, metRows }: CorrectionInput): readonly Refusal[] {
  const known = slices.reduce((sum, { rows }) => sum + rows, 0);
  if (metRows <= known) return [];
  return [
    unforceable(
      'repeated_keys',
      `${countOf(known, 'row')} of the file ${agree(known, 'has a key', 'have keys')} that ${countOf(metRows, 'row')} of the lake have, so that nothing tells which of these is meant`,
      `take those that are not meant out of the lake, \`tierd delete ${dataset} --where …\`, or leave their keys out of the file`,
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
