/** At which snapshot a question is to be read that comes through a foreign table. */
import type { A_Expr, Node, SelectStmt } from 'libpg-query';
import { AS_OF } from '../../../domain/attached.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import { namesIn, walk } from './walk.ts';

/** As pg_export_snapshot() names them. */
const SNAPSHOT = /^[0-9A-F]{8}-[0-9A-F]{8}-[0-9]{1,10}$/;

/**
 * The snapshot that a question compares `tierd_as_of` with; null where it names none.
 *
 * @param values of its parameters
 * @throws SqlRefusal 22023 for what names no snapshot, 0A000 for several in one question
 */
export function instantIn(tree: SelectStmt, values: readonly (string | null)[]): string | null {
  const found = new Set<string | null>();
  walk(tree, (kind, node) => {
    if (kind !== 'A_Expr') return;
    const { kind: form, name, lexpr, rexpr } = node as A_Expr;
    if (form !== 'AEXPR_OP' || namesIn(name).at(-1) !== '=') return;
    if (isAsOf(lexpr)) found.add(valueOf(rexpr, values));
    else if (isAsOf(rexpr)) found.add(valueOf(lexpr, values));
  });
  const [instant = null, another] = found;
  if (another !== undefined) throw unsupported('a question that reads at several snapshots');
  if (instant === null) return null;
  if (SNAPSHOT.test(instant)) return instant;
  throw new SqlRefusal('22023', `invalid snapshot identifier: "${instant}"`, {
    hint: 'The function tierd_as_of() of the schema that `tierd attach` makes gives one.',
  });
}

function isAsOf(node: Node | undefined): boolean {
  if (node === undefined) return false;
  if ('TypeCast' in node) return isAsOf(node.TypeCast.arg);
  return 'ColumnRef' in node && namesIn(node.ColumnRef.fields).at(-1) === AS_OF;
}

/** Null for what is known only when it is worked out: then nothing equals it. */
function valueOf(node: Node | undefined, values: readonly (string | null)[]): string | null {
  if (node === undefined) return null;
  if ('TypeCast' in node) return valueOf(node.TypeCast.arg, values);
  if ('ParamRef' in node) return values[(node.ParamRef.number ?? 0) - 1] ?? null;
  return 'A_Const' in node ? (node.A_Const.sval?.sval ?? null) : null;
}
