/**
 * `_tierd_manifest/<dataset>/head-00000042.json` names the parts of a manifest,
 * `…/part-2024-01-<content id>.json.gz`: slices and segments of a month. Nothing is replaced: a part whose month
 * did not change is named by the next head as well.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { SliceFingerprint } from '../domain/fingerprint.ts';
import type { KeptSlice, ManifestHead } from '../domain/lake/lake-manifest.ts';
import { MANIFEST_DIRECTORY } from './object-key.ts';
import type { ObjectStore, ReadableStore } from './object-store.ts';
import { readSmall, readWhole } from './read-small.ts';

/** So many of a dataset stay: the newest, and those before it, should it not be readable. */
const KEPT_HEADS = 3;
const NUMBER_DIGITS = 8;
const CONTENT_ID_DIGITS = 12;

const digits = z.string().regex(/^-?\d+$/);
/** Milliseconds; of the ledger's clock with a fraction. */
const time = z.number();
const rangeSchema = z.object({ fromInclusive: time, toExclusive: time });

const headSchema = z.object({
  tierdManifest: z.literal(1),
  dataset: z.string(),
  number: z.number().int().positive(),
  lakeId: z.string(),
  ledgerId: z.string(),
  epoch: z.number().int(),
  at: time,
  table: z.string(),
  columns: z.array(
    z.object({
      fieldId: z.number().int().positive(),
      name: z.string(),
      firstName: z.string(),
      postgresType: z.string(),
      attnum: z.number().int(),
      tableIdentity: z.string(),
      isDropped: z.boolean(),
    }),
  ),
  holds: z.array(
    z.object({
      id: digits,
      dataset: z.string(),
      range: rangeSchema.nullable(),
      reason: z.string(),
      by: z.string(),
      since: time,
      until: time.nullable(),
    }),
  ),
  pins: z.array(z.object({ range: rangeSchema, until: time.nullable() })),
  // Manifests from before datasets could be renamed have neither.
  formerNames: z.array(z.string()).default([]),
  renamedTo: z.string().nullable().default(null),
  audit: z.object({ number: digits.transform(BigInt), hash: z.string() }).nullable(),
  parts: z.array(
    z.object({
      month: z.string(),
      digest: z.string(),
      segments: z.number().int(),
      key: z.string(),
      sha256: z.string(),
    }),
  ),
});

/** By names that users chose: a record of zod's leaves out what is called `__proto__`. */
const byColumn = <Value extends z.ZodType>(value: Value) =>
  z
    .preprocess(
      (given) => (typeof given === 'object' && given !== null ? Object.entries(given) : given),
      z.array(z.tuple([z.string(), value])),
    )
    .transform((entries) => Object.fromEntries(entries) as Record<string, z.output<Value>>);

const bound = z.string().nullable();
const countByColumn = byColumn(z.number().int());
const partSchema = z.object({
  tierdManifestPart: z.literal(1),
  /** Slices name theirs by its place here: most have the same. */
  columns: z.array(z.array(z.looseObject({ name: z.string() }))),
  slices: z.array(
    z.object({
      range: rangeSchema,
      generation: z.number().int().positive(),
      moveId: z.string(),
      rows: digits.transform(BigInt),
      fingerprint: z.looseObject({ rows: z.number(), rowHash: z.string() }),
      columns: z.number().int(),
      // Manifests from before this was written do not say it.
      isRestored: z.boolean().default(false),
      segments: z.array(
        z.object({
          key: z.string(),
          state: z.enum(['live', 'retired']),
          sha256: z.string().regex(/^[0-9a-f]{64}$/),
          rows: digits.transform(BigInt),
          bytes: digits.transform(BigInt),
          minTimeUs: digits.transform(BigInt),
          maxTimeUs: digits.transform(BigInt),
          statistics: byColumn(z.object({ min: bound, max: bound })),
          // Manifests from before these were noted have none.
          counts: z.object({ nulls: countByColumn, nans: countByColumn }).nullable().default(null),
          footerBytes: z.number().int().positive().nullable().default(null),
        }),
      ),
    }),
  ),
});

export interface WrittenPart {
  readonly key: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

export async function writePart(
  dataset: string,
  month: string,
  slices: readonly KeptSlice[],
): Promise<WrittenPart> {
  const bytes = await encodeSlices(slices);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const key = `${folderOf(dataset)}part-${month}-${sha256.slice(0, CONTENT_ID_DIGITS)}.json.gz`;
  return { key, sha256, bytes };
}

/** Columns are written once for all slices that have the same. */
export function encodeSlices(slices: readonly KeptSlice[]): Promise<Uint8Array> {
  const columns: string[] = [];
  const placed = slices.map((slice) => {
    const text = JSON.stringify(slice.columns);
    const at = columns.indexOf(text);
    return { ...slice, columns: at === -1 ? columns.push(text) - 1 : at };
  });
  const document = {
    tierdManifestPart: 1,
    columns: columns.map((text) => JSON.parse(text) as unknown),
    slices: placed,
  };
  return promisify(gzip)(stringify(document));
}

/** Null where it is nothing that `encodeSlices` of this version made. */
export async function decodeSlices(bytes: Uint8Array): Promise<readonly KeptSlice[] | null> {
  const part = parsed(partSchema, (await promisify(gunzip)(bytes)).toString('utf8'));
  if (part === null) return null;
  const columns = part.columns as unknown as readonly ColumnPlan[][];
  return part.slices.map((slice) => ({
    ...slice,
    fingerprint: slice.fingerprint as unknown as SliceFingerprint,
    columns: columns[slice.columns] ?? [],
  }));
}

export function writeHead(head: ManifestHead): { readonly key: string; readonly text: string } {
  const key = `${folderOf(head.dataset)}head-${String(head.number).padStart(NUMBER_DIGITS, '0')}.json`;
  return { key, text: `${stringify({ tierdManifest: 1, ...head })}\n` };
}

const stringify = (document: unknown): string =>
  JSON.stringify(document, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );

/** What lies in the folder of a dataset's manifests. */
export interface ManifestFolder {
  /** Newest first. */
  readonly heads: readonly string[];
  readonly parts: readonly string[];
}

/** @throws TierdError LAKE_UNREADABLE */
export async function listManifests(store: ObjectStore, dataset: string): Promise<ManifestFolder> {
  const [heads, parts]: [string[], string[]] = [[], []];
  for await (const { key } of store.list(folderOf(dataset))) {
    const name = key.slice(folderOf(dataset).length);
    if (/^head-\d+\.json$/.test(name)) heads.push(key);
    else if (/^part-.*\.json\.gz$/.test(name)) parts.push(key);
  }
  return { heads: heads.sort().reverse(), parts };
}

/** The datasets of which there is a manifest. @throws TierdError LAKE_UNREADABLE */
export async function listNamed(store: ObjectStore): Promise<readonly string[]> {
  const names = new Set<string>();
  for await (const { key } of store.list(`${MANIFEST_DIRECTORY}/`)) {
    const [, name, file] = key.split('/');
    if (name !== undefined && file !== undefined) names.add(name);
  }
  return [...names].sort();
}

/** Of the key of a head. */
export function numberOf(headKey: string): number {
  return Number(/head-(\d+)\.json$/.exec(headKey)?.[1] ?? 0);
}

/** Null where it is nothing that this version of tierd wrote there. @throws TierdError LAKE_UNREADABLE */
async function readHead(store: ReadableStore, key: string): Promise<ManifestHead | null> {
  const head = parsed(headSchema, await readSmall(store, key));
  // Copied from another dataset's folder it would make that one's segments this one's.
  return head !== null && key.startsWith(folderOf(head.dataset)) ? head : null;
}

/** The newest that can be read; null where there is none. @throws TierdError LAKE_UNREADABLE */
export async function newestHead(
  store: ReadableStore,
  { heads }: ManifestFolder,
): Promise<ManifestHead | null> {
  for (const key of heads) {
    const head = await readHead(store, key);
    if (head !== null) return head;
  }
  return null;
}

/** Null where it is gone, or not what the head names. @throws TierdError LAKE_UNREADABLE */
export async function readPart(
  store: ReadableStore,
  { key, sha256 }: { readonly key: string; readonly sha256: string },
): Promise<readonly KeptSlice[] | null> {
  if ((await store.stat(key)) === null) return null;
  const bytes = await readWhole(store, key);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) return null;
  return decodeSlices(bytes);
}

/**
 * What no head that is kept needs: parts whose head was never written, too.
 *
 * @param kept the newest heads
 * @param outdated those of them that are to go as well
 */
export function needlessManifests(
  { heads, parts }: ManifestFolder,
  kept: readonly ManifestHead[],
  outdated: readonly ManifestHead[],
): readonly string[] {
  const staying = kept.filter((head) => !outdated.includes(head));
  const named = new Set(staying.flatMap((head) => head.parts.map(({ key }) => key)));
  const going = new Set(outdated.map(({ number }) => number));
  // Heads first: one whose parts are gone would be taken for a manifest.
  return [
    ...heads.filter((key, index) => index >= KEPT_HEADS || going.has(numberOf(key))),
    ...parts.filter((key) => !named.has(key)),
  ];
}

/** The newest heads, which stay. */
export async function readKeptHeads(
  store: ReadableStore,
  { heads }: ManifestFolder,
): Promise<readonly ManifestHead[]> {
  const kept: ManifestHead[] = [];
  for (const key of heads.slice(0, KEPT_HEADS)) {
    const head = await readHead(store, key);
    if (head !== null) kept.push(head);
  }
  return kept;
}

const folderOf = (dataset: string): string => `${MANIFEST_DIRECTORY}/${dataset}/`;

function parsed<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // Neither JSON nor of this shape: nothing that was written here.
    return null;
  }
}
