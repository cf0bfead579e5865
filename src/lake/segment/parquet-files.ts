/**
 * A staging table, sorted, as one or several Parquet files of at most a given size. The files'
 * order is the sort order, so each holds a range of its own of the sort columns.
 */
import { join } from 'node:path';
import { type ColumnPlan, isFloat } from '../../domain/columns/column-plan.ts';
import type { ParquetForm } from '../../domain/dataset.ts';
import type { FileSystem } from '../file-system.ts';
import { type DuckConnection, quoteSqlName, quoteSqlText } from './duckdb.ts';
import { readCounts } from './small-results.ts';
import { stagedName } from './staging-table.ts';

export interface ParquetTarget {
  readonly directory: string;
  readonly namePrefix: string;
  readonly columns: readonly ColumnPlan[];
  readonly sortBy: readonly string[];
  readonly targetFileBytes: number;
  readonly form: ParquetForm;
  /** Goes into the footer of every file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A table in DuckDB whose columns are called as `stagedName` says. */
export interface StagedRows {
  readonly name: string;
  readonly rows: number;
  /** Roughly, before any compression. */
  readonly bytes: number;
  /** Some float in it must not go through a dictionary. */
  readonly hasOddFloats: boolean;
}

/** DuckDB's vector size, which row groups are multiples of. */
const VECTOR_ROWS = 2048;
/** A row group is held in memory as a whole while it is written and while it is read. */
const MAX_ROW_GROUP_BYTES = 32 << 20;
/** DuckDB ends a file after the row group that passes the limit, so the limit is set lower. */
const FILE_LIMIT_SHARE = 0.85;
/** Parts are planned somewhat smaller than they may be, for rows are not all of one size. */
const SPLIT_MARGIN = 1.15;

/** Returns the files' paths in sort order. */
export async function writeParquetFiles(
  connection: DuckConnection,
  fs: FileSystem,
  table: StagedRows,
  target: ParquetTarget,
): Promise<string[]> {
  const names = new FileNames(target);
  const options = writeOptions(table, target);
  const select = `select ${selectList(target.columns)} from ${table.name} as staged order by ${orderBy(target)}`;
  const first: string[] = [];
  if (table.bytes <= target.targetFileBytes) {
    const path = names.next();
    await copyTo(connection, select, path, options);
    first.push(path);
  } else {
    first.push(...(await writeManyFiles(connection, fs, select, names, target, options)));
  }
  const files: string[] = [];
  for (const path of first) {
    files.push(...(await splitTooLarge(connection, fs, path, names, target, options)));
  }
  return files;
}

class FileNames {
  readonly #target: ParquetTarget;
  #count = 0;

  constructor(target: ParquetTarget) {
    this.#target = target;
  }

  next(): string {
    this.#count += 1;
    const number = String(this.#count).padStart(4, '0');
    return join(this.#target.directory, `${this.#target.namePrefix}-${number}.parquet`);
  }

  nextDirectory(): string {
    return this.next().replace(/\.parquet$/u, '.parts');
  }
}

/** One pass over the sorted rows that begins a new file when one is full. */
async function writeManyFiles(
  connection: DuckConnection,
  fs: FileSystem,
  select: string,
  names: FileNames,
  target: ParquetTarget,
  options: readonly string[],
): Promise<string[]> {
  const parts = names.nextDirectory();
  const limit = Math.max(1, Math.floor(target.targetFileBytes * FILE_LIMIT_SHARE));
  await copyTo(connection, select, parts, [...options, `file_size_bytes ${limit}`]);
  const entries = await fs.readDirectory(parts);
  const numbered = entries
    .map(({ name }) => ({ name, number: Number(/^data_(\d+)\.parquet$/u.exec(name)?.[1] ?? NaN) }))
    .sort((a, b) => a.number - b.number);
  const files: string[] = [];
  for (const { name } of numbered) {
    const path = names.next();
    await fs.rename(join(parts, name), path);
    files.push(path);
  }
  await fs.removeDirectory(parts);
  return files;
}

/** Cuts a file that came out larger than the target, down to a single row, which may be so. */
async function splitTooLarge(
  connection: DuckConnection,
  fs: FileSystem,
  path: string,
  names: FileNames,
  target: ParquetTarget,
  options: readonly string[],
): Promise<string[]> {
  const bytes = (await fs.look(path))?.bytes ?? 0;
  if (bytes <= target.targetFileBytes) return [path];
  const rows = await rowsOf(connection, path);
  if (rows <= 1) return [path];
  const parts = Math.min(rows, Math.ceil((bytes / target.targetFileBytes) * SPLIT_MARGIN));
  const files: string[] = [];
  for (let part = 0; part < parts; part += 1) {
    const from = Math.floor((rows * part) / parts);
    const to = Math.floor((rows * (part + 1)) / parts);
    const piece = names.next();
    const select =
      `select * exclude (file_row_number) from read_parquet(${quoteSqlText(path)}, file_row_number = true)` +
      ` where file_row_number >= ${from} and file_row_number < ${to}`;
    await copyTo(connection, select, piece, options);
    files.push(...(await splitTooLarge(connection, fs, piece, names, target, options)));
  }
  await fs.unlink(path);
  return files;
}

async function rowsOf(connection: DuckConnection, path: string): Promise<number> {
  const [rows = 0] = await readCounts(
    connection,
    `select num_rows::double from parquet_file_metadata(${quoteSqlText(path)})`,
  );
  return rows;
}

async function copyTo(
  connection: DuckConnection,
  select: string,
  path: string,
  options: readonly string[],
): Promise<void> {
  await connection.run(`copy (${select}) to ${quoteSqlText(path)} (${options.join(', ')})`);
}

/**
 * Format version 1, which every reader has. No Bloom filters: DuckDB writes them for columns with few
 * distinct values, where the sort order and the statistics already tell, and they took 7 % of an
 * OHLCV file.
 */
function writeOptions(table: StagedRows, target: ParquetTarget): string[] {
  const bytesPerRow = Math.max(1, table.bytes / table.rows);
  const fitting = Math.floor(MAX_ROW_GROUP_BYTES / bytesPerRow / VECTOR_ROWS) * VECTOR_ROWS;
  const { codec, zstdLevel, rowGroupRows } = target.form;
  const groupRows = Math.max(VECTOR_ROWS, Math.min(rowGroupRows, fitting));
  const metadata = Object.entries(target.metadata).map(
    ([key, value]) => `${quoteSqlName(key)}: ${quoteSqlText(value)}`,
  );
  return [
    'format parquet',
    `compression ${codec}`,
    ...(codec === 'zstd' ? [`compression_level ${zstdLevel}`] : []),
    'parquet_version v1',
    'write_bloom_filter false',
    `row_group_size ${groupRows}`,
    // See `hasOddFloats`: 0 forbids dictionaries altogether, 1 would still make −0 and 0 one.
    ...(table.hasOddFloats ? ['dictionary_size_limit 0'] : []),
    `kv_metadata {${metadata.join(', ')}}`,
    ...fieldIds(target.columns),
  ];
}

/** All of a segment's columns have one, or none has: no column holds others inside it. */
function fieldIds(columns: readonly ColumnPlan[]): string[] {
  const ids = columns.flatMap(({ name, fieldId }) =>
    fieldId === undefined ? [] : [`${quoteSqlName(name)}: ${fieldId}`],
  );
  return ids.length === 0 ? [] : [`field_ids {${ids.join(', ')}}`];
}

function selectList(columns: readonly ColumnPlan[]): string {
  return columns
    .map((plan, index) => `staged.${stagedName(index)} as ${quoteSqlName(plan.name)}`)
    .join(', ');
}

/**
 * Qualified, for the table may have a column called `c0` too, and an alias would come first.
 *
 * Floats sort by half their value: DuckDB gives a sort column back as its sort key has it, where
 * −0 is 0 and all NaNs are one. Half a float is not the column, so that stays as it was.
 */
function orderBy({ columns, sortBy }: ParquetTarget): string {
  return sortBy
    .map((name) => {
      const index = columns.findIndex((plan) => plan.name === name);
      const plan = columns[index];
      const half = plan !== undefined && isFloat(plan) ? ' / 2' : '';
      return `staged.${stagedName(index)}${half} asc nulls last`;
    })
    .join(', ');
}
