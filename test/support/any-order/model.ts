/** What a plain map of the rows says of any order of steps: which rows are hot, which are cold, and what is in them. */
import { daysAgo } from '../rotation.ts';

/** Days of a December and of a January, all of them cold. No slice reaches from one month into the other. */
const DAYS_AGO = [100, 99, 70, 69] as const;
/** What is older than so many days is of December. */
export const COLD_DAYS = 80;
export const IDS = 12;

export type Month = 'december' | 'january';
export const SPANS: Readonly<Record<Month | 'both', readonly [from: number, to: number]>> = {
  december: [100, 98],
  january: [70, 68],
  both: [100, 68],
};

const dayOf = (id: number): number => DAYS_AGO[id % DAYS_AGO.length] ?? 0;
const MINUTE_MS = 60_000;

export const timeOf = (id: number): string =>
  new Date(Date.parse(daysAgo(dayOf(id))) + id * 7 * MINUTE_MS).toISOString();

export const isWithin = (id: number, [from, to]: readonly [number, number]): boolean =>
  dayOf(id) <= from && dayOf(id) > to;

export interface Row {
  readonly id: number;
  readonly value: number | null;
  /** The label of an enum; in the lake as it was called when the row came there. */
  readonly kind: string | null;
  /** By the number of the column, as text. */
  readonly more: Readonly<Record<number, string | null>>;
}

/** A column that came after the table was made. Each has a number of its own, also one of a name that was there before. */
export interface MoreColumn {
  readonly number: number;
  readonly name: string;
  readonly type: 'int' | 'text';
}

const NAMES = ['x', 'y', 'z'];
export const FIRST_LABELS = ['k1', 'k2'] as const;

/** Where a row of a key is, and what it is there. */
export interface Found {
  readonly hot: Row | null;
  readonly cold: Row | null;
}

export class Model {
  hot = new Map<number, Row>();
  cold = new Map<number, Row>();
  columns: readonly MoreColumn[] = [];
  /** Of the enum, as they are called now. */
  labels: readonly string[] = FIRST_LABELS;
  /** Whether the table's columns are others than those that some row may have come to the lake with. */
  hasChanged = false;
  #number = 0;
  #label: number = FIRST_LABELS.length;

  copy(): Model {
    const other = new Model();
    other.hot = new Map(this.hot);
    other.cold = new Map(this.cold);
    other.columns = this.columns;
    other.labels = this.labels;
    other.#label = this.#label;
    other.hasChanged = this.hasChanged;
    other.#number = this.#number;
    return other;
  }

  found(id: number): Found {
    return { hot: this.hot.get(id) ?? null, cold: this.cold.get(id) ?? null };
  }

  /** A hot row hides the one of the lake that has its key. */
  all(): ReadonlyMap<number, Row> {
    return new Map([...this.cold, ...this.hot]);
  }

  rowOf(id: number, value: number | null): Row {
    const more = this.columns.map(({ number }) => [number, value === null ? null : String(value)]);
    const kind = value === null ? null : (this.labels[id % this.labels.length] ?? null);
    return { id, value, kind, more: Object.fromEntries(more) as Row['more'] };
  }

  addLabel(): string {
    this.#label += 1;
    const label = `k${String(this.#label)}`;
    this.labels = [...this.labels, label];
    return label;
  }

  /** Rows of the lake keep the name that they came there with: there is no such label any more to bring them back to. */
  renameLabel(): { readonly from: string; readonly to: string } {
    const [from = '', ...others] = this.labels;
    this.labels = others;
    const to = this.addLabel();
    this.hasChanged = true;
    const renamed = (row: Row): Row => (row.kind === from ? { ...row, kind: to } : row);
    this.hot = new Map([...this.hot].map(([id, row]) => [id, renamed(row)]));
    return { from, to };
  }

  /** Null where no name is free. */
  addColumn(): MoreColumn | null {
    const name = this.#freeName();
    if (name === null) return null;
    this.#number += 1;
    const type = this.#number % 2 === 0 ? 'int' : 'text';
    const column: MoreColumn = { number: this.#number, name, type };
    this.columns = [...this.columns, column];
    this.hasChanged = true;
    this.#changeRows((row) => ({ ...row, more: { ...row.more, [column.number]: null } }));
    return column;
  }

  dropColumn(): MoreColumn | null {
    const [column, ...others] = this.columns;
    if (column === undefined) return null;
    this.columns = others;
    this.hasChanged = true;
    this.#changeRows((row) => ({
      ...row,
      more: Object.fromEntries(
        Object.entries(row.more).filter(([number]) => Number(number) !== column.number),
      ),
    }));
    return column;
  }

  renameColumn(): { readonly from: string; readonly to: string } | null {
    const [column, ...others] = this.columns;
    const to = this.#freeName();
    if (column === undefined || to === null) return null;
    this.columns = [...others, { ...column, name: to }];
    this.hasChanged = true;
    return { from: column.name, to };
  }

  /** The first that is free, which may have been another column's. */
  #freeName(): string | null {
    return NAMES.find((name) => !this.columns.some((column) => column.name === name)) ?? null;
  }

  #changeRows(change: (row: Row) => Row): void {
    const changed = (rows: ReadonlyMap<number, Row>) =>
      new Map([...rows].map(([id, row]) => [id, change(row)]));
    this.hot = changed(this.hot);
    this.cold = changed(this.cold);
  }
}
