/**
 * The few calls that a lake in a bucket makes, each one request and no second try. They come in
 * through this one door, so that whoever composes the program can wrap each effect, as with the
 * file system of a local lake. What failed is an `S3Failure`; nothing else is thrown but an abort.
 */
import type { ByteRange } from '../file-system.ts';
import type { ListedObject } from '../object-store.ts';

export interface S3Api {
  /** `s3://bucket/prefix`, without a slash at its end. */
  readonly place: string;

  // Effects
  /** Never over what is there, where the server honours it. @param sha256 in base64 */
  put(key: string, body: Uint8Array, sha256: string, signal?: AbortSignal): Promise<void>;
  /** @returns the upload's id */
  createUpload(key: string, signal?: AbortSignal): Promise<string>;
  uploadPart(
    upload: Upload,
    partNumber: number,
    body: Uint8Array,
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
