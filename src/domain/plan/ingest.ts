/** What files that are ingested come to, held against PostgreSQL and the lake. Pure. */
import { agree, countOf } from '../count.ts';
import type { Dataset } from '../dataset.ts';
import type { OnConflict } from '../ingest/reading.ts';
import type { EpochMs, TimeRange } from '../time/time-range.ts';
import { type DiskFacts, guardDisk } from './lake-guards.ts';
import { type Refusal, unforceable } from './refusal.ts';

export interface IngestedFile {
  readonly path: string;
  readonly bytes: number;
  /** Of the file, whatever became of them; of one that is ended nobody counts them again. */
  readonly rows: number;
  /** That become dead letters. */
  readonly rejected: number;
  /** Some of their reasons. */
  readonly reasons: readonly string[];
  /** Null where its rows are brought in; else why nothing of it is. */
  readonly leftOut: string | null;
}

/** Rows that go somewhere; where there are none the slice is none of the plan. */
export interface IngestedSlice {
  readonly range: TimeRange;
  readonly cold: number;
  readonly hot: number;
}

export interface IngestConflicts {
  /** There as they are: left out. */
  readonly known: number;
  /** Of one key with other values, among the files' own rows, */
  readonly repeated: number;
  /** in PostgreSQL */
  readonly hot: number;
  /** and in the lake. */
  readonly cold: number;
  /** Some of their keys. */
  readonly examples: readonly string[];
}

export interface IngestInput extends DiskFacts {
  readonly dataset: Pick<Dataset, 'name' | 'coldDays' | 'limits'>;
  readonly onConflict: OnConflict;
  readonly files: readonly IngestedFile[];
  readonly slices: readonly IngestedSlice[];
  readonly conflicts: IngestConflicts;
  /** Keys of rows that replace, which the lake has more than once. */
  readonly repeatedInLake: number;
  /** Of rows with other values, where the lake can't compare all of that time; null where it can. */
  readonly incomparable: string | null;
  /** Whether rows of one key are known by it. */
  readonly hasKey: boolean;
  /** Columns of the table that the files have no value for. */
  readonly missing: readonly string[];
  /** Of these, those that have to have one. */
  readonly required: readonly string[];
  readonly futureRows: number;
  /** Rows that were read as counts since 1970, and all of which are of its first year. */
  readonly allIn1970: boolean;
  /** What the table's own times call now. */
  readonly tableNow: EpochMs;
}

export interface IngestPlan
  extends Pick<IngestInput, 'onConflict' | 'files' | 'slices' | 'conflicts'> {
  readonly dataset: string;
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
}

/** More dead letters than that are no odd rows, but files that are read as what they are not. */
const MOST_REJECTED = 0.1;
const FEWEST_TO_JUDGE = 20;

export function planIngest(input: IngestInput): IngestPlan {
  const { dataset, onConflict, files, slices, conflicts } = input;
  return {
    dataset: dataset.name,
    onConflict,
    files,
    slices,
    conflicts,
    refusals: [
      ...guardRejected(files),
      ...guardConflicts(input),
      ...guardColumns(input),
      ...guardTimes(input),
      ...(input.incomparable === null
        ? []
        : [refuseIncomparable(dataset.name, input.incomparable)]),
      ...guardDisk('the segments', bytesOf(files), input),
    ],
    notes: [...noteKey(input), ...noteExpiry(input)],
  };
}

const bytesOf = (files: readonly IngestedFile[]): number =>
  files.reduce((sum, { bytes, leftOut }) => sum + (leftOut === null ? bytes : 0), 0);

function guardRejected(files: readonly IngestedFile[]): readonly Refusal[] {
  return files
    .filter(({ rows, rejected }) => rejected >= FEWEST_TO_JUDGE && rejected > rows * MOST_REJECTED)
    .map(({ path, rows, rejected, reasons }) => ({
      guard: 'too_many_rejected',
      message: `${countOf(rejected, 'row')} of ${String(rows)} of ${path} would become dead letters: ${reasons.join('; ')}`,
      hint: 'look whether --map, --time-unit, --time-zone and --columns say what the file is; --force keeps them as dead letters and takes the others',
      forceable: true,
    }));
}

function guardConflicts(input: IngestInput): readonly Refusal[] {
  const { onConflict, conflicts, hasKey, repeatedInLake, missing, dataset } = input;
  const { repeated, hot, cold, examples } = conflicts;
  if (!hasKey && onConflict !== 'error') {
    return [
      unforceable(
        'no_key',
        `the table of ${dataset.name} has no unique key that the lake can compare, so that nothing tells which row --on-conflict ${onConflict} means`,
        'add a primary key or a unique index of columns that are no floats, or leave out --on-conflict',
      ),
    ];
  }
  if (onConflict === 'replace' && missing.length > 0) {
    return [
      unforceable(
        'columns_missing',
        `the files have nothing for ${missing.join(', ')}, and a row that is replaced is replaced whole`,
        'give each column, also with --set column=value, or use --on-conflict skip',
      ),
    ];
  }
  if (repeatedInLake > 0) {
    return [
      unforceable(
        'repeated_keys',
        `${countOf(repeatedInLake, 'row')} would replace rows of the lake that share their key, so that nothing tells which is meant`,
        `take those that are not meant out of the lake, \`tierd delete ${dataset.name} --where …\``,
      ),
    ];
  }
  const all = repeated + hot + cold;
  if (onConflict !== 'error' || all === 0) return [];
  const where = [
    ...(repeated > 0 ? [`${countOf(repeated, 'row')} of the files themselves`] : []),
    ...(hot > 0 ? [`${countOf(hot, 'row')} of PostgreSQL`] : []),
    ...(cold > 0 ? [`${countOf(cold, 'row')} of the lake`] : []),
  ];
  return [
    unforceable(
      'conflicts',
      `${countOf(all, 'row')} ${agree(all, 'has a key', 'have keys')} that other rows have with other values (${where.join(', ')}): ${examples.join('; ')}${all > examples.length ? ', …' : ''}`,
      '--on-conflict skip leaves the rows of the files out, --on-conflict replace puts them in the place of the others',
    ),
  ];
}

function guardColumns({ required }: IngestInput): readonly Refusal[] {
  if (required.length === 0) return [];
  return [
    unforceable(
      'columns_missing',
      `the files have nothing for ${required.join(', ')}: that may not be null, or is numbered by PostgreSQL and only in rows that are written into the table`,
      'say with --map which column of the files it is, give it one value with --set, or give the column a default',
    ),
  ];
}

function guardTimes({ futureRows, allIn1970, dataset }: IngestInput): readonly Refusal[] {
  return [
    ...(futureRows === 0
      ? []
      : [
          {
            guard: 'future_rows',
            message: `${countOf(futureRows, 'row')} ${agree(futureRows, 'is', 'are')} further in the future than max_future of ${dataset.name} allows, where rotations would refuse`,
            hint: 'look whether --time-unit and --time-zone say what the files mean; --force brings them in',
            forceable: true,
          },
        ]),
    ...(allIn1970
      ? [
          {
            guard: 'unlikely_times',
            message:
              'all rows would be of 1970, as counts of a larger unit are when they are read as a smaller one',
            hint: 'look at --time-unit; --force takes them as they are',
            forceable: true,
          },
        ]
      : []),
  ];
}

function refuseIncomparable(dataset: string, why: string): Refusal {
  return unforceable(
    'incomparable',
    `slices of the lake of that time can't be compared with the files: ${why}`,
    `rows would be there twice: first \`tierd delete ${dataset} --where …\` what the files bring again, or leave that time out of the files`,
  );
}

function noteKey({ hasKey, slices }: IngestInput): readonly string[] {
  if (hasKey || slices.length === 0) return [];
  return [
    'the table has no unique key that the lake can compare: nobody looks whether rows are there already, but for files that were ingested as they are',
  ];
}

function noteExpiry({ dataset, slices, tableNow }: IngestInput): readonly string[] {
  const { coldDays } = dataset;
  if (coldDays === undefined) return [];
  const before = tableNow - coldDays * 86_400_000;
  const rows = slices
    .filter(({ range }) => range.toExclusive <= before)
    .reduce((sum, { cold }) => sum + cold, 0);
  if (rows === 0) return [];
  return [
    `${countOf(rows, 'row')} ${agree(rows, 'is', 'are')} older than cold_days of ${dataset.name}, and ${agree(rows, 'goes', 'go')} with the next \`tierd expire\``,
  ];
}
