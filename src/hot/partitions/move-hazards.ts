/** What a row's way out of the default partition would set off: there it is a DELETE, and where it comes to an INSERT. */
import {
  MOST_DEFAULT_BYTES,
  MOST_DEFAULT_ROWS,
  MOST_KEPT_ROWS,
} from '../../domain/plan/partition-plan.ts';
import { type Refusal, unforceable } from '../../domain/plan/refusal.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { findDeleteRules } from '../hazards/delete-rules.ts';
import { findDeleteTriggers } from '../hazards/delete-triggers.ts';
import { type Queryable, run, sql } from '../sql.ts';
import type { TableShape } from '../table/introspect.ts';
import type { DefaultPartition } from './range-partitions.ts';

const HINT = 'move these rows by hand: docs/partitions.md';

export async function findMoveHazards(
  db: Queryable,
  { oid, ref }: TableShape,
  fallback: DefaultPartition,
): Promise<readonly Refusal[]> {
  const tables = [...(await selfAndAncestors(db, oid)), fallback.oid];
  const triggers = await findDeleteTriggers(db, tables);
  const rules = await findDeleteRules(db, tables);
  const publications = await findPublications(db, tables);
  const keys = await run<TableRef & { readonly key: string }>(
    db,
    sql`select k.conname as key, n.nspname as schema, c.relname as name
        from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
        where k.contype = 'f' and k.confrelid = any (${tables}::oid[]) and k.conparentid = 0`,
  );
  const told = (what: string): Refusal =>
    unforceable(
      'default_rows_tied',
      `rows of the default partition ${formatTable(fallback.ref)} belong into a missing one of ${formatTable(ref)}, and to move them would set off ${what}`,
      HINT,
    );
  return [
    ...triggers.map(({ trigger, on }) => told(`trigger ${trigger} of ${formatTable(on)}`)),
    ...rules.map(({ rule, on }) => told(`rule ${rule} of ${formatTable(on)}`)),
    ...keys.map(({ key, ...on }) => told(`foreign key ${key} of ${formatTable(on)}`)),
    ...publications.map((publication) =>
      told(`a DELETE for the subscribers of publication ${publication}, without the INSERT`),
    ),
  ];
}

const BY_HAND = 'move them by hand while nobody needs the table: docs/partitions.md';

export interface Moved {
  /** Counted up to one more than is allowed, as the others are. */
  readonly going: number;
  readonly staying: number;
  /** Of all, with what is stored beside them. */
  readonly bytes: number;
}

/** Whether to write all of them anew would keep readers of the table out for too long. */
export function findTooMuch(
  made: TableRef,
  fallback: TableRef,
  { going, staying, bytes }: Moved,
): readonly Refusal[] {
  const [place, from] = [formatTable(made), formatTable(fallback)];
  const refused = (what: string): Refusal => unforceable('default_rows', what, BY_HAND);
  if (going > MOST_DEFAULT_ROWS) {
    return [
      refused(
        `more than ${MOST_DEFAULT_ROWS.toLocaleString('en-US')} rows of the default partition ${from} belong into ${place}, and nobody could read the table while they move`,
      ),
    ];
  }
  const others =
    staying > MOST_KEPT_ROWS
      ? `it has more than ${MOST_KEPT_ROWS.toLocaleString('en-US')} others`
      : bytes > MOST_DEFAULT_BYTES
        ? `it takes more than ${String(MOST_DEFAULT_BYTES / 1024 ** 2)} MB`
        : null;
  if (others === null) return [];
  return [
    refused(
      `rows of the default partition ${from} belong into ${place}, and ${others}: all of it is written anew, and nobody could read the table meanwhile`,
    ),
  ];
}

/** Of a table that is itself a partition those above it: what is theirs holds for its rows, too. */
async function selfAndAncestors(db: Queryable, oid: number): Promise<readonly number[]> {
  const found = await run<{ readonly oid: number }>(
    db,
    sql`select relid::oid as oid from pg_partition_ancestors(${oid}::oid::regclass)`,
  );
  return found.map((one) => one.oid);
}

/** A table that is not attached yet is in none by its parent, and in one of all tables or of its schema by its own name. */
async function findPublications(
  db: Queryable,
  tables: readonly number[],
): Promise<readonly string[]> {
  const found = await run<{ readonly name: string }>(
    db,
    sql`select p.pubname as name from pg_publication p
        where p.puballtables
           or exists (select from pg_publication_rel r where r.prpubid = p.oid and r.prrelid = any (${tables}::oid[]))
           or exists (select from pg_publication_namespace s join pg_class c on c.relnamespace = s.pnnspid
                      where s.pnpubid = p.oid and c.oid = any (${tables}::oid[]))
        order by 1`,
  );
  return found.map((one) => one.name);
}
