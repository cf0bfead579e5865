/** Tables in which TimescaleDB keeps what belongs to something else: not to be moved by themselves. */
import { TierdError } from '../../domain/errors.ts';
import { sqlLiteral, sqlTable } from '../../domain/sql-name.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { findTimescale } from '../table/chunks.ts';

interface Owner {
  /** The hypertable whose rows these are, or were aggregated from. */
  readonly hypertable: TableRef;
  readonly aggregate: TableRef | null;
}

/**
 * Throws TABLE_UNSUPPORTED for a chunk and for where a continuous aggregate keeps its rows: a plain
 * table to PostgreSQL, and `timescaledb_information.hypertables` does not list the latter.
 */
export async function refuseStorage(db: Queryable, ref: TableRef): Promise<void> {
  if ((await findTimescale(db)) === null) return;
  const owner = await findOwner(db, ref);
  if (owner === null) return;
  const { hypertable, aggregate } = owner;
  if (aggregate === null) {
    throw unsupported(
      ref,
      `is a chunk of ${formatTable(hypertable)}`,
      `name the hypertable: ${formatTable(hypertable)}`,
    );
  }
  throw unsupported(
    ref,
    `is where continuous aggregate ${formatTable(aggregate)} keeps its rows, and the view would lose what is moved`,
    `name the hypertable, ${formatTable(hypertable)}: the aggregate keeps its rows when those of the hypertable leave. For an end of the aggregate’s own: select add_retention_policy(${sqlLiteral(sqlTable(aggregate))}, drop_after => …)`,
  );
}

/** What to name in place of a view, if it is a continuous aggregate. */
export async function refuseAggregate(db: Queryable, view: TableRef): Promise<void> {
  if ((await findTimescale(db)) === null) return;
  const [found] = await run<TableRef>(
    db,
    sql`with recursive below as (
          select raw_hypertable_id as id from _timescaledb_catalog.continuous_agg
          where user_view_schema = ${view.schema} and user_view_name = ${view.name}
          union all
          select a.raw_hypertable_id from _timescaledb_catalog.continuous_agg a join below b on a.mat_hypertable_id = b.id
        )
        select h.schema_name as schema, h.table_name as name
        from below b join _timescaledb_catalog.hypertable h on h.id = b.id
        where not exists (select from _timescaledb_catalog.continuous_agg a where a.mat_hypertable_id = b.id)`,
  );
  if (found === undefined) return;
  throw unsupported(
    view,
    `is a continuous aggregate, and only the rows that it is made of can be moved`,
    `name the hypertable, ${formatTable(found)}: the aggregate keeps its rows when those of the hypertable leave`,
  );
}

function unsupported(table: TableRef, what: string, hint: string): TierdError {
  return new TierdError({
    code: 'TABLE_UNSUPPORTED',
    message: `${formatTable(table)} ${what}; nothing was changed`,
    hint,
    context: { table: formatTable(table) },
  });
}

async function findOwner(db: Queryable, ref: TableRef): Promise<Owner | null> {
  const [found] = await run<
    TableRef & { readonly view_schema: string | null; readonly view_name: string | null }
  >(
    db,
    sql`select coalesce(base.schema_name, h.schema_name) as schema, coalesce(base.table_name, h.table_name) as name,
               a.user_view_schema as view_schema, a.user_view_name as view_name
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        left join pg_inherits i on i.inhrelid = c.oid
        join pg_class top on top.oid = coalesce(i.inhparent, c.oid)
        join pg_namespace tn on tn.oid = top.relnamespace
        join _timescaledb_catalog.hypertable h on h.schema_name = tn.nspname and h.table_name = top.relname
        left join _timescaledb_catalog.continuous_agg a on a.mat_hypertable_id = h.id
        left join _timescaledb_catalog.hypertable base on base.id = a.raw_hypertable_id
        where n.nspname = ${ref.schema} and c.relname = ${ref.name}
          and (i.inhparent is not null or a.mat_hypertable_id is not null)`,
  );
  if (found === undefined) return null;
  const { schema, name, view_schema: viewSchema, view_name: viewName } = found;
  const aggregate =
    viewSchema === null || viewName === null ? null : { schema: viewSchema, name: viewName };
  return { hypertable: { schema, name }, aggregate };
}
