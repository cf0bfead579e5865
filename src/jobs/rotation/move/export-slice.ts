/** One slice: read through COPY, decoded, and handed to a segment writer batch by batch. */
import type pg from 'pg';
import type { TableRef } from '../../../domain/table.ts';
import type { TimeRange } from '../../../domain/time/time-range.ts';
import { exportRows } from '../../../hot/copy/copy-stream.ts';
import { type RowFilter, rowsWhere } from '../../../hot/measure/row-filter.ts';
import { quoteTable } from '../../../hot/quote.ts';
import { inlined } from '../../../hot/sql.ts';
import { openSegmentWriter } from '../../../lake/segment-writer.ts';
import { nextGeneration } from '../../../ledger/segments.ts';
import { footerOf } from '../footer.ts';
import type { Rooms } from '../rooms.ts';
import type { ExportedSlice, RunContext } from '../staged-move.ts';

export interface SliceTask {
  readonly moveId: string;
  readonly directory: string;
  readonly range: TimeRange;
  readonly filter: RowFilter | null;
  /** A table of the same columns that is read in place of the dataset's. */
  readonly from?: TableRef;
}

/**
 * Reads the slice in the transaction that `db` is in. Resolves when PostgreSQL has been read; the
 * sorting and encoding goes on in `segments`. Null when the slice has no rows in this snapshot.
 */
export async function exportSlice(
  rooms: Rooms,
  run: RunContext,
  db: pg.Client,
  task: SliceTask,
): Promise<ExportedSlice | null> {
  const { dataset, table, columns } = run;
  const generation = await nextGeneration(db, dataset.name, task.range);
  const writer = await openSegmentWriter({
    engine: rooms.engine,
    fs: rooms.fileSystem,
    columns,
    timeColumn: table.timeColumn,
    sortBy: dataset.sortBy,
    directory: task.directory,
    namePrefix: String(task.range.fromInclusive),
    targetFileBytes: dataset.targetFileBytes,
    form: dataset.parquet,
  });
  try {
    let told = 0;
    const exported = await exportRows({
      client: db,
      dataset: dataset.name,
      sql: selectSlice(run, task),
      columns,
      onBatch: (batch) => writer.append(batch),
      onProgress: (rows) => {
        rooms.emit({ kind: 'exported', dataset: dataset.name, rows: rows - told });
        told = rows;
      },
      signal: run.signal,
      maxRowsPerSecond: dataset.limits.maxRowsPerSecond,
      clock: rooms.clock,
    });
    if (exported.rows === 0) {
      await writer.abandon();
      return null;
    }
    const { range } = task;
    const { fingerprint } = exported;
    const facts = { moveId: task.moveId, range, generation, columns, fingerprint };
    const metadata = footerOf(rooms.version, run, facts);
    const segments = writer.finish(metadata);
    // Met by whoever awaits the move's files; not an unhandled rejection until then.
    segments.catch(() => undefined);
    return { range, unit: dataset.slice, generation, columns, fingerprint, metadata, segments };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

function selectSlice(
  { table, columns }: RunContext,
  { range, filter, from = table.ref }: SliceTask,
): string {
  const list = columns.map((column) => column.select).join(', ');
  const where = inlined(rowsWhere(table.timeColumn, range, filter));
  return `select ${list} from ${quoteTable(from)} where ${where}`;
}
