/** Each column that a dataset had, from the manifest, and from the segments that no manifest has (I13). */
import type { KnownColumn } from '../../domain/lake/field-ids.ts';
import type { KeptSlice } from '../../domain/lake/lake-manifest.ts';

/** No table has it: a column is known by its name until the table is looked at. */
const NO_TABLE = '';

export class ColumnsOfFiles {
  readonly #known: ReadonlyMap<number, KnownColumn>;
  readonly #found = new Map<number, KnownColumn>();
  /** Field ids of the slice that ends last: those it lacks were dropped by then. */
  #newest: { readonly end: number; readonly ids: ReadonlySet<number> } | null = null;

  constructor(known: readonly KnownColumn[]) {
    this.#known = new Map(known.map((column) => [column.fieldId, column]));
  }

  /** Slices in the order of time. */
  add({ columns, range }: KeptSlice): void {
    const ids = new Set<number>();
    for (const { fieldId, name, postgresType } of columns) {
      if (fieldId === undefined) continue;
      ids.add(fieldId);
      const firstName = this.#found.get(fieldId)?.firstName ?? name;
      const place = { tableIdentity: NO_TABLE, attnum: fieldId };
      this.#found.set(fieldId, {
        fieldId,
        name,
        firstName,
        postgresType,
        ...place,
        isDropped: false,
      });
    }
    const end = range.toExclusive;
    if (ids.size > 0 && end >= (this.#newest?.end ?? end)) this.#newest = { end, ids };
  }

  list(): readonly KnownColumn[] {
    const added = [...this.#found.values()].filter(({ fieldId }) => !this.#known.has(fieldId));
    const isDropped = ({ fieldId }: KnownColumn): boolean =>
      this.#known.size > 0 || this.#newest?.ids.has(fieldId) !== true;
    return [
      ...this.#known.values(),
      ...added.map((column) => ({ ...column, isDropped: isDropped(column) })),
    ].sort((a, b) => a.fieldId - b.fieldId);
  }
}
