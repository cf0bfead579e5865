/** How files that are ingested are read: which of their columns is which of the table, and what their times mean. */
import { createHash } from 'node:crypto';
import { TierdError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import type { ColumnDescription, IntegerTimeUnit } from '../table.ts';

export interface IngestReading {
  /** Of CSV files without a first line of names; null where each has one. */
  readonly columns: readonly string[] | null;
  /** A file's column → the table's; others go by their own name. */
  readonly map: Readonly<Record<string, string>>;
  /** Columns of the files that are left out. */
  readonly ignore: readonly string[];
  /** A column of the table → the value that all rows have in it. */
  readonly set: Readonly<Record<string, string>>;
  /** What numbers in the time column count, since 1970; null where they are none, or are what the column counts. */
  readonly timeUnit: IntegerTimeUnit | null;
  /** Whose local time a text without a zone is; null is what PostgreSQL takes it for, in UTC. */
  readonly timeZone: string | null;
}

/** What is done with a row whose key another row has. */
export type OnConflict = 'error' | 'skip' | 'replace';

/** The name of a file in the ledger: the same content that is read as something else is another one. */
export function readingOf(
  contentSha256: string,
  reading: IngestReading,
  onConflict: OnConflict,
): string {
  const sorted = (record: Readonly<Record<string, string>>): unknown =>
    Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const told = JSON.stringify([
    contentSha256,
    reading.columns,
    sorted(reading.map),
    [...reading.ignore].sort(),
    sorted(reading.set),
    reading.timeUnit,
    reading.timeZone,
    onConflict,
  ]);
  return createHash('sha256').update(told).digest('hex');
}

export type FileFormat = 'csv' | 'ndjson' | 'parquet';
export type Packing = 'none' | 'gzip' | 'zstd';

export interface FileKind {
  readonly format: FileFormat;
  readonly packing: Packing;
}

/** By the end of its name; null for one that says nothing that is known. */
export function kindOf(path: string): FileKind | null {
  const match = /\.(csv|ndjson|jsonl|parquet)(\.gz|\.zst)?$/iu.exec(path);
  if (match === null) return null;
  const [, end = '', packed] = match;
  const packing = packed === undefined ? 'none' : packed.toLowerCase() === '.gz' ? 'gzip' : 'zstd';
  const name = end.toLowerCase();
  if (name === 'parquet') return packing === 'none' ? { format: 'parquet', packing } : null;
  return { format: name === 'csv' ? 'csv' : 'ndjson', packing };
}

/** A column of the table that gets a value: of the file's column at that place, or the same one for all rows. */
export interface MappedColumn {
  readonly column: ColumnDescription;
  readonly from: { readonly place: number } | { readonly value: string };
}

/**
 * @param names of the file's columns, in their order
 * @throws TierdError USAGE with all that does not fit
 */
export function mapColumns(
  file: string,
  names: readonly string[],
  { map, ignore, set }: IngestReading,
  columns: readonly ColumnDescription[],
): readonly MappedColumn[] {
  const problems: string[] = [];
  const writable = columns.filter(({ generated }) => !generated).map(({ name }) => name);
  const mapped = new Map<string, MappedColumn['from']>();
  const take = (name: string, from: MappedColumn['from'], what: string): void => {
    if (mapped.has(name)) problems.push(`${name} is given twice`);
    else if (writable.includes(name)) mapped.set(name, from);
    else problems.push(tellUnknown(name, what, columns, writable));
  };
  names.forEach((name, place) => {
    if (ignore.includes(name)) return;
    if (name === '') problems.push(`column ${String(place + 1)} has no name`);
    else take(map[name] ?? name, { place }, name);
  });
  for (const [name, value] of Object.entries(set)) take(name, { value }, '--set');
  for (const name of [...Object.keys(map), ...ignore]) {
    if (!names.includes(name)) problems.push(`the file has no column ${name}`);
  }
  if (problems.length > 0) throw doesNotFit(file, problems, names);
  return columns.flatMap((column) => {
    const from = mapped.get(column.name);
    return from === undefined ? [] : [{ column, from }];
  });
}

function tellUnknown(
  name: string,
  what: string,
  columns: readonly ColumnDescription[],
  writable: readonly string[],
): string {
  const from = what === name ? '' : ` (from ${what})`;
  if (columns.some((column) => column.name === name)) return `PostgreSQL computes ${name}${from}`;
  const near = suggest(name, writable);
  return `the table has no column ${name}${from}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

function doesNotFit(
  file: string,
  problems: readonly string[],
  names: readonly string[],
): TierdError {
  return new TierdError({
    code: 'USAGE',
    message: `${file} does not fit the table: ${[...new Set(problems)].join('; ')}. Its columns are ${names.join(', ')}. Nothing was changed.`,
    hint: "Say which is which with --map 'file column=table column', leave columns out with --ignore, give the names of a file without a first line of them with --columns.",
    context: { file, problems },
  });
}
