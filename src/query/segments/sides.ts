/** Which side of each dataset a query names: `hot.ticks`, `cold.ticks`, or both by `ticks`. */

import { type AstValue, foldName, textIn, visitObjects } from '../sql/sql-ast.ts';
import { reachesUnnamed } from './prune.ts';

export interface Sides {
  /** Tables are reached in a way that the tree does not tell: by a function. */
  readonly opaque: boolean;
  /** By the folded name of a table, whatever it is. */
  readonly named: ReadonlyMap<string, { readonly hot: boolean; readonly cold: boolean }>;
}

/** More than there is does no harm: a common table expression of a dataset's name counts as both. */
export function findSides(ast: AstValue): Sides {
  const named = new Map<string, { hot: boolean; cold: boolean }>();
  visitObjects(ast, (node) => {
    const table = foldName(textIn(node['table_name']).replaceAll('"', ''));
    if (table === '') return;
    const schema = foldName(textIn(node['schema_name']));
    const known = named.get(table) ?? { hot: false, cold: false };
    named.set(table, { hot: known.hot || schema !== 'cold', cold: known.cold || schema !== 'hot' });
  });
  return { opaque: reachesUnnamed(ast), named };
}
