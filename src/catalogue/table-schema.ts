/**
 * The columns of a dataset as an Iceberg schema: known by their field ids, of the type that all
 * live segments may be read as (I13).
 */
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import { commonType, icebergTypeOf } from '../domain/columns/iceberg-type.ts';
import type { KnownColumn } from '../domain/lake/field-ids.ts';

export interface SchemaField {
  readonly id: number;
  readonly name: string;
  readonly required: false;
  readonly type: string;
}

export interface NameMapping {
  readonly 'field-id': number;
  readonly names: readonly string[];
}

export interface LeftOutColumn {
  readonly column: string;
  readonly reason: string;
}

export interface TableSchema {
  readonly fields: readonly SchemaField[];
  readonly leftOut: readonly LeftOutColumn[];
  /** For segments from before there were field ids. */
  readonly nameMapping: readonly NameMapping[];
  /** The largest id that was ever given. */
  readonly lastColumnId: number;
  /** The ids of a segment's columns, in their order; null for one that the table no longer has. */
  readonly idsOf: (columns: readonly ColumnPlan[]) => readonly (number | null)[];
}

/**
 * @param known every column that the ledger knows of the dataset, dropped ones as well
 * @param current the columns of the table as it is, each with its id
 * @param written the different lists of columns that live segments were written with
 */
export function tableSchemaOf(
  known: readonly KnownColumn[],
  current: readonly ColumnPlan[],
  written: readonly (readonly ColumnPlan[])[],
): TableSchema {
  const oldNames = namesBeforeIds(known);
  const idOf = (plan: ColumnPlan): number | null => plan.fieldId ?? oldNames.get(plan.name) ?? null;
  const fields: SchemaField[] = [];
  const leftOut: LeftOutColumn[] = [];
  for (const plan of current) {
    const id = idOf(plan);
    if (id === null) throw new RangeError(`column ${plan.name} has no field id`);
    const same = written.flatMap((columns) => columns.filter((one) => idOf(one) === id));
    const found = typeOfAll([plan, ...same]);
    if ('leftOut' in found) leftOut.push({ column: plan.name, reason: found.leftOut });
    else fields.push({ id, name: plan.name, required: false, type: found.type });
  }
  const isField = new Set(fields.map(({ id }) => id));
  return {
    fields,
    leftOut,
    nameMapping: [...oldNames]
      .filter(([, id]) => isField.has(id))
      .map(([name, id]) => ({ 'field-id': id, names: [name] })),
    lastColumnId: Math.max(0, ...known.map(({ fieldId }) => fieldId)),
    idsOf: (columns) =>
      columns.map((plan) => {
        const id = idOf(plan);
        return id !== null && isField.has(id) ? id : null;
      }),
  };
}

/**
 * A segment without ids is older than the first that were given. So a name in it is that of the
 * column which had it first, and never of a later one that took the name over.
 */
function namesBeforeIds(known: readonly KnownColumn[]): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  for (const { firstName, fieldId } of known.toSorted((a, b) => a.fieldId - b.fieldId)) {
    if (!names.has(firstName)) names.set(firstName, fieldId);
  }
  return names;
}

function typeOfAll(
  plans: readonly ColumnPlan[],
): { readonly type: string } | { readonly leftOut: string } {
  const types: string[] = [];
  for (const { held } of plans) {
    const found = icebergTypeOf(held);
    if ('leftOut' in found) return found;
    types.push(found.type);
  }
  const type = commonType(types);
  if (type !== null) return { type };
  return {
    leftOut: `live segments hold it as ${[...new Set(types)].join(' and as ')}, which Iceberg does not read as one type`,
  };
}
