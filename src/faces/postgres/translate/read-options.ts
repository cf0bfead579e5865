/** Values in statements that are no questions: settings, options of COPY and EXPLAIN, modes of a transaction. */
import type { Node } from 'libpg-query';
import type { Options } from './statement-kinds.ts';

/** The text of a constant or a bare word, as SET takes it. */
export function plainValue(node: Node): string {
  if ('A_Const' in node) {
    const { ival, fval, sval, boolval, bsval } = node.A_Const;
    if (sval !== undefined) return sval.sval ?? '';
    if (fval !== undefined) return fval.fval ?? '0';
    if (boolval !== undefined) return String(boolval.boolval ?? false);
    if (bsval !== undefined) return bsval.bsval ?? '';
    return ival === undefined ? '' : String(ival.ival ?? 0);
  }
  if ('String' in node) return node.String.sval ?? '';
  if ('Integer' in node) return String(node.Integer.ival ?? 0);
  if ('Float' in node) return node.Float.fval ?? '0';
  if ('Boolean' in node) return String(node.Boolean.boolval ?? false);
  // SET TIME ZONE INTERVAL '…' is the one that comes here.
  if ('TypeCast' in node && node.TypeCast.arg !== undefined) return plainValue(node.TypeCast.arg);
  return '';
}

export function readOptions(nodes: readonly Node[] = []): Options {
  return new Map(
    nodes.flatMap((node) => {
      if (!('DefElem' in node)) return [];
      const { defname = '', arg } = node.DefElem;
      return [[defname.toLowerCase(), arg === undefined ? 'true' : valueOf(arg)] as const];
    }),
  );
}

function valueOf(node: Node): string | readonly string[] {
  if ('List' in node) return (node.List.items ?? []).map(plainValue);
  return 'A_Star' in node ? '*' : plainValue(node);
}
