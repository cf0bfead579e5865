/** Through a tree of the parser. */
import type { Node } from 'libpg-query';

/** Fields whose value is a node that doesn't say its kind. */
const BARE: Readonly<Record<string, string>> = {
  larg: 'SelectStmt',
  rarg: 'SelectStmt',
  relation: 'RangeVar',
  lockedRels: 'RangeVar',
  typeName: 'TypeName',
  intoClause: 'IntoClause',
  withClause: 'WithClause',
  alias: 'Alias',
  over: 'WindowDef',
};

/** Visits each node with its kind, the outer before the inner. */
export function walk(tree: object, visit: (kind: string, node: object) => void): void {
  for (const [field, value] of Object.entries(tree) as [string, unknown][]) {
    if (typeof value !== 'object' || value === null) continue;
    const kind = BARE[field] ?? (/^[A-Z]/.test(field) ? field : null);
    if (kind !== null && !Array.isArray(value)) visit(kind, value);
    walk(value, visit);
  }
}

/** The parts of a qualified name. */
export function namesIn(nodes: readonly Node[] = []): readonly string[] {
  return nodes.flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []));
}
