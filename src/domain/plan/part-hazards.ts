/**
 * What stands around one partition or chunk and would stop the move that takes it, when its rows have
 * long been exported. Such a finding refuses that move, and no other.
 */
import { agree, countOf } from '../count.ts';
import { sqlLiteral, sqlName, sqlTable } from '../sql-name.ts';
import { formatTable, type TableDescription, type TableRef } from '../table.ts';
import { formatRange, rangesOverlap, type TimeRange } from '../time/time-range.ts';
import type { ForeignKeyAction, TableHazard } from './hazards.ts';
import type { RotationPlan } from './plan.ts';
import { type Refusal, standing, unforceable } from './refusal.ts';
import type { Lane, Region } from './regions.ts';
import { changedDelete } from './removal-effects.ts';
import { judgeStaleAggregate, type StaleAggregate } from './stale-aggregates.ts';

/** A partition, with those below it, or a chunk. */
export interface TablePart {
  readonly ref: TableRef;
  /** The oids of the leaves that it is made of: its own, or those below it. */
  readonly leaves: readonly number[];
  /** The time that its rows may have; infinite where it has no bound, null where that can't be known. */
  readonly range: TimeRange | null;
}

/** What is done to a part itself, not to the table: its rights count then, not the table's. */
export type PartRight = 'ownership' | 'usage' | 'select' | 'delete' | 'lock';

/** Facts of the catalogue, found by `hot/hazards/part-hazards`; what they mean is decided below. */
export type PartHazard =
  | { readonly kind: 'part_right'; readonly part: TablePart; readonly lacks: PartRight }
  | { readonly kind: 'part_row_security'; readonly part: TablePart }
  | {
      readonly kind: 'part_dependent';
      readonly part: TablePart;
      /** In PostgreSQL's words: `view public.busy`. */
      readonly dependent: string;
    }
  | {
      readonly kind: 'part_reference';
      readonly part: TablePart;
      readonly constraint: string;
      readonly from: TableRef;
      readonly onDelete: ForeignKeyAction;
    }
  | { readonly kind: 'part_rule'; readonly part: TablePart; readonly rule: string }
  | { readonly kind: 'frozen_chunk'; readonly part: TablePart }
  | StaleAggregate
  | {
      readonly kind: 'referenced_rows';
      readonly constraint: string;
      readonly from: TableRef;
      readonly lane: Lane;
      /** Where rows are that are referred to. */
      readonly slices: readonly { readonly range: TimeRange; readonly rows: number }[];
    };

export interface Surroundings {
  readonly table: readonly TableHazard[];
  readonly parts: readonly PartHazard[];
}

/** The same plan, each move with what stands in its way. */
export function withObstacles(
  plan: RotationPlan,
  table: TableDescription,
  around: Surroundings,
): RotationPlan {
  return {
    ...plan,
    moves: plan.moves.map((move) => ({ ...move, obstacles: judgeMove(table, around, move) })),
  };
}

/** Moves that would be left alone, in words, `most` of them. */
export function describeObstacles(
  { moves }: Pick<RotationPlan, 'moves'>,
  force: boolean,
  most: number,
): readonly { readonly message: string; readonly hint: string }[] {
  const told = moves.flatMap((move) =>
    standing(move.obstacles, force).map(({ message, hint }) => ({
      message: `${formatRange(move.range)} stays hot: ${message}`,
      hint,
    })),
  );
  const more = told.length - most;
  if (more <= 0) return told;
  const hint = '--dry-run --json names them all';
  return [...told.slice(0, most), { message: `${String(more)} more like these`, hint }];
}

/** What the facts mean for one move, or for all moves of a region. */
export function judgeMove(
  table: TableDescription,
  around: Surroundings,
  move: Region,
): readonly Refusal[] {
  const reach = reachOf(move);
  return [
    ...around.parts.flatMap((hazard) => judgePart(table, hazard, move, reach) ?? []),
    ...around.table.flatMap((hazard) => judgeChunkReference(table, hazard, move) ?? []),
  ];
}

/** What a move does to a part. */
interface Reach {
  /** It is dropped. */
  readonly takes: (part: TablePart) => boolean;
  /** Rows are deleted from it through the table. */
  readonly deletesFrom: (part: TablePart) => boolean;
  /** Rows of the dropped parts' time are deleted from it itself. */
  readonly deletesBeside: (part: TablePart) => boolean;
}

function reachOf({ removal, range, parts }: Region): Reach {
  const planned = new Set(parts.map(({ oid }) => oid));
  const takes = (part: TablePart): boolean =>
    removal === 'drop' && part.leaves.every((leaf) => planned.has(leaf));
  const overlaps = (part: TablePart): boolean =>
    part.range === null || rangesOverlap(part.range, range);
  return {
    takes,
    deletesFrom: (part) => removal === 'delete' && overlaps(part),
    deletesBeside: (part) => removal === 'drop' && !takes(part) && overlaps(part),
  };
}

function judgePart(
  table: TableDescription,
  hazard: PartHazard,
  move: Region,
  reach: Reach,
): Refusal | null {
  if (hazard.kind === 'referenced_rows') return judgeReferencedRows(table, hazard, move);
  if (hazard.kind === 'stale_aggregate') return judgeStaleAggregate(table, hazard, move.range);
  const { part } = hazard;
  const named = `${table.kind === 'hypertable' ? 'chunk' : 'partition'} ${formatTable(part.ref)}`;
  switch (hazard.kind) {
    case 'part_right':
      return judgeRight(named, hazard, reach);
    case 'part_row_security':
      return reach.takes(part) || reach.deletesBeside(part)
        ? unforceable(
            'row_security',
            `row security of ${named} hides rows from this role when it is read by itself, and hidden rows would be dropped unseen`,
            `alter table ${sqlTable(part.ref)} disable row level security, or let tierd connect as a role with BYPASSRLS`,
          )
        : null;
    case 'part_dependent':
      return reach.takes(part)
        ? unforceable(
            'dependent_object',
            `${hazard.dependent} depends on ${named}, and PostgreSQL drops nothing that something depends on`,
            `drop it, or let it use ${formatTable(table.ref)} in place of the ${named}`,
          )
        : null;
    case 'part_reference':
      return judgePartReference(named, hazard, reach);
    case 'part_rule': {
      const { rule } = hazard;
      // Deletes that name the table fire the rules of that alone.
      return reach.deletesBeside(part)
        ? changedDelete(`rule ${rule} of ${named}`, rule, part.ref)
        : null;
    }
    case 'frozen_chunk':
      return reach.takes(part) || reach.deletesFrom(part)
        ? unforceable(
            'frozen_chunk',
            `${named} is frozen: TimescaleDB neither drops it nor lets rows be deleted from it`,
            `select _timescaledb_functions.unfreeze_chunk(${sqlLiteral(sqlTable(part.ref))})`,
          )
        : null;
  }
}

function judgeRight(
  named: string,
  { part, lacks }: PartHazard & { readonly kind: 'part_right' },
  reach: Reach,
): Refusal | null {
  const beside = lacks === 'delete' || lacks === 'select' || lacks === 'usage';
  const isHit = (lacks !== 'delete' && reach.takes(part)) || (beside && reach.deletesBeside(part));
  if (!isHit) return null;
  const table = sqlTable(part.ref);
  switch (lacks) {
    case 'ownership':
      return unforceable(
        'privilege',
        `this role owns neither ${named} nor its schema, and so can't drop it`,
        `alter table ${table} owner to the role of the table, or grant its owner’s role to tierd’s`,
      );
    case 'usage':
      return unforceable(
        'privilege',
        `this role lacks USAGE on the schema of ${named}, which it has to read and lock by its name`,
        `grant usage on schema ${sqlName(part.ref.schema)} to tierd’s role`,
      );
    case 'select':
    case 'delete':
    case 'lock':
      return unforceable(
        'privilege',
        `this role lacks ${lacks === 'select' ? 'SELECT' : 'DELETE'} on ${named}, which it has to ${lacks === 'select' ? 'read' : 'lock'} by its name: rights on the table are not enough`,
        `grant select, delete on ${table} to tierd’s role`,
      );
  }
}

function judgePartReference(
  named: string,
  { part, constraint, from, onDelete }: PartHazard & { readonly kind: 'part_reference' },
  reach: Reach,
): Refusal | null {
  const found = `${formatTable(from)} refers to ${named} by itself (${constraint})`;
  const hint = `alter table ${sqlTable(from)} drop constraint ${sqlName(constraint)}`;
  if (reach.takes(part)) {
    return unforceable(
      'foreign_key',
      `${found}: PostgreSQL will not drop it, whether a row is referred to or not`,
      hint,
    );
  }
  if (!reach.deletesFrom(part) && !reach.deletesBeside(part)) return null;
  if (onDelete === 'no action' || onDelete === 'restrict') {
    const message = `${found}: PostgreSQL will not let go of a row that is referred to`;
    return {
      guard: 'foreign_key',
      message,
      hint: `${hint}; --force when no old row is referred to`,
      forceable: true,
    };
  }
  return unforceable(
    'foreign_key',
    `${found} with ON DELETE ${onDelete.toUpperCase()}: rows there would be changed that are moved nowhere`,
    hint,
  );
}

/** Chunks can't be detached in the transaction that drops them, as partitions can. */
function judgeChunkReference(
  table: TableDescription,
  hazard: TableHazard,
  move: Region,
): Refusal | null {
  if (hazard.kind !== 'foreign_key' || table.kind !== 'hypertable') return null;
  if (move.removal !== 'drop') return null;
  return unforceable(
    'foreign_key',
    `${formatTable(hazard.from)} refers to ${formatTable(table.ref)} (${hazard.constraint}): TimescaleDB drops no chunk then, whether a row is referred to or not`,
    `alter table ${sqlTable(hazard.from)} drop constraint ${sqlName(hazard.constraint)}`,
  );
}

function judgeReferencedRows(
  table: TableDescription,
  { constraint, from, lane, slices }: PartHazard & { readonly kind: 'referenced_rows' },
  move: Region,
): Refusal | null {
  // Of a hypertable no chunk is dropped then, and that is said already.
  if (lane !== move.lane || (table.kind === 'hypertable' && move.removal === 'drop')) return null;
  const rows = slices
    .filter(({ range }) => rangesOverlap(range, move.range))
    .reduce((sum, slice) => sum + slice.rows, 0);
  if (rows === 0) return null;
  return unforceable(
    'foreign_key',
    `${formatTable(from)} refers to ${countOf(rows, 'row')} of ${formatRange(move.range)} (${constraint}): PostgreSQL will not let go of ${agree(rows, 'it', 'them')}`,
    `delete the rows of ${formatTable(from)} that refer to them, or: alter table ${sqlTable(from)} drop constraint ${sqlName(constraint)}`,
  );
}
