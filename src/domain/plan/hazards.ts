/** What stands around a table that a removal of rows could hurt, or that could hurt it. */

import { agree, countOf } from '../count.ts';
import { sqlLiteral, sqlName, sqlTable } from '../sql-name.ts';
import { formatTable, type TableDescription, type TableRef } from '../table.ts';
import { rangesOverlap } from '../time/time-range.ts';
import {
  type ContinuousAggregate,
  judgeAggregate,
  judgeRefreshPolicy,
  type RefreshPolicy,
} from './aggregates.ts';
import type { Refusal } from './plan.ts';
import type { Region } from './regions.ts';

export type ForeignKeyAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

/** Facts of the catalogue, found by `hot/hazards/hazards`; what they mean is decided below. */
export type TableHazard =
  | {
      readonly kind: 'foreign_key';
      readonly constraint: string;
      /** The table that refers to this one. */
      readonly from: TableRef;
      readonly onDelete: ForeignKeyAction;
    }
  | { readonly kind: 'row_security' }
  | {
      readonly kind: 'delete_trigger';
      readonly trigger: string;
      readonly on: TableRef;
      /** It fires before each row, and can say that the row stays. */
      readonly mayKeepRows: boolean;
    }
  | { readonly kind: 'event_trigger'; readonly trigger: string; readonly event: string }
  | { readonly kind: 'delete_rule'; readonly rule: string; readonly on: TableRef }
  | { readonly kind: 'inheritance'; readonly children: readonly TableRef[] }
  | { readonly kind: 'temporary' }
  | { readonly kind: 'unlogged' }
  | { readonly kind: 'foreign_partition'; readonly partition: TableRef }
  | {
      readonly kind: 'publication';
      readonly publication: string;
      /** Whether it sends deletes, and whether the deleted rows can be named to the subscriber. */
      readonly sendsDeletes: boolean;
      readonly hasIdentity: boolean;
    }
  | {
      readonly kind: 'missing_privilege';
      readonly privilege: 'usage' | 'select' | 'delete' | 'ownership';
    }
  | ContinuousAggregate
  | { readonly kind: 'hidden_aggregate'; readonly view: TableRef }
  | RefreshPolicy
  | { readonly kind: 'retention_policy'; readonly job: number; readonly dropAfter: string }
  /** Compressed chunks that no move can drop: cut by another column, or without an end. */
  | { readonly kind: 'compressed_chunks'; readonly count: number; readonly example: TableRef }
  | { readonly kind: 'no_default_partition' }
  | { readonly kind: 'no_time_index' };

/** What an operator should know and that stops nothing. */
export interface HazardNote {
  readonly message: string;
  readonly hint: string;
}

export interface HazardVerdict {
  readonly refusals: readonly Refusal[];
  readonly notes: readonly HazardNote[];
}

/** What the hazards mean for the removal of these regions; regions without rows left out by the caller. */
export function judgeHazards(
  table: TableDescription,
  hazards: readonly TableHazard[],
  regions: readonly Region[],
): HazardVerdict {
  const refusals: Refusal[] = [];
  const notes: HazardNote[] = [];
  for (const hazard of hazards) {
    const verdict = judge(table, hazard, regions);
    if (verdict === null) continue;
    if ('guard' in verdict) refusals.push(verdict);
    else notes.push(verdict);
  }
  return { refusals, notes };
}

function judge(
  described: TableDescription,
  hazard: TableHazard,
  regions: readonly Region[],
): Refusal | HazardNote | null {
  const table = formatTable(described.ref);
  const quoted = sqlTable(described.ref);
  const deletes = regions.some((region) => region.removal === 'delete');
  const drops = regions.some((region) => region.removal === 'drop');
  switch (hazard.kind) {
    case 'foreign_key':
      return judgeForeignKey(described, hazard, { deletes, drops });
    case 'row_security':
      return never(
        'row_security',
        `row security of ${table} hides rows from this role, and hidden rows would be dropped unseen`,
        'let tierd connect as the owner, or as a role with BYPASSRLS',
      );
    case 'delete_trigger':
      return judgeDeleteTrigger(described, hazard, regions);
    case 'event_trigger':
      return drops
        ? note(
            `event trigger ${hazard.trigger} (${hazard.event}) runs when a partition of ${table} is dropped: where it objects, that partition stays hot`,
            `let it pass ${table}, or tierd’s role`,
          )
        : null;
    case 'delete_rule':
      return never(
        'delete_rule',
        `rule ${hazard.rule} of ${formatTable(hazard.on)} changes what a DELETE does, so that it can't be proven`,
        'drop the rule; a trigger can do the same',
      );
    case 'inheritance':
      return note(
        `${table} has inheriting tables (${hazard.children.map(formatTable).join(', ')}): their rows are moved too, and are not vacuumed`,
        'leave them to autovacuum, or VACUUM them yourself',
      );
    case 'temporary':
      return never(
        'temporary_table',
        `${table} is a temporary table of another session`,
        'name a permanent table',
      );
    case 'unlogged':
      return note(
        `${table} is unlogged: a crash of the server empties it, rows not yet moved included`,
        `alter table ${quoted} set logged`,
      );
    case 'foreign_partition':
      return never(
        'foreign_partition',
        `partition ${formatTable(hazard.partition)} lies on another server, where rows can't be told apart exactly`,
        'detach the partition, or configure its table on the other server',
      );
    case 'publication':
      return judgePublication(described.ref, hazard, { deletes, drops });
    case 'missing_privilege':
      return judgePrivilege(described.ref, hazard.privilege, drops);
    case 'continuous_aggregate':
      return judgeAggregate(described, hazard, regions);
    case 'hidden_aggregate':
      return regions.length === 0
        ? null
        : never(
            'continuous_aggregate',
            `this role may not read continuous aggregate ${formatTable(hazard.view)}, and so can't tell whether it has taken up the rows that would leave`,
            `grant select on ${sqlTable(hazard.view)} to tierd’s role`,
          );
    case 'refresh_policy':
      return judgeRefreshPolicy(described, hazard, regions);
    case 'retention_policy':
      return {
        guard: 'retention_policy',
        message: `TimescaleDB's retention policy (job ${String(hazard.job)}) drops chunks of ${table} after ${hazard.dropAfter}, moved or not`,
        hint: `select remove_retention_policy(${sqlLiteral(quoted)}); hot_days takes its place. --force when the policy keeps more than hot_days`,
        forceable: true,
      };
    case 'compressed_chunks':
      if (!deletes) return null;
      return never(
        'compressed_chunks',
        `${countOf(hazard.count, 'chunk')} of ${table} ${agree(hazard.count, 'is', 'are')} compressed and can't be dropped by its time column (${formatTable(hazard.example)}): deleting from them would unpack them`,
        'configure as time_column the column by which the hypertable is cut, or decompress_chunk() them',
      );
    case 'no_default_partition':
      return drops
        ? note(
            `${table} has no default partition: rows that come late for a dropped partition are refused by PostgreSQL`,
            `where rows come late: create table <name> partition of ${quoted} default`,
          )
        : null;
    case 'no_time_index':
      return deletes
        ? note(
            `no index of ${table} begins with its time column: every statement reads all of it`,
            // Only of an ordinary table can an index be built beside its writers.
            `create index ${described.kind === 'plain' ? 'concurrently ' : ''}on ${quoted} (${sqlName(described.timeColumn.name)})`,
          )
        : null;
  }
}

interface Removal {
  readonly deletes: boolean;
  readonly drops: boolean;
}

/** Which rows are referred to, and what no chunk can be dropped for, is judged for each move. */
function judgeForeignKey(
  described: TableDescription,
  { constraint, from, onDelete }: TableHazard & { readonly kind: 'foreign_key' },
  { deletes, drops }: Removal,
): Refusal | null {
  const table = formatTable(described.ref);
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
  return never(
    'foreign_key',
    `${formatTable(from)} refers to ${table} with ON DELETE ${onDelete.toUpperCase()} (${constraint}): moving a row ${effect} rows there that are moved nowhere`,
    hint,
  );
}

function judgeDeleteTrigger(
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

function judgePublication(
  ref: TableRef,
  hazard: TableHazard & { readonly kind: 'publication' },
  removal: Removal,
): Refusal | HazardNote | null {
  if (!hazard.sendsDeletes) return null;
  const table = formatTable(ref);
  if (removal.deletes && !hazard.hasIdentity) {
    return never(
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

function judgePrivilege(
  ref: TableRef,
  privilege: (TableHazard & { readonly kind: 'missing_privilege' })['privilege'],
  drops: boolean,
): Refusal | HazardNote | null {
  const table = formatTable(ref);
  if (privilege !== 'ownership') {
    return never(
      'privilege',
      `this role lacks ${privilege.toUpperCase()} on ${privilege === 'usage' ? `the schema of ${table}` : table}`,
      privilege === 'usage'
        ? `grant usage on schema ${sqlName(ref.schema)} to tierd’s role`
        : `grant select, delete on ${sqlTable(ref)} to tierd’s role`,
    );
  }
  if (!drops) {
    return note(
      `this role does not own ${table}: unless it was granted MAINTAIN, what it deletes is left for autovacuum`,
      `leave it to autovacuum, or from PostgreSQL 17 on: grant maintain on ${sqlTable(ref)} to tierd’s role`,
    );
  }
  return never(
    'privilege',
    `this role does not own ${table} and so can't drop its chunks or partitions`,
    'let tierd connect as the owner, or grant the owner’s role to tierd’s',
  );
}

function note(message: string, hint: string): HazardNote {
  return { message, hint };
}

function never(guard: string, message: string, hint: string): Refusal {
  return { guard, message, hint, forceable: false };
}
