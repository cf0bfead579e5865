/** Foreign keys that refer to a table, or to one part of it. */
import type { ForeignKeyAction } from '../../domain/plan/hazards.ts';
import type { PartHazard } from '../../domain/plan/part-hazards.ts';
import type { Lane, Region } from '../../domain/plan/regions.ts';
import type { TableDescription, TableRef } from '../../domain/table.ts';
import { countSteps } from '../measure/measure.ts';
import { type RowFilter, rowsWhere } from '../measure/row-filter.ts';
import { join, name, type Queryable, raw, run, type Sql, sql, tableName } from '../sql.ts';
import { findHeirs } from './heirs.ts';

export interface ForeignKey {
  readonly constraint: string;
  /** The oid of what is referred to. */
  readonly to: number;
  readonly from: TableRef;
  readonly onDelete: ForeignKeyAction;
  /** The columns that refer, and those that are referred to, in the same order. */
  readonly referring: readonly string[];
  readonly referred: readonly string[];
  /** The last column is a PERIOD: it refers to all that it overlaps, not to what equals it. */
  readonly isPeriod: boolean;
  /** Not so of a key that is NOT ENFORCED: it holds no row, but PostgreSQL 18 detaches no partition against it. */
  readonly isEnforced: boolean;
  /** Whether this role sees every row of `from`. */
  readonly isReadable: boolean;
}

const DELETE_ACTIONS: Readonly<Record<string, ForeignKeyAction>> = {
  a: 'no action',
  r: 'restrict',
  c: 'cascade',
  n: 'set null',
  d: 'set default',
};

/** Those that somebody declared on one of these tables; not PostgreSQL's copies of them for each part. */
export async function findForeignKeys(
  db: Queryable,
  tables: readonly number[],
): Promise<readonly ForeignKey[]> {
  const found = await run<
    Omit<ForeignKey, 'from' | 'onDelete'> & TableRef & { readonly action: string }
  >(
    db,
    sql`select k.conname as constraint, k.confrelid as to, k.confdeltype as action,
               n.nspname as schema, c.relname as name,
               ${columnNames(sql`k.conrelid`, sql`k.conkey`)} as referring,
               ${columnNames(sql`k.confrelid`, sql`k.confkey`)} as referred,
               ${sinceEighteen('conperiod', false)} as "isPeriod",
               ${sinceEighteen('conenforced', true)} as "isEnforced",
               has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage')
                 and not row_security_active(c.oid) as "isReadable"
        from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
        where k.contype = 'f' and k.conparentid = 0 and k.confrelid = any (${tables}::oid[])
        order by k.oid`,
  );
  return found.map(({ schema, name: table, action, ...key }) => ({
    ...key,
    from: { schema, name: table },
    onDelete: DELETE_ACTIONS[action] ?? 'no action',
  }));
}

/** A column that pg_constraint has since PostgreSQL 18, and what holds before. */
function sinceEighteen(column: string, before: boolean): Sql {
  return sql`coalesce((to_jsonb(k) ->> ${column}::text)::boolean, ${before}::boolean)`;
}

function columnNames(table: Sql, numbers: Sql): Sql {
  return sql`array(select a.attname::text from unnest(${numbers}) with ordinality as u (num, place)
                   join pg_attribute a on a.attrelid = ${table} and a.attnum = u.num order by u.place)`;
}

/**
 * Where in the regions rows lie that are referred to: neither a deletion nor the detaching of their
 * partition would be let through. One scan for each foreign key and lane.
 */
export async function findReferencedRows(
  db: Queryable,
  table: TableDescription,
  regions: readonly Region[],
  options: {
    readonly filterOf: (lane: Lane) => RowFilter | null;
    /** Of the steps that rows are counted by: an hour or a day. */
    readonly stepMs: number;
  },
): Promise<readonly PartHazard[]> {
  if (regions.length === 0) return [];
  const heirs = await findHeirs(db, table);
  const keys = await findForeignKeys(db, [table.oid, ...heirs.map(({ oid }) => oid)]);
  const hazards: PartHazard[] = [];
  for (const key of keys) {
    if (!key.isReadable || !holdsRows(key, table)) continue;
    if (key.onDelete !== 'no action' && key.onDelete !== 'restrict') continue;
    for (const lane of new Set(regions.map((region) => region.lane))) {
      const ranges = regions.filter((region) => region.lane === lane).map(({ range }) => range);
      const hull = {
        fromInclusive: Math.min(...ranges.map((range) => range.fromInclusive)),
        toExclusive: Math.max(...ranges.map((range) => range.toExclusive)),
      };
      const where = sql`${rowsWhere(table.timeColumn, hull, options.filterOf(lane))} and ${isReferred(key, table)}`;
      const steps = await countSteps(db, table, where, options.stepMs);
      if (steps.length === 0) continue;
      const slices = steps.map(({ start, rows }) => ({
        range: { fromInclusive: start, toExclusive: start + options.stepMs },
        rows,
      }));
      const { constraint, from } = key;
      hazards.push({ kind: 'referenced_rows', constraint, from, lane, slices });
    }
  }
  return hazards;
}

/** Whether rows that it refers to can't leave the table. */
export function holdsRows({ isEnforced }: ForeignKey, { kind }: TableDescription): boolean {
  return isEnforced || kind === 'partitioned';
}

function isReferred(key: ForeignKey, table: TableDescription): Sql {
  // A row of the table is not the one of its heir that has the same key.
  return key.to === table.oid || table.kind !== 'plain'
    ? isMatched(key, table.ref)
    : sql`tableoid = ${key.to}::oid and ${isMatched(key, table.ref)}`;
}

function isMatched({ referring, referred, from, isPeriod }: ForeignKey, to: TableRef): Sql {
  if (isPeriod) {
    const meets = referring.map((column, index) => {
      const operator = raw(index === referring.length - 1 ? '&&' : '=');
      return sql`referring.${name(column)} ${operator} ${tableName(to)}.${name(referred[index] ?? '')}`;
    });
    return sql`exists (select from ${tableName(from)} as referring where ${join(meets, ' and ')})`;
  }
  const columns = (names: readonly string[]): Sql => join(names.map(name), ', ');
  return sql`(${columns(referred)}) in (select ${columns(referring)} from ${tableName(from)})`;
}
