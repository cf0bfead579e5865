/** What PostgreSQL calls a column of a result that nobody named (FigureColname in parse_target.c). */
import type { Node } from 'libpg-query';
import { namesIn } from './walk.ts';

export function columnName(node: Node): string {
  return figure(node)?.name ?? '?column?';
}

interface Figured {
  readonly name: string;
  /** A name of a type gives way to others. */
  readonly isWeak: boolean;
}

const strong = (name: string | undefined): Figured | null =>
  name === undefined ? null : { name, isWeak: false };

function figure(node: Node): Figured | null {
  if ('ColumnRef' in node) return strong(namesIn(node.ColumnRef.fields).at(-1));
  if ('FuncCall' in node) return strong(namesIn(node.FuncCall.funcname).at(-1));
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? strong('nullif') : null;
  if ('TypeCast' in node) {
    const { arg, typeName } = node.TypeCast;
    const found = arg === undefined ? null : figure(arg);
    if (found !== null && !found.isWeak) return found;
    const name = namesIn(typeName?.names).at(-1);
    return name === undefined ? found : { name, isWeak: true };
  }
  if ('CollateClause' in node) {
    return node.CollateClause.arg === undefined ? null : figure(node.CollateClause.arg);
  }
  if ('CaseExpr' in node) {
    const { defresult } = node.CaseExpr;
    const found = defresult === undefined ? null : figure(defresult);
    return found === null || found.isWeak ? { name: 'case', isWeak: true } : found;
  }
  if ('CoalesceExpr' in node) return strong('coalesce');
  if ('MinMaxExpr' in node) return strong(node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest');
  if ('A_ArrayExpr' in node) return strong('array');
  if ('RowExpr' in node) return strong('row');
  if ('SQLValueFunction' in node) {
    const { op = '' } = node.SQLValueFunction;
    return strong(op.replace('SVFOP_', '').replace(/_N$/, '').toLowerCase());
  }
  if ('SubLink' in node) {
    const { subLinkType, subselect } = node.SubLink;
    if (subLinkType === 'EXISTS_SUBLINK') return strong('exists');
    if (subLinkType !== 'EXPR_SUBLINK' || subselect === undefined) return null;
    const [target] = 'SelectStmt' in subselect ? (subselect.SelectStmt.targetList ?? []) : [];
    if (target === undefined || !('ResTarget' in target)) return null;
    const { name, val } = target.ResTarget;
    return name === undefined ? (val === undefined ? null : figure(val)) : strong(name);
  }
  return null;
}
