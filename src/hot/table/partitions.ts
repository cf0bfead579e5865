/** Leaf partitions of a declaratively partitioned table whose bounds in time are known. */
import type { TablePart } from '../../domain/plan/part-hazards.ts';
import type { Part, TableRef, TimeColumn } from '../../domain/table.ts';
import { type EpochMs, rangesOverlap, type TimeRange } from '../../domain/time/time-range.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { sizesOf } from './part-sizes.ts';
import { boundToMs, parseRangeBound } from './partition-bound.ts';

interface NodeRow {
  readonly oid: number;
  readonly parent: number | null;
  readonly is_leaf: boolean;
  readonly kind: string;
  readonly schema: string;
  readonly name: string;
  readonly bound: string | null;
  readonly strategy: string | null;
  /** The first key column's name; null when it is an expression. */
  readonly first_key: string | null;
  readonly level: number;
  readonly estimated_rows: string;
}

interface Span {
  readonly from: EpochMs | null;
  readonly to: EpochMs | null;
}

const UNBOUNDED: Span = { from: null, to: null };

/**
 * Leaf partitions with finite bounds in the time column, at whichever level they were cut by time.
 * All others (default, list, hash, half-open, foreign, bounds between milliseconds) are no parts:
 * their rows are deleted, not dropped.
 */
export async function describePartitions(
  db: Queryable,
  root: number,
  time: TimeColumn,
): Promise<readonly Part[]> {
  const nodes = new Map((await selectPartitionTree(db, root)).map((node) => [node.oid, node]));
  const sizes = await sizesOf(db, [...nodes.keys()]);
  const parts: Part[] = [];
  for (const node of nodes.values()) {
    if (!node.is_leaf || node.kind !== 'r') continue;
    const range = finiteRange(spanOf(nodes, node, time));
    if (range === null) continue;
    parts.push({
      oid: node.oid,
      ref: refOf(node),
      range,
      compressed: false,
      estimatedRows: Number(node.estimated_rows),
      bytes: sizes.get(node.oid) ?? 0,
    });
  }
  return parts.sort((a, b) => a.range.fromInclusive - b.range.fromInclusive || a.oid - b.oid);
}

/** Every table below `root` that is one, whatever its bounds, by its oid. */
export async function describeTree(
  db: Queryable,
  root: number,
  time: TimeColumn,
): Promise<ReadonlyMap<number, TablePart>> {
  const tree = await selectPartitionTree(db, root);
  const nodes = new Map(tree.map((node) => [node.oid, node]));
  const below = new Map<number, number[]>(tree.map((node) => [node.oid, []]));
  for (const leaf of tree.filter((node) => node.is_leaf)) {
    for (let at: NodeRow | undefined = leaf; at !== undefined; ) {
      below.get(at.oid)?.push(leaf.oid);
      at = at.parent === null ? undefined : nodes.get(at.parent);
    }
  }
  return new Map(
    tree
      .filter((node) => node.oid !== root && (node.kind === 'r' || node.kind === 'p'))
      .map((node) => [
        node.oid,
        { ref: refOf(node), leaves: below.get(node.oid) ?? [], range: rangeOf(nodes, node, time) },
      ]),
  );
}

function rangeOf(
  nodes: ReadonlyMap<number, NodeRow>,
  node: NodeRow,
  time: TimeColumn,
): TimeRange | null {
  const span = spanOf(nodes, node, time);
  return span === null ? null : unbounded(span);
}

/** Leaf partitions beside `planned` in which rows of the ranges may lie: default ones above all. */
export async function leavesBeside(
  db: Queryable,
  root: number,
  time: TimeColumn,
  ranges: readonly TimeRange[],
  planned: ReadonlySet<number>,
): Promise<readonly TableRef[]> {
  const nodes = new Map((await selectPartitionTree(db, root)).map((node) => [node.oid, node]));
  return [...nodes.values()]
    .filter((node) => node.is_leaf && node.kind === 'r' && !planned.has(node.oid))
    .filter((node) => {
      const span = spanOf(nodes, node, time);
      return ranges.some((range) => mayHold(span, range));
    })
    .map(refOf);
}

interface AttachedPart extends TableRef {
  readonly oid: number;
}

/** Those of `parts` that hang below the table, whatever is between: partitions and chunks alike. */
export function findAttached(
  db: Queryable,
  root: number,
  parts: readonly Pick<Part, 'oid'>[],
): Promise<readonly AttachedPart[]> {
  return run<AttachedPart>(
    db,
    // What DETACH … CONCURRENTLY has half detached is no longer read through the table.
    sql`with recursive below as (
          select i.inhrelid as oid from pg_inherits i
          where i.inhparent = ${root}::oid and not coalesce((to_jsonb(i) ->> 'inhdetachpending')::boolean, false)
          union
          select i.inhrelid from pg_inherits i join below b on i.inhparent = b.oid where not coalesce((to_jsonb(i) ->> 'inhdetachpending')::boolean, false)
        )
        select c.oid, n.nspname as schema, c.relname as name
        from below join pg_class c on c.oid = below.oid join pg_namespace n on n.oid = c.relnamespace
        where c.oid = any(${parts.map(({ oid }) => oid)}::oid[])`,
  );
}

/** A partition to drop, and the table that it is attached to. */
export interface PartitionNode {
  readonly oid: number;
  readonly ref: TableRef;
  readonly parent: TableRef;
}

/**
 * What to drop so that the planned leaves go and no partition is left without leaves: a sub-
 * partitioned partition goes as a whole when all its leaves are planned.
 */
export async function nodesToDrop(
  db: Queryable,
  root: number,
  planned: ReadonlySet<number>,
): Promise<readonly PartitionNode[]> {
  const tree = await selectPartitionTree(db, root);
  const childrenOf = (oid: number): NodeRow[] => tree.filter((node) => node.parent === oid);
  const goes = (node: NodeRow): boolean => {
    const children = childrenOf(node.oid);
    return children.length === 0 ? planned.has(node.oid) : children.every(goes);
  };
  const topmost = (parent: NodeRow): PartitionNode[] =>
    childrenOf(parent.oid).flatMap((node) =>
      goes(node) ? [{ oid: node.oid, ref: refOf(node), parent: refOf(parent) }] : topmost(node),
    );
  // Those that hang highest come first, so that parents are locked before what is below them.
  const levels = new Map(tree.map((node) => [node.oid, node.level]));
  return tree
    .filter((node) => node.oid === root)
    .flatMap(topmost)
    .toSorted((a, b) => (levels.get(a.oid) ?? 0) - (levels.get(b.oid) ?? 0));
}

/** Null is a bound that can't be reckoned with: it may hold anything. */
function mayHold(span: Span | null, range: TimeRange): boolean {
  return span === null || rangesOverlap(range, unbounded(span));
}

function unbounded({ from, to }: Span): TimeRange {
  return {
    fromInclusive: from ?? Number.NEGATIVE_INFINITY,
    toExclusive: to ?? Number.POSITIVE_INFINITY,
  };
}

/** The intersection of what each level up to the root says; null when a bound can't be reckoned with. */
function spanOf(nodes: ReadonlyMap<number, NodeRow>, leaf: NodeRow, time: TimeColumn): Span | null {
  let span = UNBOUNDED;
  for (let node = leaf; node.parent !== null; ) {
    const parent = nodes.get(node.parent);
    if (parent === undefined) break;
    const level = levelSpan(parent, node, time);
    if (level === null) return null;
    span = { from: later(span.from, level.from), to: earlier(span.to, level.to) };
    node = parent;
  }
  return span;
}

function finiteRange(span: Span | null): TimeRange | null {
  const { from = null, to = null } = span ?? {};
  if (from === null || to === null || from >= to) return null;
  return { fromInclusive: from, toExclusive: to };
}

function levelSpan(parent: NodeRow, node: NodeRow, time: TimeColumn): Span | null {
  if (parent.strategy !== 'r' || parent.first_key !== time.name) return UNBOUNDED;
  const bound = parseRangeBound(node.bound ?? '');
  if (bound === null) return UNBOUNDED;
  // FROM ('2024-01-01', 'm') cuts within an instant: no half-open range of time says the same.
  if ([...bound.from.slice(1), ...bound.to.slice(1)].some((value) => value !== null)) return null;
  const from = edge(time, bound.from[0]);
  const to = edge(time, bound.to[0]);
  return from === undefined || to === undefined ? null : { from, to };
}

/** Milliseconds, null for no bound, undefined for one that can't be reckoned with. */
function edge(time: TimeColumn, literal: string | null | undefined): EpochMs | null | undefined {
  if (literal === null) return null;
  return literal === undefined ? undefined : (boundToMs(time, literal) ?? undefined);
}

function later(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

function earlier(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

function refOf(node: NodeRow): TableRef {
  return { schema: node.schema, name: node.name };
}

/**
 * Parents before their partitions. Takes no lock on any of them, as pg_partition_tree() would on
 * every partition: a drop that holds one, or a plan before it holds the table, must not come to wait.
 */
function selectPartitionTree(db: Queryable, root: number): Promise<readonly NodeRow[]> {
  return run<NodeRow>(
    db,
    sql`with recursive tree as (
          select ${root}::oid as oid, null::oid as parent, 0 as level
          union all
          select i.inhrelid, i.inhparent, tree.level + 1
          from tree join pg_inherits i on i.inhparent = tree.oid
        )
        select c.oid, t.parent, t.level, c.relkind <> 'p' as is_leaf, c.relkind as kind,
               n.nspname as schema, c.relname as name,
               pg_get_expr(c.relpartbound, 0) as bound,
               p.partstrat as strategy, a.attname as first_key,
               greatest(c.reltuples, 0)::bigint::text as estimated_rows
        from tree t
        join pg_class c on c.oid = t.oid
        join pg_namespace n on n.oid = c.relnamespace
        left join pg_partitioned_table p on p.partrelid = c.oid
        left join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
        order by t.level, c.oid`,
  );
}
