/**
 * A lake of very many segments of one row each, an hour each. A rotation would take an hour for 100,000: each
 * is made of the bytes of one that a rotation wrote, with its own time, its own sums and its own name. That they
 * are what a rotation would have written is for `tierd scrub` to say.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FingerprintBuilder } from '../../src/domain/fingerprint/builder.ts';
import { compareFingerprints, type SliceFingerprint } from '../../src/domain/fingerprint.ts';
import type { KeptSlice } from '../../src/domain/lake/lake-manifest.ts';
import { HOUR_MS, type TimeRange } from '../../src/domain/time/time-range.ts';
import { segmentKey } from '../../src/lake/layout.ts';
import { enterSlices } from '../../src/ledger/adoption.ts';
import { listKeptSlices } from '../../src/ledger/manifest.ts';
import { beginCare, type Care, type CareScene, tierd } from './scene.ts';

export const MANY = 'many';

const FIRST_MONTH = '2010-01';
const FIRST_HOUR = Date.parse(`${FIRST_MONTH}-01T00:00:00Z`);
const AT_ONCE = 2000;
/** PostgreSQL counts microseconds from 2000. */
const EPOCH_MS = Date.UTC(2000, 0, 1);

export async function makeManySegments(scene: CareScene, count: number): Promise<Care> {
  const { client } = scene;
  const care = await beginCare(scene, MANY, 'slice: hour, hot_days: 30');
  await client.query(`drop table if exists ${MANY}`);
  await client.query(
    `create table ${MANY} (time timestamptz not null, symbol text not null, close double precision not null)`,
  );
  await rotateRow(care, FIRST_HOUR);
  const [first] = await listKeptSlices(client, MANY, FIRST_MONTH);
  if (first === undefined) throw new Error('the rotation left no slice');
  const mould = await openMould(care, first);
  for (let from = 1; from < count - 1; from += AT_ONCE) {
    const hours = Array.from(
      { length: Math.min(AT_ONCE, count - 1 - from) },
      (_, index) => FIRST_HOUR + (from + index) * HOUR_MS,
    );
    const slices = await Promise.all(hours.map((at) => mould.cast(at)));
    await enterSlices(client, MANY, first.moveId, slices);
  }
  // The last is one that changes the ledger, after which the manifest is written.
  await rotateRow(care, FIRST_HOUR + (count - 1) * HOUR_MS);
  return care;
}

async function rotateRow(care: Care, at: number): Promise<void> {
  await care.scene.client.query(`insert into ${MANY} values ($1, 'S00007', 101.25)`, [
    new Date(at).toISOString(),
  ]);
  await tierd(care, 'rotate', '--quiet', '--force');
}

interface Mould {
  cast(at: number): Promise<KeptSlice>;
}

async function openMould({ store }: Care, first: KeptSlice): Promise<Mould> {
  const [segment] = first.segments;
  if (segment === undefined) throw new Error('the slice has no segment');
  const bytes = await readFile(store.locate(segment.key));
  const marks = marksOf(FIRST_HOUR, first.range, first.fingerprint).map((mark) => ({
    mark,
    places: placesOf(bytes, mark),
  }));
  if (marks.some(({ places }) => places.length === 0))
    throw new Error('a segment does not say what it should');
  if (compareFingerprints(first.fingerprint, fingerprintAt(first, FIRST_HOUR)).length > 0)
    throw new Error('the sums of a row are not those that the rotation has');
  const names = first.columns.map(({ name }) => name);
  return {
    async cast(at) {
      const range = { fromInclusive: at, toExclusive: at + HOUR_MS };
      const fingerprint = fingerprintAt(first, at);
      const own = Buffer.from(bytes);
      for (const [index, mark] of marksOf(at, range, fingerprint).entries()) {
        for (const place of marks[index]?.places ?? []) mark.copy(own, place);
      }
      const sha256 = createHash('sha256').update(own).digest('hex');
      const key = segmentKey(MANY, range, 'hour', sha256, names);
      const path = store.locate(key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, own);
      const time = `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}+00`;
      const [minTimeUs, maxTimeUs] = [BigInt(at) * 1000n, BigInt(at) * 1000n];
      const statistics = { ...segment.statistics, time: { min: time, max: time } };
      const facts = { key, sha256, statistics, minTimeUs, maxTimeUs };
      return { ...first, range, fingerprint, segments: [{ ...segment, ...facts }] };
    },
  };
}

/** What differs from file to file; of the same length in all. */
function marksOf(
  at: number,
  { fromInclusive, toExclusive }: TimeRange,
  { rowHash, columns }: SliceFingerprint,
): readonly Buffer[] {
  const micros = Buffer.alloc(8);
  micros.writeBigInt64LE(BigInt(at) * 1000n);
  const iso = (time: number): string => new Date(time).toISOString();
  const time = columns.find(({ name }) => name === 'time');
  return [
    micros,
    Buffer.from(`${iso(fromInclusive)}/${iso(toExclusive)}`),
    Buffer.from(rowHash),
    Buffer.from(time?.values ?? ''),
  ];
}

function placesOf(bytes: Buffer, mark: Buffer): readonly number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) places.push(at);
  return places;
}

/** Of the row of an hour, from the bytes that PostgreSQL would send. */
function fingerprintAt({ columns }: KeptSlice, at: number): SliceFingerprint {
  const time = Buffer.alloc(8);
  time.writeBigInt64BE(BigInt(at - EPOCH_MS) * 1000n);
  const close = Buffer.alloc(8);
  close.writeDoubleBE(101.25);
  const values: Readonly<Record<string, Buffer>> = { time, symbol: Buffer.from('S00007'), close };
  const names = columns.map(({ name }) => name);
  const builder = new FingerprintBuilder(names, 1);
  for (const [index, name] of names.entries()) {
    const value = values[name] ?? Buffer.alloc(0);
    const view = new DataView(new Uint8Array(value).buffer);
    const bytes = { view, offsets: Int32Array.of(0), lengths: Int32Array.of(value.length) };
    builder.addColumn(index, bytes, 0, 1);
  }
  builder.endBatch(1);
  return builder.finish();
}
