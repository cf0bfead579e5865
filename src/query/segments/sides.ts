/** Which side of each dataset a query names: `hot.ticks`, `cold.ticks`, or both by `ticks`; `live.ticks` is a source's name. */

import { type AstObject, type AstValue, foldName, textIn, visitObjects } from '../sql/sql-ast.ts';
import { reachesUnnamed } from './prune.ts';

export interface Sides {
  /** Tables are reached in a way that the tree does not tell: by a function. */
  readonly opaque: boolean;
  /** By the folded name of a table, whatever it is. */
  readonly named: ReadonlyMap<string, NamedSides>;
}

export interface NamedSides {
  /** Needed, by itself or as a part of both. */
  readonly hot: boolean;
  readonly cold: boolean;
  /** By the dataset's name alone. */
  readonly both: boolean;
  /** As `hot.<name>`. */
  readonly hotAlone: boolean;
  /** As `cold.<name>`. */
  readonly coldAlone: boolean;
  /** As `live.<name>`, for its rows or to be described; null where it is not. */
  readonly live: 'rows' | 'columns' | null;
}

const SIDES: ReadonlySet<string> = new Set(['hot', 'cold', 'live']);
const UNNAMED: NamedSides = {
  hot: false,
  cold: false,
  both: false,
  hotAlone: false,
  coldAlone: false,
  live: null,
};

/** More than there is does no harm: a common table expression of a dataset's name counts as both. */
export function findSides(ast: AstValue): Sides {
  const named = new Map<string, NamedSides>();
  const described = describedTables(ast);
  visitObjects(ast, (node) => {
    const table = foldName(textIn(node['table_name']).replaceAll('"', ''));
    if (table === '') return;
    const schema = foldName(textIn(node['schema_name']));
    const known = named.get(table) ?? UNNAMED;
    const isLive = schema === 'live';
    named.set(table, {
      hot: known.hot || (schema !== 'cold' && !isLive),
      cold: known.cold || (schema !== 'hot' && !isLive),
      both: known.both || !SIDES.has(schema),
      hotAlone: known.hotAlone || schema === 'hot',
      coldAlone: known.coldAlone || schema === 'cold',
      live:
        isLive && known.live !== 'rows' ? (described.has(node) ? 'columns' : 'rows') : known.live,
    });
  });
  return { opaque: reachesUnnamed(ast), named };
}

/** Tables that are named to be described alone: no row of them is read. */
function describedTables(ast: AstValue): ReadonlySet<AstObject> {
  const described = new Set<AstObject>();
  visitObjects(ast, (node) => {
    if (node['type'] !== 'SHOW_REF' || node['show_type'] === 'SUMMARY') return;
    visitObjects(node['query'] ?? null, (inner) => described.add(inner));
  });
  return described;
}
