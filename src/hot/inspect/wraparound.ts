import type { WraparoundFacts } from '../../domain/inspect/wraparound.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';

type Settings = Pick<WraparoundFacts, 'freezeMaxAge' | 'multixactFreezeMaxAge'>;

/** Of the whole server: the first database that reaches the limit stops them all. */
export async function readWraparound(db: Queryable): Promise<WraparoundFacts> {
  const settings = await runOne<Settings>(
    db,
    sql`select current_setting('autovacuum_freeze_max_age')::int as "freezeMaxAge",
               current_setting('autovacuum_multixact_freeze_max_age')::int as "multixactFreezeMaxAge"`,
  );
  const databases = await run<WraparoundFacts['databases'][number]>(
    db,
    sql`select datname::text as name, age(datfrozenxid) as age, mxid_age(datminmxid) as "multixactAge",
               datname = current_database() as "isHere"
        from pg_database order by age(datfrozenxid) desc, datname limit 10`,
  );
  const tables = await run<{ schema: string; name: string; age: number }>(
    db,
    sql`select n.nspname::text as schema, c.relname::text as name,
               greatest(age(c.relfrozenxid), age(t.relfrozenxid)) as age
        from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_class t on t.oid = c.reltoastrelid
        where c.relkind in ('r', 'm') order by 3 desc, 1, 2 limit 3`,
  );
  return {
    ...settings,
    databases,
    tables: tables.map(({ schema, name, age }) => ({ table: { schema, name }, age })),
  };
}
