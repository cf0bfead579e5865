/** How a column of a table is held in the lake: what is written down of it, and read again. */
import type { NativeKind } from './type-table.ts';

/** How a column's values are laid out, from COPY to Parquet. */
export type Held =
  | {
      readonly kind: NativeKind;
      /** ±infinity is refused, for other engines take it for a day far away. */
      readonly finite?: true;
    }
  /**
   * A fixed-point number: the integer `value × 10^scale` of at most `width` digits. PostgreSQL
   * shows `max(0, declared scale)` digits after the point, which is `scale` here.
   */
  | { readonly kind: 'decimal'; readonly width: number; readonly scale: number }
  /** The text that PostgreSQL makes of the value. */
  | { readonly kind: 'text' };

export type HeldKind = Held['kind'];

export interface ColumnPlan {
  readonly name: string;
  /** What `format_type` says of the column: recorded in every segment, needed to restore it. */
  readonly postgresType: string;
  readonly held: Held;
  /** The SQL expression whose binary COPY output the decoder reads. */
  readonly select: string;
  /** The DuckDB type of the column in the lake. */
  readonly duckdbType: string;
  /** What the column keeps for ever (I13); none in segments from before there were ids. */
  readonly fieldId?: number;
}

export const isFloat = ({ held }: Pick<ColumnPlan, 'held'>): boolean =>
  held.kind === 'float4' || held.kind === 'float8';
