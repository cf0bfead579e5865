/**
 * Which rows of each dataset a query can need, read from its parse tree. Sound before clever: what
 * is not understood does not prune. Nothing here looks at segments; see `segment-filter.ts`.
 *
 * A WHERE clause prunes the tables of its own FROM, when these are joined by inner, cross and left
 * joins only. On the nullable side of a left join that holds too: every comparison is false for
 * null, so a row that pruning turned into nulls is rejected by the very comparison that pruned. `is null` is not,
 * and prunes a table alone.
 */
import { isConstant, isTextLiteral } from '../sql/constant-expression.ts';
import { ANY, allOf, type ComparisonOperator, oneOf, type Predicate } from '../sql/predicate.ts';
import {
  type AstObject,
  type AstValue,
  foldName,
  isObject,
  objectsIn,
  textIn,
} from '../sql/sql-ast.ts';

/** What pruning has to know of a dataset. */
export interface PrunableDataset {
  readonly name: string;
  /** DuckDB's types of the columns, by name. */
  readonly columns: ReadonlyMap<string, string>;
}

export interface QueryNeeds {
  /** For each dataset that the query names: what it needs of it. */
  readonly datasets: ReadonlyMap<string, Predicate>;
  /** The query reaches tables in a way that its parse tree does not tell: give it everything. */
  readonly opaque: boolean;
}

/** @param ast what `parseAst` made of `json_serialize_sql` of one SELECT statement */
export function findNeeds(ast: AstValue, datasets: readonly PrunableDataset[]): QueryNeeds {
  const search = new Search(datasets);
  search.visit(ast, new Set());
  const needs = new Map<string, Predicate>();
  for (const [name, predicates] of search.found) needs.set(name, oneOf(predicates));
  return { datasets: needs, opaque: search.opaque };
}

/** Whether the query reaches tables in a way that its parse tree does not tell. */
export function reachesUnnamed(ast: AstValue): boolean {
  return findNeeds(ast, []).opaque;
}

/** Table functions that reach no table by name. */
const HARMLESS_TABLE_FUNCTIONS = new Set(['range', 'generate_series', 'unnest', 'repeat']);

class Search {
  readonly found = new Map<string, Predicate[]>();
  opaque = false;
  readonly #datasets: ReadonlyMap<string, PrunableDataset>;
  readonly #done = new Set<AstObject>();

  constructor(datasets: readonly PrunableDataset[]) {
    this.#datasets = new Map(datasets.map((dataset) => [foldName(dataset.name), dataset]));
  }

  /** @param shadowed names that are common table expressions here */
  visit(value: AstValue | undefined, shadowed: ReadonlySet<string>): void {
    if (Array.isArray(value)) {
      for (const item of value as readonly AstValue[]) this.visit(item, shadowed);
      return;
    }
    if (!isObject(value)) return;
    const inner = this.#visitCommonTables(value, shadowed);
    if (value['type'] === 'SELECT_NODE') this.#readSelect(value, inner);
    if (value['type'] === 'TABLE_FUNCTION') this.#readTableFunction(value);
    const dataset = this.#datasetOf(value, inner);
    if (dataset !== null && !this.#done.has(value)) this.#add(dataset, ANY);
    for (const [key, member] of Object.entries(value)) {
      if (key !== 'cte_map') this.visit(member, inner);
    }
  }

  /** Each one is seen by those after it and by the node, but not by itself. */
  #visitCommonTables(node: AstObject, shadowed: ReadonlySet<string>): ReadonlySet<string> {
    if (!isObject(node['cte_map'])) return shadowed;
    const inner = new Set(shadowed);
    for (const entry of objectsIn(node['cte_map']['map'])) {
      this.visit(entry['value'], new Set(inner));
      inner.add(foldName(textIn(entry['key'])));
    }
    return inner;
  }

  #readSelect(node: AstObject, shadowed: ReadonlySet<string>): void {
    // A sample is taken before the WHERE clause, so of other rows when there are fewer.
    const leaves = isObject(node['sample']) ? null : leavesOf(node['from_table']);
    if (leaves === null) return;
    for (const leaf of leaves) {
      const dataset = this.#datasetOf(leaf, shadowed);
      if (dataset === null || !isPlainTable(leaf)) continue;
      const names = visibleNames(dataset, leaf, leaves, aliasesOf(node));
      this.#done.add(leaf);
      this.#add(dataset, readPredicate(node['where_clause'], names));
    }
  }

  #readTableFunction(value: AstObject): void {
    const call = value['function'];
    const name = isObject(call) ? foldName(textIn(call['function_name'])) : '';
    if (!HARMLESS_TABLE_FUNCTIONS.has(name)) this.opaque = true;
  }

  #datasetOf(value: AstObject, shadowed: ReadonlySet<string>): PrunableDataset | null {
    const name = foldName(textIn(value['table_name']).replaceAll('"', ''));
    const qualified = textIn(value['schema_name']) !== '' || textIn(value['catalog_name']) !== '';
    if (!qualified && shadowed.has(name)) return null;
    if (foldName(textIn(value['schema_name'])) === 'live') return null;
    return this.#datasets.get(name) ?? null;
  }

  #add(dataset: PrunableDataset, predicate: Predicate): void {
    this.found.set(dataset.name, [...(this.found.get(dataset.name) ?? []), predicate]);
  }
}

/** The tables of a FROM clause, or null when they are joined in a way that forbids pruning. */
function leavesOf(from: AstValue | undefined): readonly AstObject[] | null {
  if (!isObject(from)) return [];
  if (from['type'] !== 'JOIN') return [from];
  const join = textIn(from['join_type']);
  const reference = textIn(from['ref_type']);
  const plain =
    (join === 'INNER' || join === 'LEFT') &&
    (reference === 'REGULAR' || reference === 'CROSS' || reference === 'NATURAL');
  const left = leavesOf(from['left']);
  const right = leavesOf(from['right']);
  return plain && left !== null && right !== null ? [...left, ...right] : null;
}

function isPlainTable(leaf: AstObject): boolean {
  const renamed = leaf['column_name_alias'];
  return (
    leaf['type'] === 'BASE_TABLE' &&
    !isObject(leaf['sample']) &&
    !isObject(leaf['at_clause']) &&
    !(Array.isArray(renamed) && renamed.length > 0)
  );
}

/** Whether names in a WHERE clause are columns of the dataset that is looked at. */
interface Names {
  /** The column's own spelling and its type, null when the name is not surely this dataset's. */
  resolve(path: readonly string[]): { readonly name: string; readonly type: string } | null;
  /** See `isConstant`. */
  readonly isColumn: ((name: string) => boolean) | null;
  /** No join makes rows of nulls. */
  readonly isAlone: boolean;
}

function visibleNames(
  dataset: PrunableDataset,
  leaf: AstObject,
  leaves: readonly AstObject[],
  selectAliases: ReadonlySet<string>,
): Names {
  const columns = new Map(
    [...dataset.columns].map(([name, type]) => [foldName(name), { name, type }]),
  );
  const alias = aliasOf(leaf);
  const only = leaves.length === 1;
  const ambiguous = leaves.filter((other) => aliasOf(other) === alias).length > 1;
  return {
    isAlone: only,
    isColumn: only ? (name) => columns.has(name) || selectAliases.has(name) : null,
    resolve(path) {
      const [first = '', second] = path.map(foldName);
      if (path.length === 1 && only && !selectAliases.has(first)) return columns.get(first) ?? null;
      if (path.length === 2 && first === alias && !ambiguous)
        return columns.get(second ?? '') ?? null;
      return null;
    },
  };
}

function aliasOf(leaf: AstObject): string {
  const alias = textIn(leaf['alias']);
  return foldName(alias === '' ? textIn(leaf['table_name']) : alias);
}

/** New names in the SELECT list: a WHERE clause may mean them. */
function aliasesOf(node: AstObject): ReadonlySet<string> {
  const aliases = objectsIn(node['select_list']).map((item) => foldName(textIn(item['alias'])));
  return new Set(aliases.filter((alias) => alias !== ''));
}

function readPredicate(expression: AstValue | undefined, names: Names): Predicate {
  if (!isObject(expression)) return ANY;
  const children = objectsIn(expression['children']);
  switch (expression['type']) {
    case 'CONJUNCTION_AND':
      return allOf(children.map((child) => readPredicate(child, names)));
    case 'CONJUNCTION_OR':
      return oneOf(children.map((child) => readPredicate(child, names)));
    case 'COMPARE_BETWEEN':
      return allOf([
        compare(expression['input'], '>=', expression['lower'], names),
        compare(expression['input'], '<=', expression['upper'], names),
      ]);
    case 'COMPARE_IN': {
      const [subject, ...choices] = children;
      return oneOf(choices.map((choice) => compare(subject, '=', choice, names)));
    }
    case 'OPERATOR_IS_NULL':
    case 'OPERATOR_IS_NOT_NULL': {
      const isNull = expression['type'] === 'OPERATOR_IS_NULL';
      const column = children.length === 1 ? columnIn(children[0], names) : null;
      if (column === null || (isNull && !names.isAlone)) return ANY;
      return { kind: 'null', column: column.name, isNull };
    }
    default: {
      const operator = COMPARISONS.get(textIn(expression['type']));
      if (expression['class'] !== 'COMPARISON' || operator === undefined) return ANY;
      const { left, right } = expression;
      const direct = compare(left, operator, right, names);
      return direct.kind === 'any' ? compare(right, MIRRORED[operator], left, names) : direct;
    }
  }
}

const COMPARISONS = new Map<string, ComparisonOperator>([
  ['COMPARE_EQUAL', '='],
  ['COMPARE_LESSTHAN', '<'],
  ['COMPARE_LESSTHANOREQUALTO', '<='],
  ['COMPARE_GREATERTHAN', '>'],
  ['COMPARE_GREATERTHANOREQUALTO', '>='],
]);

const MIRRORED = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function compare(
  subject: AstValue | undefined,
  operator: ComparisonOperator,
  constant: AstValue | undefined,
  names: Names,
): Predicate {
  if (!isObject(subject) || !isConstant(constant, names.isColumn)) return ANY;
  const asDate = isCastToDate(subject);
  const column = columnIn(asDate ? subject['child'] : subject, names);
  if (column === null || !isOrdered(column.type, asDate)) return ANY;
  if (column.type === 'VARCHAR' && !isTextLiteral(constant)) return ANY;
  return { kind: 'compare', column: column.name, asDate, operator, constant };
}

function columnIn(reference: AstValue | undefined, names: Names): ReturnType<Names['resolve']> {
  if (!isObject(reference) || reference['class'] !== 'COLUMN_REF') return null;
  const path = reference['column_names'];
  return Array.isArray(path) ? names.resolve((path as readonly AstValue[]).map(textIn)) : null;
}

function isCastToDate(expression: AstObject): boolean {
  return (
    expression['class'] === 'CAST' &&
    expression['try_cast'] !== true &&
    isObject(expression['cast_type']) &&
    expression['cast_type']['id'] === 'DATE'
  );
}

/**
 * Types whose smallest and largest value bound all others in the order that DuckDB compares by.
 * Floating point is not among them: whoever wrote the bounds may have left NaN out.
 */
function isOrdered(type: string, asDate: boolean): boolean {
  if (asDate) return TIMES.has(type);
  return (
    TIMES.has(type) || EXACT_NUMBERS.has(type) || type.startsWith('DECIMAL(') || type === 'VARCHAR'
  );
}

const TIMES = new Set(['DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE']);
const EXACT_NUMBERS = new Set(['SMALLINT', 'INTEGER', 'BIGINT', 'UINTEGER']);
