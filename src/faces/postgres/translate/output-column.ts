import type { Scale } from './expression.ts';
import type { PgTypeName } from './pg-types.ts';

export interface OutputColumn {
  /** As PostgreSQL names it. */
  readonly name: string;
  readonly type: PgTypeName;
  readonly typmod: number;
  readonly scale: Scale;
  /** Of a literal in quotes or a bare NULL in a part of a UNION: the other parts decide its type. */
  readonly literal?: string | null;
}
