/**
 * Questions that no row of a table has a part in: DESCRIBE, and what tools ask to learn the columns of an answer,
 * `… limit 0` and `… where 1 = 0`.
 */
import {
  AstNumber,
  type AstObject,
  type AstValue,
  isObject,
  objectsIn,
  textIn,
  visitObjects,
} from './sql-ast.ts';
import { looksOnly } from './statement.ts';

/** Sound before clever: true only where it is plain. */
export function needsNoRow(statement: AstObject): boolean {
  const { node } = statement;
  return looksOnly(statement) || (isObject(node) && (isCutToNothing(node) || isOfNothing(node)));
}

function isCutToNothing(node: AstObject): boolean {
  return objectsIn(node['modifiers']).some(
    ({ type, limit }) => type === 'LIMIT_MODIFIER' && integerIn(limit) === '0',
  );
}

/**
 * Of no row there is none, unless one is made of none: a count, wherever it stands, an ORDER BY too. What a subquery finds
 * may then be in it, or decide about it.
 */
function isOfNothing(node: AstObject): boolean {
  const { group_sets: groups } = node;
  return (
    node['type'] === 'SELECT_NODE' &&
    isNever(node['where_clause']) &&
    node['aggregate_handling'] === 'STANDARD_HANDLING' &&
    Array.isArray(groups) &&
    groups.length === 0 &&
    !isObject(node['having']) &&
    !OF_THE_ROWS.some((member) => mayMakeRows(node[member]))
  );
}

/** What is said of the rows that were found. */
const OF_THE_ROWS = ['select_list', 'modifiers', 'qualify'] as const;

const MAY_MAKE_ROWS: ReadonlySet<string> = new Set(['FUNCTION', 'SUBQUERY', 'WINDOW']);

function mayMakeRows(member: AstValue | undefined): boolean {
  let found = false;
  visitObjects(member ?? null, (node) => {
    found ||= MAY_MAKE_ROWS.has(textIn(node['class']));
  });
  return found;
}

/** `false`, or two whole numbers that are not the same. */
function isNever(condition: AstValue | undefined): boolean {
  if (!isObject(condition)) return false;
  if (condition['type'] === 'COMPARE_EQUAL') {
    const [left, right] = [integerIn(condition['left']), integerIn(condition['right'])];
    return left !== null && right !== null && left !== right;
  }
  const { class: kind, child, cast_type: type } = condition;
  return (
    kind === 'CAST' &&
    isObject(type) &&
    type['id'] === 'BOOLEAN' &&
    isObject(child) &&
    child['class'] === 'CONSTANT' &&
    isObject(child['value']) &&
    child['value']['value'] === 'f'
  );
}

/** As it is written, without a zero before it. The PostgreSQL face writes each with its type. */
function integerIn(expression: AstValue | undefined): string | null {
  if (!isObject(expression)) return null;
  const { class: kind, child, cast_type: type, value } = expression;
  if (kind === 'CAST' && isObject(type) && type['id'] === 'INTEGER') return integerIn(child);
  if (kind !== 'CONSTANT' || !isObject(value) || !isObject(value['type'])) return null;
  const number = value['value'];
  return value['type']['id'] === 'INTEGER' && number instanceof AstNumber ? number.text : null;
}
