import type { A_Const } from 'libpg-query';
import { type Expression, quoteLiteral, typed } from './expression.ts';
import { numericLiteral } from './literal.ts';
import { unsupported } from './sql-refusal.ts';

/** A constant as it stands in the text: one in quotes has no type yet. */
export function translateConstant(node: A_Const): Expression {
  const { ival, fval, boolval, sval, bsval, isnull, location } = node;
  if (isnull === true) return { ...typed('NULL', 'unknown'), literal: null, location };
  if (sval !== undefined) {
    const text = sval.sval ?? '';
    return { ...typed(quoteLiteral(text), 'unknown'), literal: text, location };
  }
  if (boolval !== undefined) return typed(boolval.boolval === true ? 'TRUE' : 'FALSE', 'bool');
  if (ival !== undefined) return { ...wholeNumber(BigInt(ival.ival ?? 0)), location };
  if (fval !== undefined) return { ...number(fval.fval ?? '0', location), location };
  throw unsupported(
    bsval === undefined ? 'such a constant' : 'a string of bits',
    undefined,
    location,
  );
}

function number(text: string, location: number | undefined): Expression {
  if (/^[+-]?\d+$/.test(text)) {
    const value = BigInt(text);
    if (value >= -(2n ** 63n) && value < 2n ** 63n) return wholeNumber(value);
  }
  if (/^[+-]?0[xob]/i.test(text) || text.includes('_'))
    throw unsupported('a number written like that', undefined, location);
  const found = numericLiteral(text);
  if (found === null) throw unsupported(`the number ${text}`, undefined, location);
  return { ...typed(found.sql, 'numeric', { scale: found.scale ?? 0 }), constant: text };
}

const INT4 = 2n ** 31n;

function wholeNumber(value: bigint): Expression {
  const type = value >= -INT4 && value < INT4 ? 'int4' : 'int8';
  const sql = `CAST(${String(value)} AS ${type === 'int4' ? 'INTEGER' : 'BIGINT'})`;
  return { ...typed(sql, type), whole: value, constant: String(value) };
}
