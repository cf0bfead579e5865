/** Segments back into PostgreSQL, read by the reader that has no part in writing them. */
import { readFile } from 'node:fs/promises';
import { parquetMetadata, parquetScan } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import pg from 'pg';
import type { ColumnPlan } from '../../../src/domain/columns/column-plan.ts';
import { PhysicalColumn } from '../../../src/lake/segment/physical-values.ts';
import { physicalOnly } from '../../../src/lake/segment/read-by-hyparquet.ts';
import { type BinaryRow, copyIn } from './copy-in.ts';

/** Every value of a file as the bytes PostgreSQL has for it. */
export async function readRows(path: string, columns: readonly ColumnPlan[]): Promise<BinaryRow[]> {
  const bytes = await readFile(path);
  const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const file = {
    byteLength: bytes.length,
    slice: (start: number, end?: number) => whole.slice(start, end),
  };
  const metadata = physicalOnly(parquetMetadata(whole));
  const scan = await parquetScan({ file, metadata, compressors, utf8: false });
  const rows: (Uint8Array | null)[][] = [];
  for (const { rowStart, rowEnd } of scan.ranges) {
    for (let row = rowStart; row < rowEnd; row += 1) rows.push([]);
    for (const plan of columns) {
      const values = await scan.readColumn({ column: plan.name, rowStart, rowEnd });
      const column = new PhysicalColumn(plan, values);
      for (let row = rowStart; row < rowEnd; row += 1) {
        const { view, offsets, lengths } = column.reencode(row - rowStart, 1);
        const length = lengths[0]!;
        rows[row]!.push(length < 0 ? null : new Uint8Array(view.buffer, offsets[0], length));
      }
    }
  }
  return rows;
}

export interface RestorableSlice {
  readonly columns: readonly ColumnPlan[];
  readonly segments: readonly { readonly path: string }[];
}

/** Makes `copy` like `table` and fills it from the segments alone. */
export async function restoreSlice(
  client: pg.Client,
  slice: RestorableSlice,
  table: string,
  copy: string,
): Promise<void> {
  const { columns, segments } = slice;
  const held = columns.map(({ held: { kind } }, index) =>
    kind === 'text' ? `c${index} text` : `c${index} ${columns[index]!.postgresType}`,
  );
  await client.query('drop table if exists arrived');
  await client.query(`create temp table arrived (${held.join(', ')})`);
  for (const { path } of segments) await copyIn(client, 'arrived', await readRows(path, columns));
  const cast = columns.map(({ postgresType }, index) => `c${index}::${postgresType}`);
  await client.query(`create table ${copy} (like ${table})`);
  await client.query(`insert into ${copy} select ${cast.join(', ')} from arrived`);
  await client.query('drop table arrived');
}

/** Rows of either table that the other doesn't have as often, byte by byte as PostgreSQL sends them. */
export async function differingRows(
  client: pg.Client,
  table: string,
  copy: string,
): Promise<readonly unknown[]> {
  const { rows } = await client.query<{ name: string; send: string }>(
    `select a.attname as name, t.typsend::regproc::text as send
     from pg_attribute a join pg_type t on t.oid = a.atttypid
     where a.attrelid = $1::regclass and a.attnum > 0 order by a.attnum`,
    [table],
  );
  const sent = rows
    .map(({ name, send }) => {
      const column = pg.escapeIdentifier(name);
      // Declared for text; its kin share it.
      return `${send}(${send === 'textsend' ? `${column}::text` : column}) as ${column}`;
    })
    .join(', ');
  const left = `select ${sent} from ${table}`;
  const right = `select ${sent} from ${copy}`;
  const difference = await client.query(
    `(select 'lost' as what, a.* from (${left} except all ${right}) a)
     union all (select 'added' as what, b.* from (${right} except all ${left}) b)`,
  );
  return difference.rows;
}
