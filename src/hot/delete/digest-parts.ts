/** Every row that would go with some chunks or partitions, read once nobody can write to them. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { sqlTable } from '../../domain/sql-name.ts';
import {
  formatTable,
  type Part,
  type TableDescription,
  type TableRef,
} from '../../domain/table.ts';
import { rangesOverlap, type TimeRange } from '../../domain/time/time-range.ts';
import { givingWay, inShortAttempts, type Patience } from '../locks.ts';
import { deleteAndDigest, digestRows, EVERY_ROW, type RowsDigest } from '../measure/digest.ts';
import { rowsWhere } from '../measure/row-filter.ts';
import { listChunks } from '../table/chunks.ts';
import { fingerprintColumns } from '../table/columns-print.ts';
import { leavesBeside } from '../table/partitions.ts';
import { partsChanged } from '../table/parts-changed.ts';
import { countStoredRows } from '../timescale/compressed-chunks.ts';

export interface PartsToDrop extends Patience {
  /** All of the time that `parts` cover. */
  readonly range: TimeRange;
  readonly parts: readonly Part[];
  /** What was exported of `range`. */
  readonly exported: RowsDigest;
}

/** Rows of the range that lie beside the parts are deleted, and are part of the digest. */
export async function digestParts(
  client: pg.ClientBase,
  table: TableDescription,
  options: PartsToDrop,
): Promise<RowsDigest> {
  const { mode } = options.exported;
  let rows = 0n;
  let sum = 0n;
  for (const part of options.parts) {
    // All of its rows, not those of the range: all of them will go.
    const inPart = await digestRows(client, table, part.ref, EVERY_ROW, mode);
    if (mode === 'content') await assertReadsWhole(client, part, inPart.rows);
    rows += inPart.rows;
    sum += inPart.sum;
  }
  const refs = options.parts.map((part) => part.ref);
  for (const leaf of await othersInRange(client, table, options)) {
    const where = rowsWhere(table.timeColumn, options.range, null);
    // Whoever holds it, or a row in it, may come to wait for the parts that are locked by now.
    const beside = await inShortAttempts(client, givingWay(client, options, refs, [leaf]), () =>
      deleteAndDigest(client, table, leaf, where, mode),
    );
    rows += beside.rows;
    sum += beside.sum;
  }
  return { mode, rows, sum, columns: await fingerprintColumns(client, table.ref) };
}

/** Rows of a compressed chunk that no query sees were not exported, and must not be dropped. */
async function assertReadsWhole(client: pg.ClientBase, part: Part, read: bigint): Promise<void> {
  const stored = await countStoredRows(client, part);
  if (stored === null || stored === read) return;
  throw new TierdError({
    code: 'PART_READS_SHORT',
    message: `${formatTable(part.ref)} is compressed and gives ${read.toString()} rows when read, but holds ${stored.toString()}; nothing was dropped`,
    hint: `compare select count(*) from ${sqlTable(part.ref)} before and after decompress_chunk(), and update TimescaleDB`,
    context: { part: formatTable(part.ref), read: read.toString(), stored: stored.toString() },
  });
}

/** Where else rows of the range may lie. A chunk that nobody planned for is a reason to stop. */
async function othersInRange(
  client: pg.ClientBase,
  table: TableDescription,
  { parts, range }: PartsToDrop,
): Promise<readonly TableRef[]> {
  const planned = new Set(parts.map((part) => part.oid));
  if (table.kind === 'partitioned') {
    return leavesBeside(client, table.oid, table.timeColumn, [range], planned);
  }
  const chunks = await listChunks(client, table.ref, table.timeColumn);
  const more = chunks.filter(
    (chunk) => rangesOverlap(chunk.range, range) && !planned.has(chunk.oid),
  );
  if (more.length === 0) return [];
  throw partsChanged(
    table,
    more.map((chunk) => chunk.ref),
    'they appeared since the plan was made',
  );
}
