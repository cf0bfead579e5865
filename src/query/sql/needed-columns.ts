/** Which columns of a dataset a query can need, read from its parse tree: rather too many. */
import { type AstObject, type AstValue, foldName, isObject, textIn } from './sql-ast.ts';

/**
 * Every column whose name stands anywhere in the query, as a name or in a text. All of them where the
 * query takes columns without naming them: `*`, a natural join, new names for columns, a whole row, a pivot, a table's description.
 */
export function neededColumns(
  ast: AstValue,
  dataset: string,
  columns: readonly string[],
): readonly string[] {
  const seen = new Set<string>();
  const rowNames = new Set([foldName(dataset)]);
  /** Names that stand alone, as that of a whole row does. */
  const bare = new Set<string>();
  const unnamed: AstObject[] = [];
  const visit = (value: AstValue | undefined): void => {
    if (typeof value === 'string') seen.add(foldName(value));
    else if (Array.isArray(value)) for (const item of value as readonly AstValue[]) visit(item);
    else if (isObject(value)) {
      if (takesUnnamed(value)) unnamed.push(value);
      if (textIn(value['table_name']) !== '') rowNames.add(foldName(textIn(value['alias'])));
      const path = value['class'] === 'COLUMN_REF' ? value['column_names'] : undefined;
      if (Array.isArray(path) && path.length === 1) {
        bare.add(foldName(textIn((path as readonly AstValue[])[0])));
      }
      for (const member of Object.values(value)) visit(member);
    }
  };
  visit(ast);
  if (unnamed.length > 0 || [...bare].some((one) => rowNames.has(one))) return columns;
  return columns.filter((column) => seen.has(foldName(column)));
}

function takesUnnamed(node: AstObject): boolean {
  const renamed = node['column_name_alias'];
  return (
    node['class'] === 'STAR' ||
    node['type'] === 'PIVOT' ||
    node['type'] === 'SHOW_REF' ||
    node['ref_type'] === 'NATURAL' ||
    node['ref_type'] === 'POSITIONAL' ||
    (Array.isArray(renamed) && renamed.length > 0)
  );
}
