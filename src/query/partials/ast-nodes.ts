/** Pieces of a parse tree, as DuckDB's own look. */
import type { AstObject } from '../sql/sql-ast.ts';

export function columnNode(...path: readonly string[]): AstObject {
  return { class: 'COLUMN_REF', type: 'COLUMN_REF', alias: '', column_names: path };
}

export function callNode(
  name: string,
  children: readonly AstObject[],
  more: AstObject = {},
): AstObject {
  return {
    class: 'FUNCTION',
    type: 'FUNCTION',
    alias: '',
    function_name: name,
    schema: '',
    children,
    order_bys: { type: 'ORDER_MODIFIER', orders: [] },
    distinct: false,
    is_operator: false,
    export_state: false,
    catalog: '',
    ...more,
  };
}

export function castNode(child: AstObject, type: string): AstObject {
  return {
    class: 'CAST',
    type: 'OPERATOR_CAST',
    alias: '',
    child,
    cast_type: { id: type },
    try_cast: false,
  };
}

export function notNullNode(child: AstObject): AstObject {
  return { class: 'OPERATOR', type: 'OPERATOR_IS_NOT_NULL', alias: '', children: [child] };
}

export function andNode(children: readonly AstObject[]): AstObject {
  const [only] = children;
  if (only !== undefined && children.length === 1) return only;
  return { class: 'CONJUNCTION', type: 'CONJUNCTION_AND', alias: '', children };
}
