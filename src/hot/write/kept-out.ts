/** Rows that a trigger or a rule of their table keeps out without an error: they are in no table afterwards. */
import type pg from 'pg';
import type { TableDescription } from '../../domain/table.ts';
import { type Queryable, runOne, sql } from '../sql.ts';
import { ownTables } from '../table/own-tables.ts';
import { isAboutRows } from './refusals.ts';
import { countAbsent, countKeys, probe, type WriteTarget } from './write-statements.ts';

/** Bits of pg_trigger.tgtype: ROW, BEFORE and INSERT. */
const BEFORE_ROW_INSERT = 7;

/**
 * Whether the table has one that may. Not asked of a plain table with children that inherit from it: its
 * trigger keeps a row out of the parent to put it into a child.
 */
export async function mayKeepOut(
  db: Queryable,
  { oid, kind }: Pick<TableDescription, 'oid' | 'kind'>,
): Promise<boolean> {
  const { may } = await runOne<{ may: boolean }>(
    db,
    sql`with recursive ${ownTables(oid)}
        select (exists (select from pg_trigger t join own on t.tgrelid = own.oid
                        join pg_proc f on f.oid = t.tgfoid join pg_namespace n on n.oid = f.pronamespace
                        where t.tgtype & ${BEFORE_ROW_INSERT} = ${BEFORE_ROW_INSERT} and not t.tgisinternal
                          and t.tgenabled in ('O', 'A') and n.nspname not like '\\_timescaledb\\_%')
                or exists (select from pg_rewrite where ev_class = ${oid}::oid and ev_type = '3'))
               and not (${kind === 'plain'} and exists (select from pg_inherits where inhparent = ${oid}::oid)) as may`,
  );
  return may;
}

/** As its reason says it. */
export const KEPT_OUT = 'a trigger or rule of the table kept the row out, without an error';

/** What a write was given: a SELECT with `"tierd n"`, and its parameters. */
export interface GivenRows {
  readonly rows: string;
  readonly values: readonly unknown[];
}

/**
 * Whether all rows that were just written are in the table, or met one that is. A trigger may have
 * given a row another key, so that whose key is not there is written once more, to count it, and undone.
 */
export async function areAllThere(
  db: pg.Client,
  target: WriteTarget,
  { rows, values }: GivenRows,
): Promise<boolean> {
  const given = [...values];
  const absent = await db.query<{ n: number }>(countAbsent(target, rows), given);
  if (absent.rows[0]?.n === 0) return true;
  const keys = await db.query<{ n: number }>(countKeys(target, rows), given);
  await db.query('savepoint tierd_probe');
  try {
    const { rowCount } = await db.query(probe(target, rows), given);
    return rowCount === keys.rows[0]?.n;
  } catch (error) {
    // The write itself was taken: what is wrong is that two of them are given one key.
    if (isAboutRows(error)) return false;
    throw error;
  } finally {
    await db
      .query('rollback to savepoint tierd_probe; release savepoint tierd_probe')
      .catch(() => undefined);
  }
}
