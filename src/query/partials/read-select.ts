/**
 * A SELECT over one dataset, read as aggregates that can be computed of each side's rows alone and then
 * be put together to the very same answer. Conservative: what isn't understood is not taken apart.
 */
import type { ExactColumns } from '../exact/exact-columns.ts';
import { readCondition } from '../exact/read-condition.ts';
import {
  type AstObject,
  type AstValue,
  foldName,
  isObject,
  objectsIn,
  textIn,
} from '../sql/sql-ast.ts';
import { columnNode } from './ast-nodes.ts';
import { NotInParts } from './not-in-parts.ts';
import type { Part, PartedSelect } from './parts.ts';
import { readAggregate } from './read-aggregate.ts';
import { readKey } from './read-key.ts';
import { namesIn } from './select-names.ts';
import { keyName, PARTS, partName, type SelectScope } from './select-scope.ts';

/** @throws NotInParts */
export function readSelect(
  select: AstObject,
  columns: Iterable<string>,
  { planOf, valuePlanOf }: ExactColumns,
  hot: SelectScope['hot'],
): PartedSelect {
  const scope = { names: namesIn(select, columns), planOf, valuePlanOf, hot };
  if (isObject(select['qualify'])) throw new NotInParts('it has QUALIFY');
  const condition = readCondition(select['where_clause'], scope);
  const keyExpressions = keysOf(select, scope);
  const rewriter = new Rewriter(scope, keyExpressions);
  const list = objectsIn(select['select_list']).map((item) => rewriter.rewrite(item));
  const having = isObject(select['having']) ? rewriter.rewrite(select['having']) : undefined;
  const modifiers = objectsIn(select['modifiers']).map((one) => rewriter.rewriteModifier(one));
  if (rewriter.aggregates.length === 0 && keyExpressions.length === 0) {
    throw new NotInParts('it asks for rows, and not for aggregates of them');
  }
  return {
    keys: keyExpressions.map((expression) => readKey(expression, scope)),
    aggregates: rewriter.aggregates,
    condition,
    select: { select_list: list, modifiers, ...(having === undefined ? {} : { having }) },
  };
}

/** What it groups by, each once. */
function keysOf(select: AstObject, scope: SelectScope): readonly AstObject[] {
  const list = objectsIn(select['select_list']);
  const isAll = select['aggregate_handling'] === 'FORCE_AGGREGATES';
  const sets = Array.isArray(select['group_sets']) ? select['group_sets'].length : 0;
  if (sets > 1) throw new NotInParts('it groups in several ways at once');
  const named = isAll
    ? list.filter((item) => !holdsAggregate(item))
    : objectsIn(select['group_expressions']).map((expression) => meant(expression, list, scope));
  const keys = new Map(named.map((expression) => [scope.names.meaningOf(expression), expression]));
  return [...keys.values()];
}

/** `group by 1` and `group by bucket` are expressions of the SELECT list. */
function meant(
  expression: AstObject,
  list: readonly AstObject[],
  { names }: SelectScope,
): AstObject {
  const { value } = expression;
  if (expression['class'] === 'CONSTANT') {
    const position = isObject(value) ? numberIn(value['value']) : Number.NaN;
    const item = list[position - 1];
    if (item === undefined) throw new NotInParts('it groups by a constant');
    return item;
  }
  if (!names.isAlias(expression)) return expression;
  const path = expression['column_names'] as readonly AstValue[];
  const alias = foldName(textIn(path[0]));
  const items = list.filter((item) => foldName(textIn(item['alias'])) === alias);
  const [item] = items;
  if (item === undefined || items.length > 1)
    throw new NotInParts('it groups by a name of two meanings');
  return item;
}

function numberIn(value: AstValue | undefined): number {
  return isObject(value) || value === undefined || value === null
    ? Number.NaN
    : Number(textOf(value));
}

function textOf(value: AstValue): string {
  return typeof value === 'object' &&
    value !== null &&
    'text' in value &&
    typeof value.text === 'string'
    ? value.text
    : '';
}

function holdsAggregate(value: AstValue | undefined): boolean {
  if (Array.isArray(value)) return (value as readonly AstValue[]).some(holdsAggregate);
  if (!isObject(value)) return false;
  if (value['class'] === 'FUNCTION' && !SCALARS.has(foldName(textIn(value['function_name'])))) {
    return !KEY_FUNCTIONS.has(foldName(textIn(value['function_name'])));
  }
  return Object.values(value).some(holdsAggregate);
}

const KEY_FUNCTIONS = new Set(['date_trunc', 'datetrunc', 'time_bucket']);

/** Functions of one row's values, which mean the same over aggregates. */
const SCALARS = new Set([
  '+',
  '-',
  '*',
  '/',
  '//',
  '%',
  '||',
  'abs',
  'ceil',
  'ceiling',
  'concat',
  'epoch',
  'epoch_ms',
  'floor',
  'format',
  'greatest',
  'least',
  'lower',
  'ln',
  'log',
  'log10',
  'nullif',
  'pow',
  'power',
  'printf',
  'round',
  'sign',
  'sqrt',
  'strftime',
  'trunc',
  'upper',
]);

/** Whether an item of a SELECT list is a value, or values, of one row alone: as many rows come out as go in. */
export function isOfOneRow(expression: AstObject): boolean {
  const kind = textIn(expression['class']);
  const isKnown =
    kind === 'FUNCTION'
      ? SCALARS.has(foldName(textIn(expression['function_name'])))
      : INNER_CLASSES.has(kind) || ['COLUMN_REF', 'CONSTANT', 'STAR'].includes(kind);
  return isKnown && innerOf(expression).every(isOfOneRow);
}

/** The nearest expressions below. */
function innerOf(value: AstValue | undefined): readonly AstObject[] {
  if (Array.isArray(value)) {
    return (value as readonly AstValue[]).flatMap((item) => itselfOrInner(item));
  }
  return isObject(value) ? Object.values(value).flatMap((member) => itselfOrInner(member)) : [];
}

function itselfOrInner(value: AstValue | undefined): readonly AstObject[] {
  return isObject(value) && typeof value['class'] === 'string' ? [value] : innerOf(value);
}

const INNER_CLASSES = new Set(['OPERATOR', 'COMPARISON', 'CONJUNCTION', 'BETWEEN', 'CASE', 'CAST']);

/** Puts columns of the parts in the place of keys and aggregates. */
class Rewriter {
  readonly aggregates: Part[] = [];
  readonly #scope: SelectScope;
  readonly #keys: ReadonlyMap<string, number>;
  readonly #known = new Map<string, AstObject>();

  constructor(scope: SelectScope, keys: readonly AstObject[]) {
    this.#scope = scope;
    this.#keys = new Map(keys.map((key, index) => [scope.names.meaningOf(key), index]));
  }

  rewrite(expression: AstObject): AstObject {
    const alias = textIn(expression['alias']);
    return { ...this.#meant(expression), alias };
  }

  rewriteModifier(modifier: AstObject): AstObject {
    const { type } = modifier;
    if (type === 'ORDER_MODIFIER') {
      const orders = objectsIn(modifier['orders']).map((order) => {
        const { expression } = order;
        if (!isObject(expression)) throw new NotInParts('its order is not understood');
        const isAll = expression['class'] === 'STAR';
        return { ...order, expression: isAll ? expression : this.#unhidden(expression) };
      });
      return { ...modifier, orders };
    }
    if (type === 'DISTINCT_MODIFIER') {
      const targets = objectsIn(modifier['distinct_on_targets']);
      return { ...modifier, distinct_on_targets: targets.map((target) => this.#unhidden(target)) };
    }
    const isPlain = [modifier['limit'], modifier['offset']].every(
      (part) => !isObject(part) || part['class'] === 'CONSTANT',
    );
    if (!isPlain) throw new NotInParts('its limit is computed');
    return modifier;
  }

  /** A name that is a column's and new in the SELECT list as well means the latter there. */
  #unhidden(expression: AstObject): AstObject {
    if (this.#scope.names.mayMeanAlias(expression)) {
      throw new NotInParts('its order is by a name of two meanings');
    }
    return this.rewrite(expression);
  }

  #meant(expression: AstObject): AstObject {
    const key = this.#keys.get(this.#scope.names.meaningOf(expression));
    if (key !== undefined) return columnNode(PARTS, keyName(key));
    const kind = textIn(expression['class']);
    if (kind === 'CONSTANT') return expression;
    if (kind === 'COLUMN_REF') return this.#name(expression);
    if (kind === 'FUNCTION') {
      const name = foldName(textIn(expression['function_name']));
      return SCALARS.has(name) ? this.#inside(expression) : this.#aggregate(expression);
    }
    if (INNER_CLASSES.has(kind)) return this.#inside(expression);
    throw new NotInParts(`it has ${describe(kind)}`);
  }

  #name(expression: AstObject): AstObject {
    if (this.#scope.names.isAlias(expression)) return expression;
    const column = this.#scope.names.columnOf(expression);
    throw new NotInParts(
      column === null ? 'it names what is no column of it' : `it takes ${column} of single rows`,
    );
  }

  #inside(expression: AstObject): AstObject {
    return Object.fromEntries(
      Object.entries(expression).map(([key, member]) => [key, this.#member(key, member)]),
    );
  }

  #member(key: string, member: AstValue | undefined): AstValue | undefined {
    if (key === 'cast_type' || key === 'order_bys') return member;
    if (Array.isArray(member)) {
      return (member as readonly AstValue[]).map((item) => this.#member(key, item) ?? null);
    }
    if (!isObject(member)) return member;
    return typeof member['class'] === 'string' ? this.rewrite(member) : this.#inside(member);
  }

  #aggregate(call: AstObject): AstObject {
    const meaning = this.#scope.names.meaningOf(call);
    const known = this.#known.get(meaning);
    if (known !== undefined) return known;
    const first = this.aggregates.length;
    const { parts, whole } = readAggregate(call, this.#scope, (index) =>
      columnNode(PARTS, partName(first + index)),
    );
    this.aggregates.push(...parts);
    this.#known.set(meaning, whole);
    return whole;
  }
}

function describe(kind: string): string {
  switch (kind) {
    case 'WINDOW':
      return 'a window function';
    case 'SUBQUERY':
      return 'a query inside of it';
    case 'STAR':
      return 'a star';
    default:
      return `an expression of kind ${kind.toLowerCase()}`;
  }
}
