/**
 * A query goes by names. A column that was renamed is null in the segments of before, and a name that was given to another
 * column means the older one there. A condition by which rows go has to mean one column, in whatever segment (I13).
 */
import type { ColdColumn } from '../segments/cold-catalog.ts';
import { type AstObject, type AstValue, foldName, textIn, visitObjects } from '../sql/sql-ast.ts';

export interface ColumnsOfSegments {
  readonly columns: readonly ColdColumn[];
  /** One of them. */
  readonly key: string;
}

/**
 * @param table the columns as they are now
 * @param segments that may have a row of the time that is meant, oldest first
 * @returns what is to be told, and done; null where each name is one column
 */
export function findOtherColumn(
  expression: AstObject,
  dataset: string,
  table: readonly ColdColumn[],
  segments: readonly ColumnsOfSegments[],
): { readonly message: string; readonly hint: string } | null {
  const named = namesIn(expression);
  for (const name of named) {
    const meant = [table, ...segments.map(({ columns }) => columns).toReversed()]
      .map((columns) => columnCalled(columns, name)?.fieldId)
      .find((fieldId) => fieldId !== undefined);
    if (meant === undefined) continue;
    for (const { columns, key } of segments) {
      const own = columnCalled(columns, name);
      if (own?.fieldId !== undefined && own.fieldId !== meant) {
        return {
          message: `${name} of ${dataset} is another column in segments such as ${key}: its name was given anew`,
          hint: 'Leave that time out with --from and --to, or that column out of the condition.',
        };
      }
      const renamed = columns.find(({ fieldId }) => fieldId === meant);
      if (own !== undefined || renamed === undefined || named.has(foldName(renamed.name))) continue;
      return {
        message: `${name} of ${dataset} is called ${renamed.name} in segments such as ${key}, where it is null by its other name`,
        hint: `Name both, coalesce(${name}, ${renamed.name}) = …, or leave that time out with --from and --to.`,
      };
    }
  }
  return null;
}

const columnCalled = (columns: readonly ColdColumn[], name: string): ColdColumn | undefined =>
  columns.find((column) => foldName(column.name) === name);

function namesIn(expression: AstObject): ReadonlySet<string> {
  const names = new Set<string>();
  visitObjects(expression, (node) => {
    const path = node['class'] === 'COLUMN_REF' ? node['column_names'] : undefined;
    if (Array.isArray(path)) names.add(foldName(textIn((path as readonly AstValue[]).at(-1))));
  });
  return names;
}
