/** What names mean in a SELECT that reads one dataset alone. */
import {
  type AstObject,
  type AstValue,
  foldName,
  formatAst,
  isObject,
  objectsIn,
  textIn,
} from '../sql/sql-ast.ts';

export interface SelectNames {
  /** The column's own spelling; null where the expression is no column of the dataset. */
  columnOf(expression: AstValue | undefined): string | null;
  /** Whether a bare name is new in the SELECT list, and no column's. */
  isAlias(expression: AstObject): boolean;
  /** Whether a name in it, where ORDER BY looks first, is new for something else than that column. */
  mayMeanAlias(expression: AstValue | undefined): boolean;
  /** Equal for expressions that say the same of the dataset's columns. */
  meaningOf(expression: AstObject): string;
}

export function namesIn(select: AstObject, columns: Iterable<string>): SelectNames {
  const own = new Map([...columns].map((name) => [foldName(name), name]));
  const from = select['from_table'];
  const table = isObject(from) ? textIn(from['alias']) || textIn(from['table_name']) : '';
  const aliases = new Set(
    objectsIn(select['select_list']).map((item) => foldName(textIn(item['alias']))),
  );
  aliases.delete('');
  const columnOf = (expression: AstValue | undefined): string | null => {
    const [first = '', second, ...more] = pathOf(expression).map(foldName);
    if (more.length > 0) return null;
    if (second === undefined) return own.get(first) ?? null;
    return first === foldName(table) ? (own.get(second) ?? null) : null;
  };
  const list = objectsIn(select['select_list']);
  const renamed = new Set(list.flatMap(newNamesIn));
  const isHidden = (name: string): boolean =>
    renamed.has(name) ||
    list.some(
      (item) => foldName(textIn(item['alias'])) === name && foldName(columnOf(item) ?? '') !== name,
    );
  const mayMeanAlias = (value: AstValue | undefined): boolean => {
    if (Array.isArray(value)) return (value as readonly AstValue[]).some(mayMeanAlias);
    if (!isObject(value)) return false;
    const [name = '', ...more] = pathOf(value).map(foldName);
    if (more.length === 0 && own.has(name) && isHidden(name)) return true;
    return Object.values(value).some(mayMeanAlias);
  };
  const strip = (value: AstValue): AstValue => {
    if (Array.isArray(value)) return (value as readonly AstValue[]).map(strip);
    if (!isObject(value)) return value;
    const column = columnOf(value);
    if (column !== null) return { column };
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, member]) =>
        member === undefined || key === 'alias' || key === 'query_location'
          ? []
          : [[key, strip(member)]],
      ),
    );
  };
  return {
    columnOf,
    isAlias(expression) {
      const path = pathOf(expression);
      const name = foldName(path[0] ?? '');
      return path.length === 1 && aliases.has(name) && !own.has(name);
    },
    mayMeanAlias,
    meaningOf: (expression) => formatAst(strip(expression)),
  };
}

/** `* replace (a as b)` and `* rename (a as b)` make a new b. */
function newNamesIn(item: AstObject): readonly string[] {
  if (item['class'] !== 'STAR') return [];
  return [
    ...objectsIn(item['replace_list']).map(({ key }) => foldName(textIn(key))),
    ...objectsIn(item['rename_list']).map(({ value }) => foldName(textIn(value))),
  ];
}

/** The parts of a column's name; none where the expression is something else. */
function pathOf(expression: AstValue | undefined): readonly string[] {
  if (!isObject(expression) || expression['class'] !== 'COLUMN_REF') return [];
  const names = expression['column_names'];
  return Array.isArray(names) ? (names as readonly AstValue[]).map(textIn) : [];
}
