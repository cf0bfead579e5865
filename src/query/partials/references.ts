/** Where a query names a dataset, and whether that is the FROM of a SELECT of its own. */
import {
  type AstObject,
  type AstValue,
  foldName,
  isObject,
  objectsIn,
  textIn,
  visitObjects,
} from '../sql/sql-ast.ts';

export interface Reference {
  /** The SELECT that reads the dataset and nothing else; null where it is named in another way. */
  readonly select: AstObject | null;
  readonly side: 'both' | 'hot' | 'cold';
}

/** Null where a name may mean something else than the dataset: a common table expression is called so. */
export function findReferences(statement: AstValue, dataset: string): readonly Reference[] | null {
  const name = foldName(dataset);
  const found: Reference[] = [];
  const hiders: AstObject[] = [];
  const taken = new Set<AstObject>();
  visitObjects(statement, (node) => {
    if (namesCommonTable(node, name)) hiders.push(node);
    const from = node['type'] === 'SELECT_NODE' ? node['from_table'] : undefined;
    if (isObject(from) && isNamed(from, name) && isPlainTable(from)) {
      taken.add(from);
      found.push({ select: isObject(node['sample']) ? null : node, side: sideOf(from) });
    }
    if (isNamed(node, name) && !taken.has(node)) {
      found.push({ select: null, side: sideOf(node) });
    }
  });
  return hiders.length > 0 ? null : found;
}

function namesCommonTable({ cte_map: commonTables }: AstObject, name: string): boolean {
  if (!isObject(commonTables)) return false;
  return objectsIn(commonTables['map']).some((entry) => foldName(textIn(entry['key'])) === name);
}

function isNamed(value: AstObject, name: string): boolean {
  return foldName(textIn(value['table_name']).replaceAll('"', '')) === name;
}

function isPlainTable(from: AstObject): boolean {
  const renamed = from['column_name_alias'];
  return (
    from['type'] === 'BASE_TABLE' &&
    textIn(from['catalog_name']) === '' &&
    ['', 'main', 'hot', 'cold'].includes(foldName(textIn(from['schema_name']))) &&
    !isObject(from['sample']) &&
    !isObject(from['at_clause']) &&
    !(Array.isArray(renamed) && renamed.length > 0)
  );
}

function sideOf(from: AstObject): Reference['side'] {
  const schema = foldName(textIn(from['schema_name']));
  return schema === 'hot' || schema === 'cold' ? schema : 'both';
}
