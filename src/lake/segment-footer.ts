/** What a segment says of itself in its footer, read from wherever it lies and without its rows. */
import { z } from 'zod';
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { SliceFingerprint } from '../domain/fingerprint.ts';
import type { TimeRange } from '../domain/time/time-range.ts';
import { objectBuffer } from './object-buffer.ts';
import type { ReadableStore } from './object-store.ts';
import { checkFooter, readFooter } from './segment/parquet-footer.ts';

export interface SegmentFooter {
  readonly dataset: string;
  readonly table: string;
  readonly range: TimeRange;
  readonly generation: number;
  readonly moveId: string;
  /** Of the whole slice, and so is the fingerprint. */
  readonly sliceRows: number;
  readonly fingerprint: SliceFingerprint;
  /** Null where a version wrote it that did not say how each column is held. */
  readonly columns: readonly ColumnPlan[] | null;
  /** Of this file. */
  readonly rows: number;
  /** As of `SegmentFacts`. */
  readonly footerBytes: number;
}

const fingerprintSchema = z.object({
  rows: z.number(),
  rowHash: z.string(),
  columns: z.array(z.object({ name: z.string(), nulls: z.number(), values: z.string() })),
});
const rangeSchema = z
  .string()
  .transform((text) => text.split('/').map((at) => Date.parse(at)))
  .pipe(z.tuple([z.number(), z.number()]));
const planSchema = z.array(
  z.looseObject({
    name: z.string(),
    postgresType: z.string(),
    select: z.string(),
    duckdbType: z.string(),
    held: z.looseObject({ kind: z.string() }),
  }),
);
const metadataSchema = z.object({
  'tierd.dataset': z.string(),
  'tierd.table': z.string(),
  'tierd.range': rangeSchema,
  'tierd.generation': z.coerce.number().int().positive(),
  'tierd.move': z.guid(),
  'tierd.slice_rows': z.coerce.number().int().positive(),
  'tierd.slice_fingerprint': z.preprocess(parseJson, fingerprintSchema),
  'tierd.plan': z.preprocess(parseJson, planSchema).optional(),
});

/** Behind the footer are its length and the magic. */
const END_BYTES = 8;

/** So much of a file's end is read at once: enough for the footer of most. */
const TAIL_BYTES = 64 * 1024;

/**
 * Null where tierd did not write it.
 * @throws TierdError VERIFY_MISMATCH where it is no Parquet file, or its footer is not of the columns that it names;
 *   OBJECT_MISSING, LAKE_UNREADABLE
 */
export async function readSegmentFooter(
  store: ReadableStore,
  key: string,
  bytes: number,
): Promise<SegmentFooter | null> {
  const footer = await readFooter(objectBuffer(store, key, bytes), key, TAIL_BYTES);
  const parsed = metadataSchema.safeParse(
    Object.fromEntries(footer.key_value_metadata?.map(({ key, value }) => [key, value]) ?? []),
  );
  if (!parsed.success) return null;
  const { data } = parsed;
  const [fromInclusive, toExclusive] = data['tierd.range'];
  const rows = Number(footer.num_rows);
  const columns = (data['tierd.plan'] ?? null) as readonly ColumnPlan[] | null;
  if (columns !== null) {
    checkFooter(footer, { path: key, rows, columns, metadata: {}, codec: null });
  }
  return {
    dataset: data['tierd.dataset'],
    table: data['tierd.table'],
    range: { fromInclusive, toExclusive },
    generation: data['tierd.generation'],
    moveId: data['tierd.move'],
    sliceRows: data['tierd.slice_rows'],
    fingerprint: data['tierd.slice_fingerprint'],
    columns,
    rows,
    footerBytes: footer.metadata_length + END_BYTES,
  };
}

function parseJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    // Not JSON is not of the shape either, which is told by the schema.
    return null;
  }
}
