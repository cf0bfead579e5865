import type { DeadRows, VacuumFacts } from '../../domain/inspect/vacuum.ts';
import { findOldestSnapshot } from '../server/snapshots.ts';
import { type Queryable, raw, run, runOne, sql } from '../sql.ts';
import { type InspectScope, members } from './members.ts';

const MOST = 20;
/** Fewer are not worth a VACUUM of a person's, whatever the threshold. */
const MIN_DEAD = 1_000;
/** A snapshot that is younger is somebody's query. */
const HOLDER_SECONDS = 300;

interface DeadRow extends Omit<DeadRows, 'root' | 'table'> {
  readonly root_schema: string;
  readonly root_name: string;
  readonly schema: string;
  readonly name: string;
}

/** By the server's counters, which crashes and promotions set to nothing. */
export async function readDeadRows(db: Queryable, scope: InspectScope): Promise<VacuumFacts> {
  const rows = await run<DeadRow>(
    db,
    sql`with recursive ${members(scope)}, counted as (
          select m.root, m.oid, pg_stat_get_live_tuples(m.oid)::float8 as live, pg_stat_get_dead_tuples(m.oid)::float8 as dead,
                 ${raw(THRESHOLD)} as threshold, ${raw(option('autovacuum_enabled'))} = 'false' as off
          from members m join pg_class c on c.oid = m.oid)
        select rn.nspname::text as root_schema, r.relname::text as root_name, n.nspname::text as schema,
               c.relname::text as name, d.live, d.dead, d.threshold, coalesce(d.off, false) as "autovacuumOff",
               extract(epoch from clock_timestamp() - greatest(pg_stat_get_last_vacuum_time(d.oid),
                                                               pg_stat_get_last_autovacuum_time(d.oid)))::float8 as "vacuumedSeconds"
        from counted d join pg_class c on c.oid = d.oid join pg_namespace n on n.oid = c.relnamespace
        join pg_class r on r.oid = d.root join pg_namespace rn on rn.oid = r.relnamespace
        where d.dead >= ${MIN_DEAD} and d.dead > d.threshold
        order by d.dead / greatest(d.threshold, 1) desc, d.dead desc, c.relname limit ${MOST}`,
  );
  const holder = await findOldestSnapshot(db);
  return {
    ...(await readTotals(db, scope)),
    tables: rows.map(({ root_schema, root_name, schema, name, ...counts }) => ({
      ...counts,
      root: { schema: root_schema, name: root_name },
      table: { schema, name },
    })),
    holder:
      holder !== null && (holder.seconds ?? Infinity) >= HOLDER_SECONDS ? holder.holder : null,
  };
}

/** A storage parameter of the table `c`, as it was written. */
const option = (name: string): string =>
  `(select o.option_value from pg_options_to_table(c.reloptions) o where o.option_name = '${name}')`;

/** The table's own before the server's; from PostgreSQL 18 on there is a most, which -1 takes away. */
const setting = (name: string): string =>
  `coalesce(${option(name)}::float8, current_setting('${name}', true)::float8)`;

const THRESHOLD = `least(${setting('autovacuum_vacuum_threshold')} + ${setting('autovacuum_vacuum_scale_factor')} * greatest(c.reltuples, 0),
                         nullif(${setting('autovacuum_vacuum_max_threshold')}, -1))`;

type Totals = Omit<VacuumFacts, 'tables' | 'holder'>;

function readTotals(db: Queryable, scope: InspectScope): Promise<Totals> {
  return runOne<Totals>(
    db,
    sql`with recursive ${members(scope)}
        select count(*)::int as "all", coalesce(sum(pg_stat_get_live_tuples(oid)), 0)::float8 as live,
               coalesce(sum(pg_stat_get_dead_tuples(oid)), 0)::float8 as dead,
               current_setting('autovacuum')::boolean as autovacuum, current_setting('track_counts')::boolean as "trackCounts",
               (select count(*)::int from pg_stat_activity where backend_type = 'autovacuum worker') as workers,
               current_setting('autovacuum_max_workers')::int as "maxWorkers"
        from members`,
  );
}
