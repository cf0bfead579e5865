/** The Avro schemas of Iceberg's format v2, with the field ids that its specification gives. */
import type { AvroArray, AvroField, AvroRecord, AvroSchema } from './avro.ts';

/** One entry of a manifest: a data file and what became of it. */
export function manifestEntrySchema(partition: AvroRecord): AvroRecord {
  return {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      required('status', 'int', 0),
      optional('snapshot_id', 'long', 1),
      optional('sequence_number', 'long', 3),
      optional('file_sequence_number', 'long', 4),
      required('data_file', dataFileSchema(partition), 2),
    ],
  };
}

function dataFileSchema(partition: AvroRecord): AvroRecord {
  return {
    type: 'record',
    name: 'r2',
    fields: [
      required('content', 'int', 134),
      required('file_path', 'string', 100),
      required('file_format', 'string', 101),
      required('partition', partition, 102),
      required('record_count', 'long', 103),
      required('file_size_in_bytes', 'long', 104),
      optional('column_sizes', mapOf(117, 118, 'long'), 108),
      optional('value_counts', mapOf(119, 120, 'long'), 109),
      optional('null_value_counts', mapOf(121, 122, 'long'), 110),
      optional('nan_value_counts', mapOf(138, 139, 'long'), 137),
      optional('lower_bounds', mapOf(126, 127, 'bytes'), 125),
      optional('upper_bounds', mapOf(129, 130, 'bytes'), 128),
      optional('sort_order_id', 'int', 140),
    ],
  };
}

/** @param field null for a table that is not partitioned */
export function partitionSchema(
  field: { readonly id: number; readonly name: string; readonly isDate: boolean } | null,
): AvroRecord {
  if (field === null) return { type: 'record', name: 'r102', fields: [] };
  const type: AvroSchema = field.isDate ? { type: 'int', logicalType: 'date' } : 'int';
  return { type: 'record', name: 'r102', fields: [optional(field.name, type, field.id)] };
}

const PARTITION_SUMMARY: AvroRecord = {
  type: 'record',
  name: 'r508',
  fields: [
    required('contains_null', 'boolean', 509),
    optional('contains_nan', 'boolean', 518),
    optional('lower_bound', 'bytes', 510),
    optional('upper_bound', 'bytes', 511),
  ],
};

/** One manifest, as a snapshot's list has it. */
export const MANIFEST_FILE: AvroRecord = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    required('manifest_path', 'string', 500),
    required('manifest_length', 'long', 501),
    required('partition_spec_id', 'int', 502),
    required('content', 'int', 517),
    required('sequence_number', 'long', 515),
    required('min_sequence_number', 'long', 516),
    required('added_snapshot_id', 'long', 503),
    required('added_files_count', 'int', 504),
    required('existing_files_count', 'int', 505),
    required('deleted_files_count', 'int', 506),
    required('added_rows_count', 'long', 512),
    required('existing_rows_count', 'long', 513),
    required('deleted_rows_count', 'long', 514),
    optional('partitions', { type: 'array', items: PARTITION_SUMMARY, 'element-id': 508 }, 507),
  ],
};

function required(name: string, type: AvroSchema, id: number): AvroField {
  return { name, type, 'field-id': id };
}

function optional(name: string, type: AvroSchema, id: number): AvroField {
  return { name, type: ['null', type], default: null, 'field-id': id };
}

/** A map whose keys are no text: an array of pairs, by Iceberg's convention. */
function mapOf(keyId: number, valueId: number, value: AvroSchema): AvroArray {
  return {
    type: 'array',
    logicalType: 'map',
    items: {
      type: 'record',
      name: `k${String(keyId)}_v${String(valueId)}`,
      fields: [required('key', 'int', keyId), required('value', value, valueId)],
    },
  };
}
