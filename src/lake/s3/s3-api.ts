/**
 * The few calls that a lake in a bucket makes, each one request and no second try. They come in
 * through this one door, so that whoever composes the program can wrap each effect, as with the
 * file system of a local lake. What failed is an `S3Failure`; nothing else is thrown but an abort.
 */
import type { ByteRange } from '../file-system.ts';
import type { ListedObject } from '../object-store.ts';
import type { LifecycleRule } from './lifecycle.ts';

export interface S3Api {
  /** `s3://bucket/prefix`, without a slash at its end. */
  readonly place: string;
  /** So long what fails in passing is worth trying again: not at all before the store has answered once. */
  readonly retryForMs: number;

  // Effects
  /** Never over what is there, where the server honours it. @param sha256 in base64 */
  put(key: string, body: Uint8Array, sha256: string, signal?: AbortSignal): Promise<void>;
  /** @returns the upload's id */
  createUpload(key: string, signal?: AbortSignal): Promise<string>;
  uploadPart(
    upload: Upload,
    partNumber: number,
    body: StreamedBody,
    sha256: string,
    signal?: AbortSignal,
  ): Promise<UploadedPart>;
  /** Never over what is there, where the server honours it. */
  completeUpload(
    upload: Upload,
    parts: readonly UploadedPart[],
    signal?: AbortSignal,
  ): Promise<void>;
  abortUpload(upload: Upload): Promise<void>;
  remove(key: string): Promise<void>;

  // Looks
  head(key: string, signal?: AbortSignal): Promise<{ readonly bytes: number } | null>;
  /** What the server keeps of the object, which takes the right to decrypt one that is encrypted by a key. */
  checksum(key: string, signal?: AbortSignal): Promise<S3Checksum | null>;
  /**
   * The bytes of `range`, or all. `toExclusive` may lie beyond the end.
   * @param version that of an earlier answer: of another one nothing is wanted, where the server honours it
   */
  get(
    key: string,
    range: ByteRange | null,
    signal?: AbortSignal,
    version?: string | null,
  ): Promise<S3Body>;
  /** In the order of the keys' UTF-8 bytes. `after`: only keys behind that one. */
  list(prefix: string, after: string | null, signal?: AbortSignal): Promise<ListedPage>;
  /** The uploads that were begun below `prefix` and neither completed nor aborted. */
  listUploads(prefix: string): Promise<readonly Upload[]>;
  /** Rules of the bucket by which it removes or moves what is below the place. */
  lifecycle(): Promise<readonly LifecycleRule[]>;
}

/** A body that is read while it is sent. */
export interface StreamedBody {
  readonly byteLength: number;
  /** From its beginning, each time; a chunk is good until the next one is asked for. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

export interface Upload {
  readonly key: string;
  readonly uploadId: string;
}

export interface UploadedPart {
  readonly partNumber: number;
  readonly etag: string;
  /** In base64. */
  readonly sha256: string;
}

export interface S3Checksum {
  readonly bytes: number;
  /** Null where the server keeps none. As the server has it: in base64, of an object that came in parts followed by a dash and their number. */
  readonly sha256: string | null;
}

export interface S3Body {
  /** Of this answer. */
  readonly bytes: number;
  /** Of the whole object. */
  readonly objectBytes: number;
  /** Its ETag: another one is of another object. Null where the server has said none. */
  readonly version: string | null;
  /** Must be read to its end or left by `return`, else its connection stays taken. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface ListedPage {
  readonly objects: readonly ListedObject[];
  readonly isLast: boolean;
}
