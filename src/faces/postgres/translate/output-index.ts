import type { Node } from 'libpg-query';
import { SqlRefusal } from './sql-refusal.ts';
import { namesIn } from './walk.ts';

/** The output column that a bare name or number in ORDER BY means; null for an expression. */
export function outputIndex(
  node: Node,
  columns: readonly { readonly name: string }[],
): number | null {
  if ('A_Const' in node && node.A_Const.ival !== undefined) {
    const position = node.A_Const.ival.ival ?? 0;
    if (position < 1 || position > columns.length) {
      throw new SqlRefusal('42P10', `ORDER BY position ${String(position)} is not in select list`, {
        location: node.A_Const.location,
      });
    }
    return position - 1;
  }
  if (!('ColumnRef' in node)) return null;
  const [name, more] = namesIn(node.ColumnRef.fields);
  if (name === undefined || more !== undefined) return null;
  const found = columns.flatMap((column, index) => (column.name === name ? [index] : []));
  if (found.length > 1) {
    throw new SqlRefusal('42702', `ORDER BY "${name}" is ambiguous`, {
      location: node.ColumnRef.location,
    });
  }
  return found[0] ?? null;
}
