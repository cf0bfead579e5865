/**
 * DuckDB's own parse tree of a query, as `json_serialize_sql` gives it. Only what pruning reads of
 * it is typed; everything else travels through as it came.
 */

export type AstValue = string | boolean | null | AstNumber | readonly AstValue[] | AstObject;

export interface AstObject {
  readonly [key: string]: AstValue | undefined;
}

/** A number as it was written: JSON.parse would round 2^53 + 1 and turn 10.0 into an integer. */
export class AstNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Strings first, so that digits inside of them are left alone. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
/** No key of DuckDB's. */
const NUMBER_KEY = 'tierd:number';

export function parseAst(json: string): AstValue {
  const guarded = json.replace(STRING_OR_NUMBER, (token) =>
    token.startsWith('"') ? token : `{"${NUMBER_KEY}":"${token}"}`,
  );
  return JSON.parse(guarded, (_key, value: AstValue) => {
    if (!isObject(value)) return value;
    const text = value[NUMBER_KEY];
    return typeof text === 'string' ? new AstNumber(text) : value;
  }) as AstValue;
}

export function formatAst(value: AstValue): string {
  if (value instanceof AstNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(formatAst).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : [`${JSON.stringify(key)}:${formatAst(member)}`],
  );
  return `{${members.join(',')}}`;
}

export function isObject(value: AstValue | undefined): value is AstObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof AstNumber)
  );
}

/** The objects in an array member; nothing where there is no array. */
export function objectsIn(value: AstValue | undefined): readonly AstObject[] {
  return Array.isArray(value) ? (value as readonly AstValue[]).filter(isObject) : [];
}

/** Shows every object of the tree, each before what is in it. */
export function visitObjects(value: AstValue | undefined, look: (node: AstObject) => void): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly AstValue[]) visitObjects(item, look);
  } else if (isObject(value)) {
    look(value);
    for (const member of Object.values(value)) visitObjects(member, look);
  }
}

export function textIn(value: AstValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** DuckDB compares names without regard to case, of ASCII letters only. */
export function foldName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
