/** What the catalogue says of a configured table. Made by `hot/table/introspect`, read by everyone. */
import type { TimeRange } from './time/time-range.ts';

export interface TableRef {
  readonly schema: string;
  readonly name: string;
}

export function formatTable(table: TableRef): string {
  return `${table.schema}.${table.name}`;
}

/** How the rows are stored, found by looking. */
export type TableKind = 'plain' | 'partitioned' | 'hypertable';

export interface ColumnDescription {
  readonly name: string;
  /** What `format_type` says: `numeric(20,8)`, `timestamp with time zone`, `public.mood`, `text[]`. */
  readonly typeName: string;
  /** The type behind any domains. */
  readonly baseType: BaseType;
  readonly notNull: boolean;
  /** Generated, stored or virtual: it is archived like any other, with the value that the table gives, and never written back. */
  readonly generated: boolean;
  /** Texts of other bytes can be equal, for its collation is not deterministic. */
  readonly foldsTexts?: true;
}

export interface BaseType {
  /** Stable for built-in types (below 16384). */
  readonly oid: number;
  readonly schema: string;
  /** `pg_type.typname`: `numeric`, `_text`, `mood`. */
  readonly name: string;
  /** `pg_type.typtype`: b base, c composite, e enum, p pseudo, r range, m multirange. */
  readonly kind: 'b' | 'c' | 'e' | 'p' | 'r' | 'm';
  /** -1 where there is none. */
  readonly typmod: number;
  readonly isArray: boolean;
  /**
   * The types it is made of, each behind its domains: an array's element, a range's or multirange's
   * subtype, a composite's fields in order; empty for all others. A composite that holds a
   * `regclass` is as little held exactly as a `regclass` is.
   */
  readonly madeOf: readonly BaseType[];
}

/** How the configured time column tells time. */
export type TimeKind = 'timestamptz' | 'timestamp' | 'date' | 'integer';

export type IntegerTimeUnit = 's' | 'ms' | 'us' | 'ns';

export interface TimeColumn {
  readonly name: string;
  readonly kind: TimeKind;
  /** Only for `integer`. */
  readonly unit?: IntegerTimeUnit;
}

/** A chunk of a hypertable or a leaf partition: something that can be dropped whole. */
export interface Part {
  readonly oid: number;
  readonly ref: TableRef;
  readonly range: TimeRange;
  /** Compressed by TimescaleDB: its rows have no row versions of their own. */
  readonly compressed: boolean;
  readonly estimatedRows: number;
  readonly bytes: number;
}

export interface TableDescription {
  readonly ref: TableRef;
  readonly oid: number;
  readonly kind: TableKind;
  readonly columns: readonly ColumnDescription[];
  /** Another one where a column came, went, or is another by its name or type. */
  readonly columnsPrint: string;
  readonly timeColumn: TimeColumn;
  /** Droppable parts with finite bounds in time, oldest first; empty for a plain table. */
  readonly parts: readonly Part[];
}
