/**
 * The calls of `S3Api` by the AWS SDK, which is loaded with the first of them: 140 ms and 22 MB
 * that an idle daemon need not carry.
 *
 * The SDK's own retries are off. It sends a conditional PUT again whose answer was lost, is told
 * 412, and so turns its own success into a failure: who calls decides what to do next.
 */
import type * as Sdk from '@aws-sdk/client-s3';
import type { S3Target } from '../../domain/lake/s3-target.ts';
import type { ByteRange } from '../file-system.ts';
import { bodyChunks } from './body-chunks.ts';
import { type LoadedSdk, loadSdk } from './load-sdk.ts';
import type { ListedPage, S3Api, S3Body, Upload, UploadedPart } from './s3-api.ts';
import { isS3Failure } from './s3-failure.ts';
import { failureOf } from './sdk-failure.ts';

/** Connects to nothing yet. */
export function openS3Api(target: S3Target): S3Api {
  return new SdkApi(target);
}

class SdkApi implements S3Api {
  readonly place: string;
  readonly #target: S3Target;
  readonly #root: string;
  #loaded: Promise<LoadedSdk> | null = null;

  constructor(target: S3Target) {
    this.#target = target;
    this.#root = target.prefix === '' ? '' : `${target.prefix}/`;
    this.place = `s3://${target.bucket}${target.prefix === '' ? '' : `/${target.prefix}`}`;
  }

  async put(key: string, body: Uint8Array, sha256: string, signal?: AbortSignal): Promise<void> {
    await this.#call(signal, ({ sdk, client }, options) =>
      client.send(
        new sdk.PutObjectCommand({
          ...this.#newObject(key),
          Body: body,
          ContentLength: body.byteLength,
          ChecksumSHA256: sha256,
          IfNoneMatch: '*',
        }),
        options,
      ),
    );
  }

  async createUpload(key: string, signal?: AbortSignal): Promise<string> {
    const answer = await this.#call(signal, ({ sdk, client }, options) =>
      client.send(
        new sdk.CreateMultipartUploadCommand({
          ...this.#newObject(key),
          ChecksumAlgorithm: 'SHA256',
        }),
        options,
      ),
    );
    return given(answer.UploadId, 'UploadId');
  }

  async uploadPart(
    upload: Upload,
    partNumber: number,
    body: Uint8Array,
    sha256: string,
    signal?: AbortSignal,
  ): Promise<UploadedPart> {
    const answer = await this.#call(signal, ({ sdk, client }, options) =>
      client.send(
        new sdk.UploadPartCommand({
          ...this.#at(upload.key),
          UploadId: upload.uploadId,
          PartNumber: partNumber,
          Body: body,
          ContentLength: body.byteLength,
          ChecksumSHA256: sha256,
        }),
        options,
      ),
    );
    return { partNumber, etag: given(answer.ETag, 'ETag'), sha256 };
  }

  async completeUpload(
    upload: Upload,
    parts: readonly UploadedPart[],
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#call(signal, ({ sdk, client }, options) =>
      client.send(
        new sdk.CompleteMultipartUploadCommand({
          ...this.#at(upload.key),
          UploadId: upload.uploadId,
          MultipartUpload: {
            Parts: parts.map(({ partNumber, etag, sha256 }) => ({
              PartNumber: partNumber,
              ETag: etag,
              ChecksumSHA256: sha256,
            })),
          },
          IfNoneMatch: '*',
        }),
        options,
      ),
    );
  }

  async abortUpload(upload: Upload): Promise<void> {
    await this.#unlessMissing(() =>
      this.#call(undefined, ({ sdk, client }, options) =>
        client.send(
          new sdk.AbortMultipartUploadCommand({
            ...this.#at(upload.key),
            UploadId: upload.uploadId,
          }),
          options,
        ),
      ),
    );
  }

  async remove(key: string): Promise<void> {
    await this.#unlessMissing(() =>
      this.#call(undefined, ({ sdk, client }, options) =>
        client.send(new sdk.DeleteObjectCommand(this.#at(key)), options),
      ),
    );
  }

  async head(key: string, signal?: AbortSignal): Promise<{ readonly bytes: number } | null> {
    const answer = await this.#unlessMissing(() =>
      this.#call(signal, ({ sdk, client }, options) =>
        client.send(new sdk.HeadObjectCommand(this.#at(key)), options),
      ),
    );
    return answer === null ? null : { bytes: given(answer.ContentLength, 'ContentLength') };
  }

  async get(
    key: string,
    range: ByteRange | null,
    signal?: AbortSignal,
    wanted: string | null = null,
  ): Promise<S3Body> {
    const from = range?.fromInclusive ?? 0;
    const asked = {
      ...(range === null
        ? {}
        : { Range: `bytes=${String(from)}-${String(range.toExclusive - 1)}` }),
      ...(wanted === null ? {} : { IfMatch: wanted }),
    };
    const answer = await this.#call(signal, ({ sdk, client }, options) =>
      client.send(new sdk.GetObjectCommand({ ...this.#at(key), ...asked }), options),
    );
    const bytes = given(answer.ContentLength, 'ContentLength');
    const chunks = bodyChunks(given(answer.Body, 'Body'), bytes, this.#target.requestTimeoutMs);
    const version = answer.ETag ?? null;
    if (range === null) return { bytes, objectBytes: bytes, version, chunks };
    const objectBytes = objectLength(answer.ContentRange, from, bytes);
    return { bytes, objectBytes, version, chunks };
  }

  async list(prefix: string, after: string | null, signal?: AbortSignal): Promise<ListedPage> {
    const answer = await this.#call(signal, ({ sdk, client }, options) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: this.#target.bucket,
          Prefix: this.#root + prefix,
          ...(after === null ? {} : { StartAfter: this.#root + after }),
        }),
        options,
      ),
    );
    const objects = (answer.Contents ?? []).map(({ Key, Size }) => ({
      key: given(Key, 'Key').slice(this.#root.length),
      bytes: given(Size, 'Size'),
    }));
    return { objects, isLast: answer.IsTruncated !== true };
  }

  async listUploads(prefix: string): Promise<readonly Upload[]> {
    const found: Upload[] = [];
    let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
    for (;;) {
      const answer = await this.#call(undefined, ({ sdk, client }, options) =>
        client.send(
          new sdk.ListMultipartUploadsCommand({
            Bucket: this.#target.bucket,
            Prefix: this.#root + prefix,
            ...marker,
          }),
          options,
        ),
      );
      for (const { Key, UploadId } of answer.Uploads ?? []) {
        const key = given(Key, 'Key').slice(this.#root.length);
        found.push({ key, uploadId: given(UploadId, 'UploadId') });
      }
      const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = answer;
      if (IsTruncated !== true || NextKeyMarker === undefined) return found;
      marker = {
        KeyMarker: NextKeyMarker,
        ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
      };
    }
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#target.bucket, Key: this.#root + key };
  }

  #newObject(key: string) {
    const { storageClass, encryption } = this.#target;
    return {
      ...this.#at(key),
      ...(storageClass === null ? {} : { StorageClass: storageClass as Sdk.StorageClass }),
      ...(encryption === null ? {} : { ServerSideEncryption: encryption.algorithm }),
      ...(encryption?.algorithm === 'aws:kms' && encryption.keyId !== null
        ? { SSEKMSKeyId: encryption.keyId }
        : {}),
    };
  }

  async #call<Answer>(
    signal: AbortSignal | undefined,
    send: (loaded: LoadedSdk, options: { abortSignal?: AbortSignal }) => Promise<Answer>,
  ): Promise<Answer> {
    signal?.throwIfAborted();
    this.#loaded ??= loadSdk(this.#target);
    const loaded = await this.#loaded;
    try {
      return await send(loaded, signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw failureOf(error);
    }
  }

  async #unlessMissing<Answer>(call: () => Promise<Answer>): Promise<Answer | null> {
    try {
      return await call();
    } catch (error) {
      if (isS3Failure(error, 'missing')) return null;
      throw error;
    }
  }
}

/** What a server must say and some do not, which is no answer that anything can be built on. */
function given<Value>(value: Value | undefined, name: string): Value {
  if (value !== undefined) return value;
  throw failureOf(new Error(`the answer has no ${name}`));
}

const CONTENT_RANGE = /^bytes (?<from>[0-9]+)-(?<to>[0-9]+)\/(?<whole>[0-9]+)$/;

/** A server that ignores the range, or gives another one, must not be believed. */
function objectLength(contentRange: string | undefined, from: number, bytes: number): number {
  const { groups } = CONTENT_RANGE.exec(contentRange ?? '') ?? {};
  const isAsked =
    groups !== undefined &&
    Number(groups['from']) === from &&
    Number(groups['to']) === from + bytes - 1;
  if (isAsked) return Number(groups['whole']);
  throw failureOf(
    new Error(`asked for bytes from ${String(from)}, the answer is of ${contentRange ?? 'all'}`),
  );
}
