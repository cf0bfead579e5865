/**
 * Which segments can hold a row that passes a predicate. DuckDB itself compares the segments'
 * smallest and largest values with the query's constants, in the columns' own types: what `<` means
 * is the same here and in the query. Where that is plain without it, it is not asked.
 *
 * Runs in the transaction of the query, so that `now()` is the same instant in both.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { ownValue } from '../../domain/own-value.ts';
import type { IntegerTimeUnit } from '../../domain/table.ts';
import { isoTimestamp } from '../iso-time.ts';
import { isTextLiteral } from '../sql/constant-expression.ts';
import { plainTime } from '../sql/plain-literal.ts';
import {
  type Comparison,
  comparisonsIn,
  type NullTest,
  type Predicate,
  testsIn,
} from '../sql/predicate.ts';
import { runForTexts, runTemplate } from '../sql/run-template.ts';
import { quoteName } from '../sql/sql-text.ts';
import type { ColdCatalog, ColdDataset, SegmentRef, TimeHull } from './cold-catalog.ts';
import { nameInFile } from './columns-as-now.ts';
import { mayHold } from './null-filter.ts';
import { plainFilter } from './plain-filter.ts';
import { areApart, hullOf, intersect } from './time-hull.ts';
import type { ViewSchema } from './view-schema.ts';

const EVERYTHING: TimeHull = { fromInclusiveUs: null, toInclusiveUs: null };

export interface Wanted {
  readonly dataset: ColdDataset;
  readonly schema: ViewSchema;
  readonly predicate: Predicate;
  /** That of `findHull`. */
  readonly hull: TimeHull;
}

/** @param within nothing of other times is needed, whatever the predicate says */
export async function chooseSegments(
  connection: DuckDBConnection,
  catalog: ColdCatalog,
  { dataset, schema, predicate, hull }: Wanted,
  within: TimeHull | null = null,
): Promise<readonly SegmentRef[]> {
  const span = within === null ? hull : intersect(hull, within);
  if (dataset.span !== undefined && areApart(span, dataset.span)) return [];
  const segments = await catalog.listSegments(dataset.name, span);
  if (segments.length === 0 || testsIn(predicate).length === 0) return segments;
  return keepMatching(connection, dataset, schema, predicate, segments);
}

/** The span of time outside of which no row passes the predicate. */
export async function findHull(
  connection: DuckDBConnection,
  dataset: ColdDataset,
  schema: ViewSchema,
  predicate: Predicate,
): Promise<TimeHull> {
  const { timeColumn } = dataset;
  const ofTime = comparisonsIn(predicate).filter(({ column }) => column === timeColumn?.name);
  if (timeColumn === null || ofTime.length === 0) return EVERYTHING;
  const columnType = schema.get(timeColumn.name) ?? '';
  const instantOf = new Map<Comparison, bigint | null>();
  for (const comparison of ofTime) {
    const type = comparison.asDate ? 'DATE' : columnType;
    const plain = timeColumn.unit === undefined ? plainTime(comparison.constant, type) : null;
    if (plain !== null) instantOf.set(comparison, plain.us);
  }
  const asked = ofTime.filter((comparison) => !instantOf.has(comparison));
  const expressions = asked.map((comparison, index) => {
    // A literal in quotes becomes what it is compared with; anything else has a type of its own.
    const type = comparison.asDate ? 'DATE' : columnType;
    const constant = isTextLiteral(comparison.constant)
      ? `cast("$${String(index)}" as ${type})`
      : `"$${String(index)}"`;
    return timeColumn.unit === undefined
      ? `try(epoch_us(cast(${constant} as timestamptz)))::varchar`
      : `try(cast(${constant} as hugeint))::varchar`;
  });
  // Nothing where DuckDB can't: then there is no hull.
  const instants = await runForTexts(
    connection,
    expressions,
    asked.map(({ constant }) => constant),
  );
  for (const [index, comparison] of asked.entries()) {
    const value = instants[index] ?? null;
    if (value !== null) instantOf.set(comparison, toMicros(BigInt(value), timeColumn.unit));
  }
  return hullOf(predicate, (comparison) => instantOf.get(comparison) ?? null);
}

/** How many microseconds one unit is; nanoseconds the other way round. */
const MICROS_PER_UNIT = { s: 1_000_000n, ms: 1000n, us: 1n } as const;

function toMicros(value: bigint, unit: IntegerTimeUnit | undefined): bigint {
  if (unit === undefined) return value;
  return unit === 'ns' ? value / 1000n : value * MICROS_PER_UNIT[unit];
}

/** Those that can hold a row that passes. */
export async function keepMatching(
  connection: DuckDBConnection,
  dataset: ColdDataset,
  schema: ViewSchema,
  predicate: Predicate,
  segments: readonly SegmentRef[],
): Promise<readonly SegmentRef[]> {
  const plain = plainFilter(dataset, schema, predicate, (segment, column) =>
    boundsOf(segment, dataset, column, schema.get(column) ?? ''),
  );
  if (plain !== null) return segments.filter(plain);
  const columns = [...new Set(comparisonsIn(predicate).map(({ column }) => column))];
  const nullTests = testsIn(predicate).filter((test) => test.kind === 'null');
  const bounds = segments.map((segment, index) => ({
    segment: index,
    ...Object.fromEntries(
      columns.flatMap((column, at) => {
        const { min, max } = boundsOf(segment, dataset, column, schema.get(column) ?? '');
        return [
          [`min${String(at)}`, min],
          [`max${String(at)}`, max],
        ];
      }),
    ),
    ...Object.fromEntries(
      nullTests.map((test, at) => [`may${String(at)}`, String(mayHold(segment, test, schema))]),
    ),
  }));
  await createBounds(
    connection,
    [
      ...columns.flatMap((column, at) => {
        const type = schema.get(column) ?? '';
        return [
          { name: `min${String(at)}`, type },
          { name: `max${String(at)}`, type },
        ];
      }),
      ...nullTests.map((_, at) => ({ name: `may${String(at)}`, type: 'BOOLEAN' })),
    ],
    bounds,
  );
  try {
    const constants: Comparison['constant'][] = [];
    const condition = mayMatch(predicate, { columns, nullTests, constants });
    const template = `select segment from temp.${BOUNDS} where ${condition}`;
    const rows = await runTemplate(connection, template, constants);
    if (rows === null) return segments;
    const kept = new Set(rows.map(([segment]) => Number(segment)));
    return segments.filter((_segment, index) => kept.has(index));
  } finally {
    await connection.run(`drop table temp.${BOUNDS}`);
  }
}

const BOUNDS = quoteName('tierd segment bounds');

/** One row for each segment; a bound that the type can't take is null, which rules nothing out. */
async function createBounds(
  connection: DuckDBConnection,
  names: readonly { readonly name: string; readonly type: string }[],
  bounds: readonly Readonly<Record<string, number | string | null>>[],
): Promise<void> {
  const shape = {
    segment: 'INTEGER',
    ...Object.fromEntries(names.map(({ name }) => [name, 'VARCHAR'])),
  };
  const typed = names.map(({ name, type }) => `try_cast(${name} as ${type}) as ${name}`);
  await connection.run(
    `create temp table ${BOUNDS} as
     select ${['segment', ...typed].join(', ')}
     from (select unnest(from_json($1::json, $2), recursive := true))`,
    [JSON.stringify(bounds), JSON.stringify([shape])],
  );
}

function boundsOf(
  segment: SegmentRef,
  dataset: ColdDataset,
  column: string,
  type: string,
): { readonly min: string | null; readonly max: string | null } {
  if (column === dataset.timeColumn?.name) {
    const { unit } = dataset.timeColumn;
    return {
      min: timeText(segment.minTimeUs, type, unit, 0n),
      max: timeText(segment.maxTimeUs, type, unit, 999n),
    };
  }
  const held = segment.columns.find(({ name }) => name === column);
  // Numbers that the view shows as text are ordered otherwise than their bounds were, and the other way round.
  if (held === undefined || (held.duckdbType === 'VARCHAR') !== (type === 'VARCHAR')) {
    return UNKNOWN;
  }
  const { min, max } = ownValue(segment.statistics, nameInFile(held)) ?? UNKNOWN;
  return { min: readable(min, type), max: readable(max, type) };
}

const UNKNOWN = { min: null, max: null };

/**
 * The instant as text of the column's type.
 * @param beyondMicros nanoseconds that a bound in microseconds left out, at most
 */
function timeText(
  micros: bigint,
  type: string,
  unit: IntegerTimeUnit | undefined,
  beyondMicros: bigint,
): string {
  if (unit === 'ns') return String(micros * 1000n + beyondMicros);
  if (unit !== undefined) return String(micros / MICROS_PER_UNIT[unit]);
  const iso = isoTimestamp(micros).replace('T', ' ');
  if (type === 'DATE') return iso.slice(0, 10);
  return type === 'TIMESTAMP' ? iso : `${iso}+00`;
}

/** DuckDB reads PostgreSQL's `0044-03-15 BC` as the year 44 of our era: such a bound says nothing. */
function readable(text: string | null, type: string): string | null {
  const isTime = type === 'DATE' || type.startsWith('TIMESTAMP');
  return text !== null && isTime && text.endsWith('BC') ? null : text;
}

interface MatchNames {
  readonly columns: readonly string[];
  readonly nullTests: readonly NullTest[];
  /** Those of the condition, in the order of their places in it; filled. */
  readonly constants: Comparison['constant'][];
}

function mayMatch(predicate: Predicate, names: MatchNames): string {
  const { columns, nullTests, constants } = names;
  switch (predicate.kind) {
    case 'any':
      return 'true';
    case 'and':
    case 'or':
      return `(${predicate.of.map((part) => mayMatch(part, names)).join(` ${predicate.kind} `)})`;
    case 'null':
      return `may${String(nullTests.indexOf(predicate))}`;
    case 'compare': {
      const at = String(columns.indexOf(predicate.column));
      const constant = `"$${String(constants.push(predicate.constant) - 1)}"`;
      const bound = (name: string) => (predicate.asDate ? `${name}${at}::date` : `${name}${at}`);
      const upper = (operator: string) =>
        `coalesce(try(${bound('max')} ${operator} ${constant}), true)`;
      const lower = (operator: string) =>
        `coalesce(try(${bound('min')} ${operator} ${constant}), true)`;
      switch (predicate.operator) {
        case '=':
          return `(${lower('<=')} and ${upper('>=')})`;
        case '<':
        case '<=':
          return lower(predicate.operator);
        case '>':
        case '>=':
          return upper(predicate.operator);
      }
    }
  }
}
