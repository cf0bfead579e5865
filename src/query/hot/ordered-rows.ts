/**
 * What PostgreSQL alone answers: `select … order by time desc limit 100` of a table that has as many rows, all of
 * them newer than the lake's. They come in their order, as many as are wanted, and go to whoever writes them.
 */
import {
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { ChunkBuilder } from '../../lake/segment/chunk-builder.ts';
import { batchBytes } from '../../lake/segment/staging-table.ts';
import type { RowSource } from '../answer/row-source.ts';
import type { Engine } from '../engine.ts';
import { findReferences } from '../partials/references.ts';
import { namesIn } from '../partials/select-names.ts';
import type { TimeHull } from '../segments/cold-catalog.ts';
import { type AstObject, isObject, objectsIn, textIn } from '../sql/sql-ast.ts';
import { type HeldType, heldTypes } from './held-types.ts';
import { resolveForHot } from './hot-predicate.ts';
import { firstOf, type HotSide, hotColumnsOf } from './hot-rows.ts';

export interface OrderedRows {
  readonly rows: number;
  readonly source: RowSource;
  /** The lake is needed as well where it has a row in it; null where the lake is not asked for. */
  readonly bound: TimeHull | null;
}

/** Of what is held in memory until it is written, more is the engine's to hold. */
const MAX_ROWS = 1_000;
const MAX_BYTES = 4_000_000;

/** Null where it takes the engine, or the lake whatever it has. */
export async function loadOrderedRows(
  engine: Engine,
  statement: AstObject,
  one: HotSide,
): Promise<OrderedRows | null> {
  const { schema, hot, hull, predicate } = one;
  const shown = shownColumns(statement, one);
  const first = shown === null ? null : await firstOf(engine, statement, one);
  if (shown === null || first === null || first.rows > MAX_ROWS) return null;
  const columns = hotColumnsOf(statement, one.dataset.name, schema, hot);
  const places = shown.map(({ column }) => columns.findIndex(({ name }) => name === column));
  const isAsHeld = columns.every(({ name, duckdbType }) => schema.get(name) === duckdbType);
  // The lake may have a column that the table has no more.
  if (!isAsHeld || places.includes(-1)) return null;
  const types = await heldTypes(
    engine,
    columns.map(({ duckdbType }) => duckdbType),
  );
  const builder = new ChunkBuilder(types.map(({ logical }) => logical));
  const rows: DuckDBValue[][] = [];
  let bytes = 0;
  await hot.read({
    columns,
    hull,
    predicate: await resolveForHot(engine.connection, schema, predicate),
    first,
    onBatch(batch) {
      bytes += batchBytes(batch);
      if (rows.length < first.rows && bytes <= MAX_BYTES) {
        rows.push(...new DuckDBDataChunk(builder.build(batch)).getRows());
      }
      return undefined;
    },
  });
  if (rows.length < first.rows || bytes > MAX_BYTES) return null;
  const timeAt = columns.findIndex(({ name }) => name === hot.timeColumn.name);
  const bound = one.isColdWanted ? boundAt(rows[first.rows - 1]?.[timeAt], first.order) : null;
  if (one.isColdWanted && bound === null) return null;
  const wanted = rows.slice(0, first.rows).map((row) => places.map((place) => row[place] ?? null));
  const shownAs = shown.map(({ name }, index) => {
    const { type } = types[places[index] as number] as HeldType;
    return { name, type };
  });
  return { rows: rows.length, source: { columns: shownAs, chunks: inOneChunk(wanted) }, bound };
}

interface ShownColumn {
  /** Of the table. */
  readonly column: string;
  /** As the answer calls it. */
  readonly name: string;
}

/** Null where more is shown than columns as they are. */
function shownColumns(
  { node }: AstObject,
  { dataset, schema }: HotSide,
): readonly ShownColumn[] | null {
  if (!isObject(node) || findReferences(node, dataset.name)?.[0]?.select !== node) return null;
  const common = node['cte_map'];
  if (isObject(common) && objectsIn(common['map']).length > 0) return null;
  const [order, limit] = objectsIn(node['modifiers']);
  // By more than time PostgreSQL and the engine may order otherwise.
  if (objectsIn(order?.['orders']).length !== 1 || limit?.['offset'] !== undefined) return null;
  const names = namesIn(node, schema.keys());
  const shown: ShownColumn[] = [];
  for (const item of objectsIn(node['select_list'])) {
    if (isPlainStar(item)) {
      shown.push(...[...schema.keys()].map((column) => ({ column, name: column })));
      continue;
    }
    const column = names.columnOf(item);
    if (column === null || names.mayMeanAlias(item)) return null;
    shown.push({ column, name: textIn(item['alias']) || column });
  }
  // Names that are met twice are told apart by the engine.
  return new Set(shown.map(({ name }) => name)).size < shown.length ? null : shown;
}

const STAR_LISTS = ['exclude_list', 'qualified_exclude_list', 'replace_list', 'rename_list'];

function isPlainStar(item: AstObject): boolean {
  const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0;
  return (
    item['class'] === 'STAR' &&
    item['columns'] === false &&
    item['relation_name'] === '' &&
    item['alias'] === '' &&
    !isObject(item['expr']) &&
    STAR_LISTS.every((name) => isEmpty(item[name]))
  );
}

/** Where a row of the lake would be among the wanted; null where the last of these has no such time. */
function boundAt(last: DuckDBValue | undefined, order: 'asc' | 'desc'): TimeHull | null {
  const us = microsOf(last);
  if (us === null) return null;
  return order === 'desc'
    ? { fromInclusiveUs: us, toInclusiveUs: null }
    : { fromInclusiveUs: null, toInclusiveUs: us };
}

const DAY_US = 86_400_000_000n;

function microsOf(value: DuckDBValue | undefined): bigint | null {
  if (value instanceof DuckDBDateValue) return value.isFinite ? BigInt(value.days) * DAY_US : null;
  const isInstant =
    value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue;
  return isInstant && value.isFinite ? value.micros : null;
}

async function* inOneChunk(rows: DuckDBValue[][]): RowSource['chunks'] {
  yield rows;
}
