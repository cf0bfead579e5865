/** How a table is partitioned: by the slice's own unit of the time column, so that a segment lies in one. */
import type { TimeColumn } from '../domain/table.ts';
import type { EpochMs, SliceUnit } from '../domain/time/time-range.ts';

export interface PartitionField {
  readonly 'source-id': number;
  readonly 'field-id': number;
  readonly name: string;
  readonly transform: SliceUnit;
}

export interface PartitionSpec {
  readonly 'spec-id': number;
  /** One, or none. */
  readonly fields: readonly PartitionField[];
}

/** Ids of partition fields begin here, by Iceberg's specification. */
const FIRST_PARTITION_ID = 1000;

/**
 * The spec of segments that are cut by `unit`, among those that the table has had, or a new one.
 * Null for the unit: integers have no transform of time.
 */
export function specFor(
  specs: readonly PartitionSpec[],
  time: { readonly column: TimeColumn; readonly fieldId: number },
  sliceUnit: SliceUnit,
): PartitionSpec {
  const unit = transformOf(time.column, sliceUnit);
  const same = specs.find(({ fields: [field] }) =>
    unit === null
      ? field === undefined
      : field?.transform === unit && field['source-id'] === time.fieldId,
  );
  if (same !== undefined) return same;
  const id = Math.max(-1, ...specs.map((spec) => spec['spec-id'])) + 1;
  if (unit === null) return { 'spec-id': id, fields: [] };
  const fieldId = lastPartitionId(specs) + 1;
  const name = `tierd_${unit}_${String(fieldId)}`;
  const field = { 'source-id': time.fieldId, 'field-id': fieldId, name, transform: unit };
  return { 'spec-id': id, fields: [field] };
}

export function lastPartitionId(specs: readonly PartitionSpec[]): number {
  const ids = specs.flatMap(({ fields }) => fields.map((field) => field['field-id']));
  return Math.max(FIRST_PARTITION_ID - 1, ...ids);
}

function transformOf({ kind }: TimeColumn, unit: SliceUnit): SliceUnit | null {
  switch (kind) {
    case 'integer':
      return null;
    case 'date':
      // A date has no hour, and all of a day's rows lie in its first.
      return unit === 'hour' ? 'day' : unit;
    case 'timestamp':
    case 'timestamptz':
      return unit;
  }
}

const HOUR_MS = 3_600_000;
const MONTHS = 12;

/** Hours, days or months since 1970. */
export function partitionValue(start: EpochMs, transform: SliceUnit): number {
  switch (transform) {
    case 'hour':
      return Math.floor(start / HOUR_MS);
    case 'day':
      return Math.floor(start / (24 * HOUR_MS));
    case 'month': {
      const date = new Date(start);
      return (date.getUTCFullYear() - 1970) * MONTHS + date.getUTCMonth();
    }
  }
}
