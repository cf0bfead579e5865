/** The type that a cast names. */
import type { Node, TypeName } from 'libpg-query';
import type { Catalogue } from './catalogue.ts';
import { enumNamed } from './enums.ts';
import { knownFields } from './known-fields.ts';
import { type PgTypeName, typeNamed, typmodOf } from './pg-types.ts';
import { plainValue } from './read-options.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import { namesIn } from './walk.ts';

/** @throws SqlRefusal 42704, 0A000 */
export function translateType(
  node: TypeName,
  catalogue: Catalogue,
): {
  readonly type: PgTypeName;
  readonly typmod: number;
} {
  knownFields(node, 'a type', ['names', 'typmods', 'typemod', 'arrayBounds']);
  const { names = [], typmods = [], arrayBounds = [], location } = node;
  const [name = '', schema] = namesIn(names).toReversed();
  const isBuiltIn = schema === undefined || schema === 'pg_catalog';
  const base = (isBuiltIn ? typeNamed(name) : null) ?? enumNamed(namesIn(names), catalogue);
  if (base === null) {
    throw new SqlRefusal('0A000', `the type ${namesIn(names).join('.')} is not known here`, {
      location,
      hint: 'docs/postgres-face-sql.md lists the types that are computed with.',
    });
  }
  if (arrayBounds.length > 1) throw unsupported('an array of arrays', undefined, location);
  if (arrayBounds.length === 1) {
    if (typmods.length > 0)
      throw unsupported('an array of a type with a length', undefined, location);
    return { type: `${base}[]`, typmod: -1 };
  }
  if (typmods.length === 0) return { type: base, typmod: -1 };
  if (base === 'float4' || base === 'float8') throw unsupported('float(n)', undefined, location);
  const numbers = typmods.map((each: Node) => Number(plainValue(each)));
  if (base === 'interval' || numbers.some((each) => !Number.isSafeInteger(each))) {
    throw unsupported(
      `${base} with fields or digits`,
      "Write it as interval '5 minutes'.",
      location,
    );
  }
  if ((base === 'timestamp' || base === 'timestamptz' || base === 'time') && numbers[0] === 6) {
    return { type: base, typmod: -1 };
  }
  return { type: base, typmod: typmodOf(base, numbers) };
}
