/**
 * A segment's fingerprint, every value read by hyparquet: a Parquet reader that has no line in
 * common with DuckDB's.
 */
import { type AsyncBuffer, type FileMetaData, parquetScan } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { MAX_BATCH_ROWS } from '../../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { FingerprintBuilder } from '../../domain/fingerprint/builder.ts';
import type { SliceFingerprint } from '../../domain/fingerprint.ts';
import { interrupted } from '../lake-failure.ts';
import { PhysicalColumn } from './physical-values.ts';
import type { StatisticsCheck } from './statistics-check.ts';

export interface HyparquetRead {
  readonly file: AsyncBuffer;
  readonly path: string;
  readonly footer: FileMetaData;
  readonly columns: readonly ColumnPlan[];
  readonly statistics: StatisticsCheck;
  readonly signal: AbortSignal;
}

export async function fingerprintByHyparquet(read: HyparquetRead): Promise<SliceFingerprint> {
  const { file, path, footer, columns, statistics, signal } = read;
  const metadata = physicalOnly(footer);
  const names = columns.map((plan) => plan.name);
  const builder = new FingerprintBuilder(names, MAX_BATCH_ROWS);
  const scan = await parquetScan({
    file,
    metadata,
    compressors,
    utf8: false,
    useOffsetIndex: false,
  });
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    const rowEnd = rowStart + rows;
    const physical: PhysicalColumn[] = [];
    for (const plan of columns) {
      if (signal.aborted) throw interrupted(`verify ${path}`, signal.reason);
      const values = await scan.readColumn({ column: plan.name, rowStart, rowEnd });
      physical.push(new PhysicalColumn(plan, values));
    }
    addRows(builder, statistics, physical, rowStart, rows);
    rowStart = rowEnd;
  }
  return builder.finish();
}

function addRows(
  builder: FingerprintBuilder,
  statistics: StatisticsCheck,
  columns: readonly PhysicalColumn[],
  rowStart: number,
  rows: number,
): void {
  for (let from = 0; from < rows; from += MAX_BATCH_ROWS) {
    const count = Math.min(MAX_BATCH_ROWS, rows - from);
    columns.forEach((column, index) => {
      const bytes = column.reencode(from, count);
      builder.addColumn(index, bytes, 0, count);
      statistics.check(index, bytes, 0, count, rowStart + from);
    });
    builder.endBatch(count);
  }
}

/**
 * The metadata without what values mean, so that hyparquet hands out what is stored: it would
 * make dates of microseconds, doubles of decimals and objects of JSON. Floats are read as the
 * integers of their bits: a NaN need not keep its bits in a JavaScript number.
 */
export function physicalOnly(metadata: FileMetaData): FileMetaData {
  const bitsOf = { DOUBLE: 'INT64', FLOAT: 'INT32' } as const;
  const schema = metadata.schema.map((element) => {
    const { converted_type: _, logical_type: __, ...rest } = element;
    const { type } = rest;
    return type === 'DOUBLE' || type === 'FLOAT' ? { ...rest, type: bitsOf[type] } : rest;
  });
  const row_groups = metadata.row_groups.map((group) => ({
    ...group,
    columns: group.columns.map((column) => {
      const { meta_data: chunk } = column;
      if (chunk?.type !== 'DOUBLE' && chunk?.type !== 'FLOAT') return column;
      return { ...column, meta_data: { ...chunk, type: bitsOf[chunk.type] } };
    }),
  }));
  return { ...metadata, schema, row_groups };
}
