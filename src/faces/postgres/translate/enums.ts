/** Values of enums: labels, as texts, in an order of their own. */
import type { Catalogue, EnumLabels } from './catalogue.ts';
import type { Environment } from './environment.ts';
import { type Expression, quoteLiteral, typed } from './expression.ts';
import { arrayItems, literalOf } from './literal.ts';
import {
  elementOf,
  enumType,
  formatType,
  isEnum,
  oidOf,
  type PgTypeName,
  shownType,
} from './pg-types.ts';
import { SqlRefusal } from './sql-refusal.ts';

type Known = Pick<Environment, 'catalogue'>;

/** As `literalOf`, for enums and arrays of them too. @throws SqlRefusal 22P02 where an enum has no such label */
export function literalIn(
  text: string | null,
  type: PgTypeName,
  known: Known,
  location?: number,
): Expression {
  if (isEnum(type)) return enumLiteral(text, type, known, location);
  const element = elementOf(type);
  const items = text === null || element === null || !isEnum(element) ? null : arrayItems(text);
  if (items === null || element === null) return literalOf(text, type, location);
  const values = items.map((item) => enumLiteral(item, element, known, location).sql);
  return typed(`CAST([${values.join(', ')}] AS VARCHAR[])`, type);
}

function enumLiteral(
  text: string | null,
  type: PgTypeName,
  known: Known,
  location?: number,
): Expression {
  if (text === null) return typed('CAST(NULL AS VARCHAR)', type);
  if (labelsOf(type, known).includes(text)) return typed(quoteLiteral(text), type);
  throw new SqlRefusal('22P02', `invalid input value for enum ${formatType(type)}: "${text}"`, {
    location,
  });
}

/** What puts such values in order: the place of the label, an INTEGER. */
export function enumPlace({ sql, type }: Expression, known: Known): string {
  return `list_position(${listOf(type, known)}, ${sql})`;
}

/** The label at such a place. */
export function labelAt(place: string, type: PgTypeName, known: Known): Expression {
  return typed(`(${listOf(type, known)})[${place}]`, type);
}

function listOf(type: PgTypeName, known: Known): string {
  return `[${labelsOf(type, known).map(quoteLiteral).join(', ')}]`;
}

function labelsOf(type: PgTypeName, { catalogue }: Known): readonly string[] {
  return catalogue.enums?.get(shownType(type))?.labels ?? [];
}

/** One that a cast names, of those that the relations of the question have. */
export function enumNamed(names: readonly string[], { enums }: Catalogue): PgTypeName | null {
  const [name = '', schema] = names.toReversed();
  const formatted = [
    quoted(name),
    ...(schema === undefined ? [] : [`${quoted(schema)}.${quoted(name)}`]),
  ].findLast((one) => enums?.has(one) === true);
  return formatted === undefined ? null : enumType(formatted);
}

/** As `format_type` writes a name. */
const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

/** That a client is told, and names. */
export function oidIn(type: PgTypeName, { enums }: Catalogue): number {
  const element = elementOf(type);
  const found = enums?.get(shownType(element ?? type));
  if (found === undefined || !isEnum(element ?? type)) return oidOf(type);
  return element === null ? found.oid : found.arrayOid;
}

export function enumOfOid(oid: number, { enums }: Catalogue): PgTypeName | null {
  const isIt = ([, { oid: own, arrayOid }]: [string, EnumLabels]): boolean =>
    own === oid || arrayOid === oid;
  const [name, found] = [...(enums ?? [])].find(isIt) ?? [];
  if (name === undefined || found === undefined) return null;
  return found.oid === oid ? enumType(name) : `${enumType(name)}[]`;
}
