/** A question that asks for nothing but what stands in it, as `select 1`: pools of connections ask so all the time. */
import type { Node, SelectStmt } from 'libpg-query';
import { namesIn } from './walk.ts';

export interface ConstantColumn {
  readonly name: string;
  readonly type: 'text' | 'integer' | 'void';
  readonly value: string | number | null;
}

/** What else a node of such a question says. */
const OTHER_FIELDS: ReadonlySet<string> = new Set(['targetList', 'limitOption', 'op']);

/** Its one row; null of any other question. */
export function constantRow(tree: SelectStmt): readonly ConstantColumn[] | null {
  const { targetList = [] } = tree;
  if (!Object.keys(tree).every((field) => OTHER_FIELDS.has(field))) return null;
  const columns = targetList.map(constantOf);
  return columns.length > 0 && columns.every((column) => column !== null) ? columns : null;
}

function constantOf(target: Node): ConstantColumn | null {
  if (!('ResTarget' in target)) return null;
  const { name = '?column?', val, indirection } = target.ResTarget;
  if (val === undefined || indirection !== undefined) return null;
  if (isUnlockAll(val)) {
    return { name: target.ResTarget.name ?? UNLOCK_ALL, type: 'void', value: '' };
  }
  if (!('A_Const' in val)) return null;
  const { ival, sval, isnull } = val.A_Const;
  // The parser leaves a zero out.
  if (ival !== undefined) return { name, type: 'integer', value: ival.ival ?? 0 };
  if (sval !== undefined) return { name, type: 'text', value: sval.sval ?? '' };
  return isnull === true ? { name, type: 'text', value: null } : null;
}

/** A session holds no advisory lock here, so that it has none to give back: drivers ask so before they lend it again. */
const UNLOCK_ALL = 'pg_advisory_unlock_all';

function isUnlockAll(val: Node): boolean {
  if (!('FuncCall' in val)) return false;
  const [name, schema = 'pg_catalog'] = namesIn(val.FuncCall.funcname).toReversed();
  return name === UNLOCK_ALL && schema === 'pg_catalog' && (val.FuncCall.args ?? []).length === 0;
}
