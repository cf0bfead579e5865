/**
 * Literals that mean the same to everybody: a text, and a day or an instant written in full. To ask the
 * engine what they are takes longer than most questions do in PostgreSQL.
 */
import { type AstObject, isObject, textIn } from './sql-ast.ts';

export interface PlainTime {
  /** Microseconds since 1970. */
  readonly us: bigint;
  /** As the engine writes it, in UTC. */
  readonly text: string;
}

/** The text of a literal in quotes; null for any other expression. */
export function plainText({ class: kind, value }: AstObject): string | null {
  if (kind !== 'CONSTANT' || !isObject(value) || value['is_null'] !== false) return null;
  const { type, value: text } = value;
  if (!isObject(type) || type['id'] !== 'VARCHAR' || isObject(type['type_info'])) return null;
  return typeof text === 'string' && !text.includes('\0') ? text : null;
}

/**
 * A literal in quotes as it is compared with a column of `type`, or one that is cast to that very type; null for
 * any other expression, or where it takes the engine to read it.
 */
export function plainTime(constant: AstObject, type: string): PlainTime | null {
  const text = plainText(isCastTo(constant, type) ? inner(constant) : constant);
  return text === null ? null : readTime(text, type);
}

function isCastTo({ class: kind, try_cast: isTry, cast_type: cast }: AstObject, type: string) {
  return kind === 'CAST' && isTry !== true && isObject(cast) && textIn(cast['id']) === type;
}

function inner({ child }: AstObject): AstObject {
  return isObject(child) ? child : {};
}

/** The zone is UTC where none is said: the engine's is. */
const FORMS: Readonly<Record<string, RegExp>> = {
  DATE: /^(\d{4})-(\d\d)-(\d\d)$/,
  TIMESTAMP: /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/,
  'TIMESTAMP WITH TIME ZONE':
    /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|\+00)?)?$/,
};

function readTime(written: string, type: string): PlainTime | null {
  const found = FORMS[type]?.exec(written);
  if (found === null || found === undefined) return null;
  const [, year = '', month = '', day = '', hour = '00', minute = '00', second = '00'] = found;
  const date = `${year}-${month}-${day}`;
  const clock = `${hour}:${minute}:${second}`;
  const ms = Date.parse(`${date}T${clock}Z`);
  // The 31st of February, or 24:00: let the engine say what it makes of it.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== `${date}T${clock}.000Z`) return null;
  if (year === '0000') return null;
  const fraction = (found[7] ?? '').padEnd(6, '0');
  const us = BigInt(ms) * 1000n + BigInt(fraction);
  if (type === 'DATE') return { us, text: date };
  const digits = fraction.replace(/0+$/, '');
  const instant = `${date} ${clock}${digits === '' ? '' : `.${digits}`}`;
  return { us, text: type === 'TIMESTAMP' ? instant : `${instant}+00` };
}
