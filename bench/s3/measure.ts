/**
 * `npm run bench -- s3`: a lake in a bucket beside one on a disk. What a month of one symbol fetches, by a proxy's count
 * and an independent reading of the footers; what a rotation and an upload take; what a store takes that answers late.
 */
import { join } from 'node:path';
import { type Spread, spreadOf } from '../figures.ts';
import { type BenchTable, createTable, dropTable, fillTable } from '../table.ts';
import {
  askBucket,
  askDisk,
  type FarMonth,
  forgetKept,
  type MonthAsked,
  monthOf,
} from './month.ts';
import {
  beginLake,
  type Cost,
  openS3Scene,
  type Place,
  type PlacedLake,
  type S3Scene,
  tierd,
} from './scene.ts';
import { openUpload, sendByTierd, sendPlainly } from './upload.ts';

export interface S3Options {
  /** Of the month. */
  readonly rows: number;
  readonly rounds: number;
  /** Of the one slice whose memory is watched. */
  readonly largeRows: number;
  readonly uploadBytes: number;
  /** The program of versitygw, where there is one. */
  readonly gateway: string | undefined;
  readonly say: (text: string) => void;
}

export interface S3Report {
  readonly bench: 's3';
  readonly store: string;
  readonly rows: number;
  readonly segments: number;
  /** Medians of the ratios of each round; their spread is in `ratios`. */
  readonly bytes_ratio: number;
  readonly requests_ratio: number;
  readonly upload_ratio: number;
  readonly rotate_ratio: number;
  readonly latency_ratio: number;
  /** The largest of all that were watched. */
  readonly peak_rss_mb: number;
  readonly ratios: Readonly<Record<string, Spread>>;
  readonly month: Readonly<Record<string, number>>;
  readonly month_ms: Readonly<Record<Place, Spread>>;
  readonly upload_mb_per_second: Readonly<Record<string, Spread>>;
  readonly rotation_seconds: Readonly<Record<Place, Spread>>;
  readonly peaks_rss_mb: Readonly<Record<string, number>>;
}

interface Round {
  readonly disk: { readonly seconds: number; readonly month: MonthAsked };
  readonly bucket: { readonly seconds: number; readonly month: FarMonth };
  readonly uploads: readonly { readonly byTierd: number; readonly plainly: number }[];
  readonly queryPeakBytes: number;
}

const TABLE = 'ohlcv';
const LARGE = 'large';
const DAYS = 31;
const DELAY_MS = 20;
const UPLOADS_A_ROUND = 3;
const MEBIBYTE = 1024 ** 2;

export async function benchS3(options: S3Options): Promise<S3Report> {
  const { say } = options;
  const scene = await openS3Scene(options.gateway);
  try {
    const month = await createTable(scene.client, {
      ...shapeOf(scene),
      name: TABLE,
      rows: options.rows,
      days: DAYS,
    });
    say(`${String(month.rows)} rows are in PostgreSQL; the store is ${scene.store.name}`);
    const upload = await openUpload(scene, options.uploadBytes);
    // The first of each warms.
    await sendByTierd(upload);
    await sendPlainly(upload);
    const rounds: Round[] = [];
    for (let turn = 1; turn <= options.rounds; turn += 1) {
      say(`Round ${String(turn)} of ${String(options.rounds)}`);
      const uploads = [];
      for (let at = 0; at < UPLOADS_A_ROUND; at += 1) {
        uploads.push({ plainly: await sendPlainly(upload), byTierd: await sendByTierd(upload) });
      }
      const moved = await moveBoth(scene, month, turn, say);
      rounds.push({ ...moved, uploads });
    }
    await dropTable(scene.client, month);
    const largePeakBytes = await moveLarge(scene, options.largeRows);
    return report(scene.store.name, month.rows, options.uploadBytes, rounds, largePeakBytes);
  } finally {
    await scene.remove();
  }
}

/** By a process of its own, with nothing kept here. */
async function queryOnce(lake: PlacedLake): Promise<Cost> {
  const csv = join(lake.scene.folder, 'month.csv');
  await forgetKept(lake);
  return tierd(lake, 'query', monthOf(TABLE), '--format', 'csv', '--output', csv, '--quiet');
}

/** To a disk and to the bucket, the one first and then the other. */
async function moveBoth(
  scene: S3Scene,
  table: BenchTable,
  turn: number,
  say: (text: string) => void,
): Promise<Omit<Round, 'uploads'>> {
  const toDisk = async (): Promise<Round['disk']> => {
    const { lake, seconds } = await move(scene, 'disk', table);
    return { seconds, month: await askDisk(lake, TABLE) };
  };
  const toBucket = async (): Promise<Round['bucket'] & { readonly queryPeakBytes: number }> => {
    const { lake, seconds } = await move(scene, 'bucket', table);
    const month = await askBucket(lake, TABLE, DELAY_MS);
    const { peakBytes } = await queryOnce(lake);
    return { seconds, month, queryPeakBytes: peakBytes };
  };
  const first = turn % 2 === 1 ? await toDisk() : null;
  const { queryPeakBytes, ...bucket } = await toBucket();
  const disk = first ?? (await toDisk());
  if (disk.month.text !== bucket.month.text) throw new Error('the two answers differ');
  const { requests, bytes, needed } = bucket.month;
  say(
    `  rotation       ${disk.seconds.toFixed(1)} s to the disk, ${bucket.seconds.toFixed(1)} s to the bucket`,
  );
  say(
    `  month          ${String(disk.month.ms)} ms of the disk, ${String(bucket.month.ms)} ms of the bucket`,
  );
  say(
    `  fetched        ${String(bytes)} bytes in ${String(requests)} requests, of ${String(needed.bytes)} bytes in ${String(needed.chunks)} chunks of ${String(needed.files)} files`,
  );
  return { disk, bucket, queryPeakBytes };
}

async function move(
  scene: S3Scene,
  place: Place,
  table: BenchTable,
): Promise<{ readonly lake: PlacedLake; readonly seconds: number; readonly peakBytes: number }> {
  const lake = await beginLake(scene, place, table.name);
  await fillTable(scene.client, table);
  return { lake, ...(await tierd(lake, 'rotate', '--quiet', '--force')) };
}

/** @returns the most memory that the job held */
async function moveLarge(scene: S3Scene, rows: number): Promise<number> {
  const table = await createTable(scene.client, { ...shapeOf(scene), name: LARGE, rows, days: 1 });
  const { peakBytes } = await move(scene, 'bucket', table);
  await dropTable(scene.client, table);
  return peakBytes;
}

function shapeOf({ server }: S3Scene): {
  readonly kind: 'hypertable' | 'partitioned';
  readonly priceType: 'double precision';
} {
  return { kind: server.timescale ? 'hypertable' : 'partitioned', priceType: 'double precision' };
}

function report(
  store: string,
  rows: number,
  uploadBytes: number,
  rounds: readonly Round[],
  largePeakBytes: number,
): S3Report {
  const spread = (of: (one: Round) => number, digits: number): Spread =>
    spreadOf(rounds.map(of), digits);
  const uploads = rounds.flatMap((one) => one.uploads);
  const ratios = {
    bytes_ratio: spread(({ bucket: { month } }) => month.bytes / month.needed.bytes, 3),
    requests_ratio: spread(
      ({ bucket: { month } }) => month.requests / (month.needed.chunks + 2 * month.needed.files),
      3,
    ),
    upload_ratio: spreadOf(
      uploads.map(({ byTierd, plainly }) => plainly / byTierd),
      2,
    ),
    rotate_ratio: spread(({ disk, bucket }) => disk.seconds / bucket.seconds, 2),
    latency_ratio: spread(({ disk, bucket }) => bucket.month.ms / disk.month.ms, 2),
  };
  const megabytes = (bytes: number): number => Math.round(bytes / MEBIBYTE);
  const peaks = {
    rotation: megabytes(largePeakBytes),
    query: megabytes(Math.max(...rounds.map(({ queryPeakBytes }) => queryPeakBytes))),
  };
  const month = rounds.at(-1)?.bucket.month;
  const rateOf = (seconds: number): number => uploadBytes / MEBIBYTE / seconds;
  return {
    bench: 's3',
    store,
    rows,
    segments: month?.needed.files ?? 0,
    bytes_ratio: ratios.bytes_ratio.median,
    requests_ratio: ratios.requests_ratio.median,
    upload_ratio: ratios.upload_ratio.median,
    rotate_ratio: ratios.rotate_ratio.median,
    latency_ratio: ratios.latency_ratio.median,
    peak_rss_mb: Math.max(peaks.rotation, peaks.query),
    ratios,
    month: {
      bytes: month?.bytes ?? 0,
      requests: month?.requests ?? 0,
      needed_bytes: month?.needed.bytes ?? 0,
      needed_chunks: month?.needed.chunks ?? 0,
    },
    month_ms: {
      disk: spread(({ disk }) => disk.month.ms, 1),
      bucket: spread(({ bucket }) => bucket.month.ms, 1),
    },
    upload_mb_per_second: {
      tierd: spreadOf(uploads.map(({ byTierd }) => rateOf(byTierd))),
      plain: spreadOf(uploads.map(({ plainly }) => rateOf(plainly))),
    },
    rotation_seconds: {
      disk: spread(({ disk }) => disk.seconds, 1),
      bucket: spread(({ bucket }) => bucket.seconds, 1),
    },
    peaks_rss_mb: peaks,
  };
}
