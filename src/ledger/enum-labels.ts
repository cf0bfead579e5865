/** What the labels of a dataset's enums were called when rows of it were written into the lake. */
import type { EnumLabel } from '../domain/lake/enum-labels.ts';
import type { Queryable } from './queryable.ts';

/** By the column's field id. */
export type LabelsByField = ReadonlyMap<number, readonly EnumLabel[]>;

export async function listEnumLabels(db: Queryable, dataset: string): Promise<LabelsByField> {
  const { rows } = await db.query<{
    field_id: number;
    type_identity: string;
    label_number: string;
    label: string;
  }>(
    `select field_id, type_identity, label_number, label from tierd.enum_labels
     where dataset = $1 order by noted_at, label_number`,
    [dataset],
  );
  const byField = new Map<number, EnumLabel[]>();
  for (const { field_id: id, type_identity: typeIdentity, label_number: number, label } of rows) {
    const one = { typeIdentity, number: Number(number), label };
    byField.set(id, [...(byField.get(id) ?? []), one]);
  }
  return byField;
}

/** Beside those that are noted. In a transaction, under the dataset's lease. */
export async function noteEnumLabels(
  db: Queryable,
  dataset: string,
  labels: LabelsByField,
): Promise<void> {
  const rows = [...labels].flatMap(([field_id, some]) =>
    some.map(({ typeIdentity, number, label }) => ({
      ...{ field_id, type_identity: typeIdentity, label_number: number, label },
    })),
  );
  await db.query(
    `insert into tierd.enum_labels (dataset, field_id, type_identity, label_number, label)
     select $1, l.field_id, l.type_identity, l.label_number, l.label
     from jsonb_to_recordset($2::jsonb) as l (field_id int, type_identity text, label_number int8, label text)
     on conflict do nothing`,
    [dataset, JSON.stringify(rows)],
  );
}
