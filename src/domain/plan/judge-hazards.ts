/** What stands around a table, judged: what stops a removal of its rows, and what a person should know. */
import { agree, countOf } from '../count.ts';
import { sqlLiteral, sqlName, sqlTable } from '../sql-name.ts';
import { formatTable, type TableDescription, type TableRef } from '../table.ts';
import { judgeAggregate, judgeRefreshPolicy } from './aggregates.ts';
import { type HazardNote, note } from './hazard-note.ts';
import type { TableHazard } from './hazards.ts';
import { type Refusal, unforceable } from './refusal.ts';
import type { Region } from './regions.ts';
import {
  judgeDeleteRule,
  judgeDeleteTrigger,
  judgeForeignKey,
  judgePublication,
} from './removal-effects.ts';

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
      return unforceable(
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
      return judgeDeleteRule(described, hazard, { deletes, drops });
    case 'inheritance':
      return note(
        `${table} has inheriting tables (${hazard.children.map(formatTable).join(', ')}): their rows are moved too, are not vacuumed, and come back, if they do, into ${table} itself`,
        'leave them to autovacuum, or VACUUM them yourself',
      );
    case 'heir_columns':
      return unforceable(
        'inheriting_columns',
        `${formatTable(hazard.heir)} inherits from ${table} and has columns of its own (${hazard.columns.join(', ')}): its rows would be moved, and the values of these would be nowhere`,
        `alter table ${sqlTable(hazard.heir)} no inherit ${quoted}, and configure it as a dataset of its own; or add the columns to ${table}`,
      );
    case 'foreign_heir':
      return unforceable(
        'foreign_partition',
        `${formatTable(hazard.heir)} inherits from ${table} and lies on another server, where rows can't be told apart exactly`,
        `alter foreign table ${sqlTable(hazard.heir)} no inherit ${quoted}, or configure its table on the other server`,
      );
    case 'large_objects':
      return note(
        `${table} has ${agree(hazard.columns.length, 'a column', 'columns')} of type oid (${hazard.columns.join(', ')}), and the database has large objects: what such a column names is not moved, only its number is`,
        'where it names large objects, let no vacuumlo run: it removes what no table names any more; or keep the bytes in a column of type bytea',
      );
    case 'temporary':
      return unforceable(
        'temporary_table',
        `${table} is a temporary table of another session`,
        'name a permanent table',
      );
    case 'unlogged':
      return judgeUnlogged(hazard.tables);
    case 'foreign_partition':
      return unforceable(
        'foreign_partition',
        `partition ${formatTable(hazard.partition)} lies on another server, where rows can't be told apart exactly`,
        'detach the partition, or configure its table on the other server',
      );
    case 'publication':
      return judgePublication(described.ref, hazard, { deletes, drops });
    case 'missing_privilege':
      return judgePrivilege(described.ref, hazard.privilege, drops);
    case 'foreign_chunk':
      return regions.length === 0
        ? null
        : unforceable(
            'privilege',
            `foreign chunk ${formatTable(hazard.chunk)} of ${table} is owned by ${hazard.owner}: only its owner can lock it when rows are deleted, and move its end`,
            `as a superuser: alter foreign table ${sqlTable(hazard.chunk)} owner to ${sqlName(hazard.role)}`,
          );
    case 'continuous_aggregate':
      return judgeAggregate(described, hazard, regions);
    case 'hidden_aggregate':
      return regions.length === 0
        ? null
        : unforceable(
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
      return unforceable(
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

/** So many are named; a thousand partitions are one matter. */
const UNLOGGED_SHOWN = 3;

function judgeUnlogged(tables: readonly TableRef[]): HazardNote {
  const shown = tables.slice(0, UNLOGGED_SHOWN);
  const more = tables.length - shown.length;
  const names = `${shown.map(formatTable).join(', ')}${more === 0 ? '' : ` and ${String(more)} more`}`;
  return note(
    `${names} ${agree(tables.length, 'is', 'are')} unlogged: a crash of the server empties ${agree(tables.length, 'it', 'them')}, rows not yet moved included`,
    shown.map((ref) => `alter table ${sqlTable(ref)} set logged`).join('; '),
  );
}

function judgePrivilege(
  ref: TableRef,
  privilege: (TableHazard & { readonly kind: 'missing_privilege' })['privilege'],
  drops: boolean,
): Refusal | HazardNote | null {
  const table = formatTable(ref);
  if (privilege === 'vacuum') {
    return drops
      ? null
      : note(
          `this role may not vacuum ${table}: what it deletes is left for autovacuum`,
          `leave it to autovacuum, or from PostgreSQL 17 on: grant maintain on ${sqlTable(ref)} to tierd’s role`,
        );
  }
  if (privilege !== 'ownership') {
    return unforceable(
      'privilege',
      `this role lacks ${privilege.toUpperCase()} on ${privilege === 'usage' ? `the schema of ${table}` : table}`,
      privilege === 'usage'
        ? `grant usage on schema ${sqlName(ref.schema)} to tierd’s role`
        : `grant select, delete on ${sqlTable(ref)} to tierd’s role`,
    );
  }
  if (!drops) return null;
  return unforceable(
    'privilege',
    `this role does not own ${table} and so can't drop its chunks or partitions`,
    'let tierd connect as the owner, or grant the owner’s role to tierd’s',
  );
}
