/** What a removal of rows sets off beside them: in tables that refer to them, in triggers, at subscribers. */
import { sqlName, sqlTable } from '../sql-name.ts';
import { formatTable, type TableDescription, type TableRef } from '../table.ts';
import { rangesOverlap } from '../time/time-range.ts';
import { type HazardNote, note } from './hazard-note.ts';
import type { TableHazard } from './hazards.ts';
import { type Refusal, unforceable } from './refusal.ts';
import type { Region } from './regions.ts';

export interface Removal {
  readonly deletes: boolean;
  readonly drops: boolean;
}

/** Which rows are referred to, and what no chunk can be dropped for, is judged for each move. */
export function judgeForeignKey(
  described: TableDescription,
  { constraint, from, to, onDelete }: TableHazard & { readonly kind: 'foreign_key' },
  { deletes, drops }: Removal,
): Refusal | null {
  const table = formatTable(to);
  const hint = `alter table ${sqlTable(from)} drop constraint ${sqlName(constraint)}`;
  if (onDelete === 'no action' || onDelete === 'restrict') {
    // Then every move is refused by itself, and --force helps none.
    if (described.kind === 'hypertable' && drops && !deletes) return null;
    return {
      guard: 'foreign_key',
      message: `${formatTable(from)} refers to ${table} (${constraint}): PostgreSQL will not let go of a row that is referred to`,
      hint: `${hint}; or use --force: what is referred to stays hot then`,
      forceable: true,
    };
  }
  const effect = onDelete === 'cascade' ? 'deletes' : 'changes';
  return unforceable(
    'foreign_key',
    `${formatTable(from)} refers to ${table} with ON DELETE ${onDelete.toUpperCase()} (${constraint}): moving a row ${effect} rows there that are moved nowhere`,
    hint,
  );
}

export function judgeDeleteTrigger(
  { parts }: TableDescription,
  { trigger, on, mayKeepRows }: TableHazard & { readonly kind: 'delete_trigger' },
  regions: readonly Region[],
): Refusal | HazardNote | null {
  const named = `trigger ${trigger} of ${formatTable(on)}`;
  // One of a partition fires only for what is deleted from that partition.
  const part = parts.find((each) => formatTable(each.ref) === formatTable(on));
  const fires = regions.some(
    ({ removal, range }) =>
      removal === 'delete' && (part === undefined || rangesOverlap(part.range, range)),
  );
  if (!fires) {
    return regions.some(({ removal }) => removal === 'drop')
      ? note(
          `${named} does not fire when a chunk or partition is dropped`,
          'whatever counts on it has to learn of moved rows in another way',
        )
      : null;
  }
  const effect = mayKeepRows
    ? 'fires before every row that is moved, and can keep the row: then its slice stays hot'
    : 'fires for every row that is moved, as if it were deleted for good';
  return {
    guard: 'delete_trigger',
    message: `${named} ${effect}`,
    hint: `let its function pass tierd’s role (if current_user = '<role>' then return old), or: alter table ${sqlTable(on)} disable trigger ${sqlName(trigger)}; use --force when it may fire`,
    forceable: true,
  };
}

/**
 * A rule fires for the table that a statement names. That is the whole one, or a partition beside those that
 * go, which is judged for each move.
 */
export function judgeDeleteRule(
  { ref, parts }: TableDescription,
  { rule, on }: TableHazard & { readonly kind: 'delete_rule' },
  { deletes, drops }: Removal,
): Refusal | HazardNote | null {
  const named = `rule ${rule} of ${formatTable(on)}`;
  const isOf = (other: TableRef): boolean => formatTable(other) === formatTable(on);
  if (isOf(ref) && deletes) return changedDelete(named, rule, on);
  return drops && (isOf(ref) || parts.some((part) => isOf(part.ref)))
    ? note(
        `${named} does not fire when a chunk or partition is dropped`,
        'whatever counts on it has to learn of moved rows in another way',
      )
    : null;
}

/** @param named the rule and its table, in words */
export function changedDelete(named: string, rule: string, on: TableRef): Refusal {
  return unforceable(
    'delete_rule',
    `${named} changes what a DELETE does, so that it can't be proven`,
    `drop rule ${sqlName(rule)} on ${sqlTable(on)}; a trigger can do the same`,
  );
}

export function judgePublication(
  ref: TableRef,
  hazard: TableHazard & { readonly kind: 'publication' },
  removal: Removal,
): Refusal | HazardNote | null {
  if (!hazard.sendsDeletes) return null;
  const table = formatTable(ref);
  if (removal.deletes && !hazard.hasIdentity) {
    return unforceable(
      'replica_identity',
      `${table} is in publication ${hazard.publication}, which sends deletes, and has no replica identity: PostgreSQL refuses every DELETE`,
      `alter table ${sqlTable(ref)} replica identity full, or give it a primary key`,
    );
  }
  if (removal.drops) {
    return note(
      `publication ${hazard.publication} does not tell its subscribers of dropped chunks and partitions: they keep those rows of ${table}`,
      'delete them at the subscribers, where they are to go there too',
    );
  }
  return removal.deletes
    ? note(
        `publication ${hazard.publication} sends the deletes: subscribers lose the moved rows of ${table} too`,
        `where they are to keep them: alter publication ${sqlName(hazard.publication)} set (publish = 'insert, update, truncate')`,
      )
    : null;
}
