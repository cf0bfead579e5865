/** What pg_stat_statements has counted, where it is there to be asked. */
import type {
  Statement,
  StatementFacts,
  StatementsStanding,
} from '../../domain/inspect/queries.ts';
import { name, type Queryable, run, runOne, type Sql, sql } from '../sql.ts';

/** On average; slower ones come first. */
const SLOW_MS = 1_000;
const MOST = 10;

export async function readStatements(db: Queryable): Promise<StatementFacts> {
  const { standing, view, versionNumber } = await readStanding(db);
  if (view === null) return { standing, versionNumber, statements: [], hidden: 0 };
  return {
    standing,
    versionNumber,
    statements: await selectStatements(db, view),
    hidden: await countHidden(db, view),
  };
}

interface Standing {
  readonly standing: StatementsStanding;
  readonly view: Sql | null;
  readonly versionNumber: number;
}

async function readStanding(db: Queryable): Promise<Standing> {
  const found = await runOne<{
    readonly schema: string | null;
    readonly is_current: boolean;
    readonly is_loaded: boolean;
    readonly is_available: boolean;
    readonly preloaded: string | null;
    readonly version_number: number;
  }>(
    db,
    // A setting of a library is listed where the library is loaded, and nowhere else.
    sql`select n.nspname::text as schema,
               exists (select from pg_attribute a
                       where a.attrelid = to_regclass(quote_ident(n.nspname) || '.pg_stat_statements')
                         and a.attname = 'total_exec_time') as is_current,
               exists (select from pg_settings where name = 'pg_stat_statements.max') as is_loaded,
               exists (select from pg_available_extensions where name = 'pg_stat_statements') as is_available,
               (select setting from pg_settings where name = 'shared_preload_libraries') as preloaded,
               current_setting('server_version_num')::int as version_number
        from (select) one left join pg_extension e on e.extname = 'pg_stat_statements'
        left join pg_namespace n on n.oid = e.extnamespace`,
  );
  const versionNumber = found.version_number;
  const lacking = (standing: StatementsStanding): Standing => ({
    standing,
    view: null,
    versionNumber,
  });
  if (!found.is_available && found.schema === null) return lacking({ kind: 'not installed' });
  if (!found.is_loaded) return lacking({ kind: 'not loaded', preloaded: found.preloaded });
  if (found.schema === null) return lacking({ kind: 'not created' });
  if (!found.is_current) return lacking({ kind: 'outdated' });
  const view = sql`${name(found.schema)}.pg_stat_statements`;
  return { standing: { kind: 'there' }, view, versionNumber };
}

const OF_THIS_DATABASE = sql`dbid = (select oid from pg_database where datname = current_database())`;

/** Of what asks and changes rows: VACUUM, COPY and the making of indexes take long by their nature. */
function selectStatements(db: Queryable, view: Sql): Promise<readonly Statement[]> {
  return run<Statement>(
    db,
    sql`select queryid::text as id, left(query, 4000) as text, calls::float8 as calls,
               total_exec_time as "totalMs", mean_exec_time as "meanMs", rows::float8 as rows,
               coalesce(total_exec_time / nullif(sum(total_exec_time) over (), 0), 0) as share
        from ${view}
        where ${OF_THIS_DATABASE}
          and query ~* ${String.raw`^\s*(select|with|insert|update|delete|merge|values|table|<insufficient)`}
        order by mean_exec_time >= ${SLOW_MS} desc, total_exec_time desc limit ${MOST}`,
  );
}

async function countHidden(db: Queryable, view: Sql): Promise<number> {
  const { hidden } = await runOne<{ readonly hidden: number }>(
    db,
    sql`select count(*)::int as hidden from ${view}
        where ${OF_THIS_DATABASE} and query = '<insufficient privilege>'`,
  );
  return hidden;
}
