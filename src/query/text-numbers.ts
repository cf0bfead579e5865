/**
 * Numbers that are held as text because no decimal holds all of them (numeric without a scale,
 * numeric(65,30)): among texts '9' comes after '500', and nothing fails.
 */
import type { ChosenDataset } from './choose-datasets.ts';
import {
  type AstObject,
  type AstValue,
  foldName,
  isObject,
  objectsIn,
  textIn,
  visitObjects,
} from './sql/sql-ast.ts';
import type { HotTable } from './stores.ts';

/** What is to be told of a query that compares such a column, or goes by its order, in words. */
export function noteTextComparisons(
  statement: AstObject,
  chosen: readonly Pick<ChosenDataset, 'dataset'>[],
  hot: ReadonlyMap<string, Pick<HotTable, 'columns'>>,
): readonly string[] {
  const compared = new Set<string>();
  const renamed = renamedIn(statement);
  visitObjects(statement, (node) => {
    for (const column of comparedColumns(node, renamed)) compared.add(column);
  });
  addWhatIsMeant(compared, aliasesIn(statement));
  return chosen.flatMap(({ dataset: { name } }) =>
    textNumbers(hot.get(name))
      .filter((column) => compared.has(foldName(column)))
      .map(
        (column) =>
          `${column} of ${name} is a number that is held as text, and is compared as text: '9' > '500'. Write ${column}::decimal(38,10), or hold it as a number with columns: { ${column}: "decimal(38,10)" } under datasets.${name}`,
      ),
  );
}

function textNumbers(table: Pick<HotTable, 'columns'> | undefined): readonly string[] {
  return (table?.columns ?? []).flatMap(({ name, held, postgresType }) =>
    held.kind === 'text' && postgresType.startsWith('numeric') ? [name] : [],
  );
}

/** Those that order what they are given, and give one of it. */
const ORDERING = new Set(['min', 'max', 'greatest', 'least', 'median', 'quantile_disc']);
/** Those that look for the least or greatest of their second argument. */
const ORDERING_BY = new Set(['arg_min', 'arg_max', 'min_by', 'max_by', 'argmin', 'argmax']);
const ORDERS = new Set(['ASCENDING', 'DESCENDING', 'ORDER_DEFAULT']);

/** The columns whose order this node asks for: `a > 1`, `a in (1, 2)`, `a < b`, `max(a)`, `order by a`. */
function comparedColumns(node: AstObject, renamed: ReadonlySet<string>): readonly string[] {
  const { class: kind, type } = node;
  if (kind === 'FUNCTION') {
    const name = foldName(textIn(node['function_name']));
    const given = objectsIn(node['children']);
    if (ORDERING.has(name)) return columnsOf(given);
    return ORDERING_BY.has(name) ? columnsOf(given.slice(1)) : [];
  }
  if (ORDERS.has(textIn(type)) && isObject(node['expression'])) {
    return columnsOf([node['expression']]).filter((column) => !renamed.has(column));
  }
  const isIn = kind === 'OPERATOR' && /^COMPARE_(NOT_)?IN$/.test(textIn(type));
  const operands =
    kind === 'COMPARISON'
      ? [node['left'], node['right']]
      : kind === 'BETWEEN'
        ? [node['input'], node['lower'], node['upper']]
        : isIn
          ? objectsIn(node['children'])
          : [];
  const sides = operands.filter(isObject);
  const hasConstant = sides.some((side) => side['class'] === 'CONSTANT');
  // Two columns are equal as numbers where their texts are, but for trailing zeros.
  const isOrder = kind === 'BETWEEN' || /^COMPARE_(LESS|GREATER)/.test(textIn(type));
  return hasConstant || isOrder ? columnsOf(sides) : [];
}

function columnsOf(nodes: readonly AstObject[]): readonly string[] {
  return nodes.flatMap((node) => {
    const names = node['class'] === 'COLUMN_REF' ? node['column_names'] : undefined;
    const last = Array.isArray(names) ? (names as readonly AstValue[]).at(-1) : undefined;
    return typeof last === 'string' ? [foldName(last)] : [];
  });
}

/** By a name that some SELECT gives to a column: the columns that have it. */
function aliasesIn(statement: AstObject): ReadonlyMap<string, readonly string[]> {
  const aliases = new Map<string, readonly string[]>();
  visitObjects(statement, (node) => {
    for (const item of objectsIn(node['select_list'])) {
      const alias = foldName(textIn(item['alias']));
      if (alias !== '') aliases.set(alias, [...(aliases.get(alias) ?? []), ...columnsOf([item])]);
    }
  });
  return aliases;
}

/** `with c as (select amount as a …) … where a > '500'` compares `amount`, through however many names. */
function addWhatIsMeant(names: Set<string>, aliases: ReadonlyMap<string, readonly string[]>): void {
  // What is added meanwhile is visited as well.
  for (const name of names) for (const column of aliases.get(name) ?? []) names.add(column);
}

/** Names that some SELECT of the statement gives to what is no column: ORDER BY may mean either. */
function renamedIn(statement: AstObject): ReadonlySet<string> {
  const renamed = new Set<string>();
  visitObjects(statement, (node) => {
    for (const item of objectsIn(node['select_list'])) {
      const alias = foldName(textIn(item['alias']));
      if (alias !== '' && columnsOf([item]).length === 0) renamed.add(alias);
    }
  });
  return renamed;
}
