/** One slice: read through COPY, decoded, and handed to a segment writer batch by batch. */
import type pg from 'pg';
import type { SliceFingerprint } from '../../domain/fingerprint.ts';
import { formatTable } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time-range.ts';
import { exportRows } from '../../hot/copy-stream.ts';
import { quoteTable } from '../../hot/quote.ts';
import { type RowFilter, rowsWhere } from '../../hot/row-filter.ts';
import { inlined } from '../../hot/sql.ts';
import { openSegmentWriter } from '../../lake/segment-writer.ts';
import { nextGeneration } from '../../ledger/segments.ts';
import type { Rooms } from './rooms.ts';
import type { ExportedSlice, RunContext } from './staged-move.ts';

export interface SliceTask {
  readonly moveId: string;
  readonly directory: string;
  readonly range: TimeRange;
  readonly filter: RowFilter | null;
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
    const metadata = metadataOf(rooms.version, run, task, generation, exported);
    const segments = writer.finish(metadata);
    // Met by whoever awaits the move's files; not an unhandled rejection until then.
    segments.catch(() => undefined);
    return { range: task.range, generation, fingerprint: exported.fingerprint, metadata, segments };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

function selectSlice({ table, columns }: RunContext, { range, filter }: SliceTask): string {
  const list = columns.map((column) => column.select).join(', ');
  const where = inlined(rowsWhere(table.timeColumn, range, filter));
  return `select ${list} from ${quoteTable(table.ref)} where ${where}`;
}

/** What the file says of itself in its footer, for whoever finds it without the ledger. */
function metadataOf(
  version: string,
  { dataset, table, columns }: RunContext,
  { moveId, range }: SliceTask,
  generation: number,
  { rows, fingerprint }: { readonly rows: number; readonly fingerprint: SliceFingerprint },
): Record<string, string> {
  return {
    'tierd.version': version,
    'tierd.dataset': dataset.name,
    'tierd.table': formatTable(table.ref),
    'tierd.range': `${new Date(range.fromInclusive).toISOString()}/${new Date(range.toExclusive).toISOString()}`,
    'tierd.generation': String(generation),
    'tierd.move': moveId,
    'tierd.slice_rows': String(rows),
    'tierd.slice_fingerprint': JSON.stringify(fingerprint),
    'tierd.columns': JSON.stringify(
      columns.map(({ fieldId, name, postgresType }) => ({ id: fieldId, name, type: postgresType })),
    ),
  };
}
