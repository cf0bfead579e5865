/**
 * The proof that published segments hold what PostgreSQL sent (I1). Nothing is taken on trust from
 * the writer: the bytes are hashed again, the footer is read by another reader, and every value is
 * read back, turned into the bytes PostgreSQL would send for it, and fingerprinted.
 */
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { MAX_BATCH_ROWS } from '../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { ParquetCodec, VerifyLevel } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import {
  addFingerprints,
  compareFingerprints,
  emptyFingerprint,
  type SliceFingerprint,
} from '../domain/fingerprint.ts';
import { HeldRows, type ProvenSegment, ProvenSegments } from '../domain/plan/proof.ts';
import { PROOF_KEY } from '../domain/plan/proof-key.ts';
import { checksumOf } from './checksum.ts';
import { fingerprintMatched, type Meeting } from './cold-matches.ts';
import type { FileSystem } from './file-system.ts';
import { reading } from './lake-failure.ts';
import type { DuckEngine } from './segment/duckdb.ts';
import { bytesToRead } from './segment/memory-shares.ts';
import { verifyMismatch } from './segment/mismatch.ts';
import { checkFooter, readFooter } from './segment/parquet-footer.ts';
import { fingerprintByDuckdb } from './segment/read-by-duckdb.ts';
import { fingerprintByHyparquet } from './segment/read-by-hyparquet.ts';
import { checkNullCounts, StatisticsCheck } from './segment/statistics-check.ts';
import { isOwnFailure, verifyImpossible } from './segment/unverifiable.ts';

export interface VerifyOptions {
  readonly engine: DuckEngine;
  readonly fs: FileSystem;
  /** Where they were published, in any order: all files of the slice. */
  readonly segments: readonly PublishedSegment[];
  readonly columns: readonly ColumnPlan[];
  /** What must be in every footer's key/value metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What every column must be compressed with; null where the files are of before. */
  readonly codec: ParquetCodec | null;
  /** The export's. */
  readonly expected: SliceFingerprint;
  readonly level: VerifyLevel;
  readonly signal: AbortSignal;
}

export interface PublishedSegment {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
}

/**
 * Reads every file whole, twice. Throws VERIFY_MISMATCH, which names the file, the column, what was
 * expected and what was found; LAKE_UNREADABLE; INTERRUPTED. Changes nothing.
 */
export async function verifySegments(options: VerifyOptions): Promise<ProvenSegments> {
  const { segments, columns, expected } = options;
  const names = columns.map((plan) => plan.name);
  let total = emptyFingerprint(names);
  const proven: ProvenSegment[] = [];
  for (const segment of segments) {
    await verifyBytes(options, segment);
    const footer = await checkedFooter(options, segment);
    const fingerprint = await fingerprintOf(options, segment, footer);
    if (fingerprint.rows !== segment.rows) {
      throw mismatch(segment, 'rows', segment.rows, fingerprint.rows);
    }
    checkNullCounts(segment.path, footer, fingerprint);
    total = addFingerprints(total, fingerprint);
    proven.push({ ...segment, fingerprint });
  }
  const [first] = compareFingerprints(expected, total);
  if (first !== undefined) {
    throw verifyMismatch({ ...first, file: segments.map(({ path }) => path).join(', ') });
  }
  return new ProvenSegments(PROOF_KEY, proven, total);
}

/**
 * The proof that live segments hold all of some late rows: those of their rows that have the late
 * rows' keys are read back, and are what PostgreSQL sent. Null when they are not the same.
 */
export async function proveHeld(
  meetings: readonly { readonly meeting: Meeting; readonly keys: readonly string[] }[],
  expected: SliceFingerprint,
): Promise<HeldRows | null> {
  let total = emptyFingerprint(expected.columns.map(({ name }) => name));
  for (const { meeting } of meetings) {
    total = addFingerprints(total, await fingerprintMatched(meeting, 'cold'));
  }
  if (compareFingerprints(expected, total).length > 0) return null;
  return new HeldRows(
    PROOF_KEY,
    meetings.flatMap(({ keys }) => keys),
    total,
  );
}

/** That a segment's bytes are those that were published. Throws VERIFY_MISMATCH, LAKE_UNREADABLE. */
export async function verifyBytes(
  options: Pick<VerifyOptions, 'fs' | 'signal'>,
  segment: Omit<PublishedSegment, 'rows'>,
): Promise<void> {
  const { fs, signal } = options;
  const found = await reading(`read ${segment.path}`, () =>
    checksumOf(fs.read(segment.path, null, signal)),
  );
  if (found.bytes !== segment.bytes) throw mismatch(segment, 'bytes', segment.bytes, found.bytes);
  if (found.sha256 !== segment.sha256) {
    throw mismatch(segment, 'SHA-256', segment.sha256, found.sha256);
  }
}

async function checkedFooter(
  options: VerifyOptions,
  segment: PublishedSegment,
): Promise<FileMetaData> {
  const { columns, metadata, codec } = options;
  const footer = await readFooter(fileBuffer(options, segment), segment.path);
  checkFooter(footer, { path: segment.path, rows: segment.rows, columns, metadata, codec });
  return footer;
}

async function fingerprintOf(
  { engine, fs, columns, level, signal }: VerifyOptions,
  segment: PublishedSegment,
  footer: FileMetaData,
): Promise<SliceFingerprint> {
  const { path } = segment;
  const statistics = new StatisticsCheck(path, footer, columns);
  try {
    if (level === 'standard') {
      const { rows } = segment;
      return await engine.memory.hold(bytesToVerify(footer, engine.memoryLimitBytes), () =>
        fingerprintByDuckdb({ engine, path, rows, columns, statistics, signal }),
      );
    }
    const file = fileBuffer({ fs, signal }, segment);
    return await fingerprintByHyparquet({ file, path, footer, columns, statistics, signal });
  } catch (cause) {
    if (cause instanceof TierdError) throw cause;
    if (isOwnFailure(cause)) throw verifyImpossible(path, cause);
    const found = cause instanceof Error ? cause.message : String(cause);
    const what = 'reading its values';
    throw verifyMismatch({ file: path, column: null, what, expected: 'possible', found, cause });
  }
}

function bytesToVerify({ row_groups: groups }: FileMetaData, limitBytes: number): number {
  const needs = groups.map((group) => {
    const isWide = Number(group.num_rows) < MAX_BATCH_ROWS;
    return bytesToRead(Number(group.total_byte_size), isWide, limitBytes);
  });
  return Math.max(0, ...needs);
}

/** The file as hyparquet wants it. */
function fileBuffer(
  { fs, signal }: Pick<VerifyOptions, 'fs' | 'signal'>,
  { path, bytes }: PublishedSegment,
): AsyncBuffer {
  return {
    byteLength: bytes,
    async slice(start, end = bytes) {
      const whole = new Uint8Array(end - start);
      let at = 0;
      await reading(`read ${path}`, async () => {
        const range = { fromInclusive: start, toExclusive: end };
        for await (const chunk of fs.read(path, range, signal)) {
          whole.set(chunk, at);
          at += chunk.length;
        }
      });
      return whole.buffer;
    },
  };
}

function mismatch(
  { path }: Pick<PublishedSegment, 'path'>,
  what: string,
  expected: string | number,
  found: string | number,
): TierdError {
  const figures = { expected: String(expected), found: String(found) };
  return verifyMismatch({ file: path, column: null, what, ...figures });
}
