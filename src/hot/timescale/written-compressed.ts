/** Rows that TimescaleDB compresses as they are written: nobody can tell afterwards which transaction they are of. */
import type { TableRef } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { findTimescale } from '../table/chunks.ts';

/** What a compressed chunk answers when it is asked for a row's ctid or xmin. */
export const NO_ROW_VERSIONS = '42P10';

/** As settings of a session, a role or a database ask for it; for the rest of the caller's transaction they do not. */
export async function writeUncompressed(db: Queryable): Promise<void> {
  await db.query(
    `select set_config(name, 'off', true) from pg_settings
     where name in ('timescaledb.enable_direct_compress_copy', 'timescaledb.enable_direct_compress_insert')
       and setting = 'on'`,
  );
}

/** A bit of a hypertable's status, since 2.29. */
const DIRECT_COMPRESS = 8;

/**
 * Whether the hypertable itself asks for it (`timescaledb.direct_compress`), which no setting overrules. An
 * INSERT that returns the ctid of its rows writes rows all the same. To take the option back would take the
 * table's compression policy along.
 */
export async function isWrittenCompressed(db: Queryable, ref: TableRef): Promise<boolean> {
  if ((await findTimescale(db)) === null) return false;
  const found = await run(
    db,
    sql`select from _timescaledb_catalog.hypertable
        where schema_name = ${ref.schema} and table_name = ${ref.name} and status & ${DIRECT_COMPRESS}::int <> 0`,
  );
  return found.length > 0;
}
