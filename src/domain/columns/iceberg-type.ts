/** What each column of the lake is in an Iceberg table, decided by what its segments hold. */
import type { Held } from './column-plan.ts';

export type TypeOrReason = { readonly type: string } | { readonly leftOut: string };

/** docs/iceberg.md is this in words. */
export function icebergTypeOf(held: Held): TypeOrReason {
  switch (held.kind) {
    case 'bool':
      return { type: 'boolean' };
    case 'int2':
    case 'int4':
      return { type: 'int' };
    case 'int8':
      return { type: 'long' };
    case 'uint4':
      return { leftOut: 'Iceberg has no unsigned number' };
    case 'float4':
      return { type: 'float' };
    case 'float8':
      return { type: 'double' };
    case 'decimal':
      return { type: `decimal(${String(held.width)}, ${String(held.scale)})` };
    case 'date':
    case 'timestamp':
    case 'timestamptz':
    case 'uuid':
      return { type: held.kind };
    case 'time':
      return {
        leftOut: 'Spark reads no table that has a native time, and 24:00 is lost in others',
      };
    case 'bytea':
      return { type: 'binary' };
    case 'json':
    case 'jsonb':
    case 'varchar':
    case 'text':
      return { type: 'string' };
  }
}

/** The type that all of `types` may be read as, by Iceberg's own promotions; null where none is. */
export function commonType(types: readonly string[]): string | null {
  const different = new Set(types);
  const [only] = different;
  if (only !== undefined && different.size === 1) return only;
  for (const [narrow, wide] of WIDENINGS) {
    if ([...different].every((type) => type === narrow || type === wide)) return wide;
  }
  return widestDecimal([...different]);
}

const WIDENINGS = [
  ['int', 'long'],
  ['float', 'double'],
] as const;

/** More digits are a promotion, another scale is not. */
function widestDecimal(types: readonly string[]): string | null {
  const decimals = types.map((type) => /^decimal\((\d+), (\d+)\)$/u.exec(type));
  const scales = new Set(decimals.map((match) => match?.[2]));
  const [scale] = scales;
  if (scale === undefined || scales.size !== 1) return null;
  const width = Math.max(...decimals.map((match) => Number(match?.[1])));
  return `decimal(${String(width)}, ${scale})`;
}
