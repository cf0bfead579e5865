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

/** What is to be told of a query that compares such a column with a constant, in words. */
export function noteTextComparisons(
  statement: AstObject,
  chosen: readonly Pick<ChosenDataset, 'dataset'>[],
  hot: ReadonlyMap<string, HotTable>,
): readonly string[] {
  const compared = new Set<string>();
  visitObjects(statement, (node) => {
    for (const column of comparedColumns(node)) compared.add(column);
  });
  return chosen.flatMap(({ dataset: { name } }) =>
    textNumbers(hot.get(name))
      .filter((column) => compared.has(foldName(column)))
      .map(
        (column) =>
          `${column} of ${name} is a number that is held as text, and is compared as text: '9' > '500'. Write ${column}::decimal(38,10), or hold it as a number with columns: { ${column}: "decimal(38,10)" } under datasets.${name}`,
      ),
  );
}

function textNumbers(table: HotTable | undefined): readonly string[] {
  return (table?.columns ?? []).flatMap(({ name, held, postgresType }) =>
    held.kind === 'text' && postgresType.startsWith('numeric') ? [name] : [],
  );
}

/** The columns that this node sets beside a constant: `a > 1`, `a between 1 and 2`, `a in (1, 2)`. */
function comparedColumns(node: AstObject): readonly string[] {
  const { class: kind, type } = node;
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
  if (!sides.some((side) => side['class'] === 'CONSTANT')) return [];
  return sides.flatMap((side) => {
    const names = side['class'] === 'COLUMN_REF' ? side['column_names'] : undefined;
    const last = Array.isArray(names) ? (names as readonly AstValue[]).at(-1) : undefined;
    return typeof last === 'string' ? [foldName(last)] : [];
  });
}
