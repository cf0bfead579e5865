/** The calls of `S3Api` by the AWS SDK, within the lake's limits. */
import type * as Sdk from '@aws-sdk/client-s3';
import type { S3Target } from '../../domain/lake/s3-target.ts';
import type { ByteRange } from '../file-system.ts';
import { Allowance } from './allowance.ts';
import { bodyChunks } from './body-chunks.ts';
import { type LifecycleRule, rulesOver } from './lifecycle.ts';
import type {
  ListedPage,
  S3Api,
  S3Body,
  S3Checksum,
  StreamedBody,
  Upload,
  UploadedPart,
} from './s3-api.ts';
import { isS3Failure, refusesCredentials } from './s3-failure.ts';
import { given, objectLength } from './sdk-answers.ts';
import { type LoadedSdk, loadSdk } from './sdk-client.ts';
import { failureOf, unlessMissing } from './sdk-failure.ts';
import { getObject } from './sdk-get.ts';
import { listAllUploads } from './sdk-uploads.ts';
import { readableOf } from './send-body.ts';

/** Connects to nothing yet. */
export function openS3Api(target: S3Target): S3Api {
  return new SdkApi(target);
}

class SdkApi implements S3Api {
  readonly place: string;
  readonly #target: S3Target;
  readonly #root: string;
  readonly #requests: Allowance;
  readonly #uploads: Allowance;
  readonly #downloads: Allowance;
  #loaded: Promise<LoadedSdk> | null = null;
  #hasAnswered = false;

  constructor(target: S3Target) {
    this.#target = target;
    const { requestsPerSecond, uploadBytesPerSecond, downloadBytesPerSecond } = target.limits;
    this.#requests = new Allowance(requestsPerSecond);
    this.#uploads = new Allowance(uploadBytesPerSecond);
    this.#downloads = new Allowance(downloadBytesPerSecond);
    this.#root = target.prefix === '' ? '' : `${target.prefix}/`;
    this.place = `s3://${target.bucket}${target.prefix === '' ? '' : `/${target.prefix}`}`;
  }

  get retryForMs(): number {
    return this.#hasAnswered ? this.#target.retryForMs : 0;
  }

  async put(key: string, body: Uint8Array, sha256: string, signal?: AbortSignal): Promise<void> {
    await this.#call(signal, ({ sdk, client }, options) =>
      client.send(
        new sdk.PutObjectCommand({
          ...this.#newObject(key),
          Body: body,
          ContentLength: body.byteLength,
          // Some keep the checksum of an object only where its kind is named as well.
          ChecksumAlgorithm: 'SHA256',
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
    body: StreamedBody,
    sha256: string,
    signal?: AbortSignal,
  ): Promise<UploadedPart> {
    const answer = await this.#call(signal, ({ sdk, client }, options) =>
      client.send(
        new sdk.UploadPartCommand({
          ...this.#at(upload.key),
          UploadId: upload.uploadId,
          PartNumber: partNumber,
          Body: readableOf(body.chunks()),
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
    await unlessMissing(() =>
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
    await unlessMissing(() =>
      this.#call(undefined, ({ sdk, client }, options) =>
        client.send(new sdk.DeleteObjectCommand(this.#at(key)), options),
      ),
    );
  }

  async head(key: string, signal?: AbortSignal): Promise<{ readonly bytes: number } | null> {
    const answer = await unlessMissing(() =>
      this.#withReason(key, signal, () =>
        this.#call(signal, ({ sdk, client }, options) =>
          client.send(new sdk.HeadObjectCommand(this.#at(key)), options),
        ),
      ),
    );
    return answer === null ? null : { bytes: given(answer.ContentLength, 'ContentLength') };
  }

  async checksum(key: string, signal?: AbortSignal): Promise<S3Checksum | null> {
    const asked = { ...this.#at(key), ChecksumMode: 'ENABLED' as const };
    const answer = await unlessMissing(() =>
      this.#withReason(key, signal, () =>
        this.#call(signal, ({ sdk, client }, options) =>
          client.send(new sdk.HeadObjectCommand(asked), options),
        ),
      ),
    );
    if (answer === null) return null;
    const bytes = given(answer.ContentLength, 'ContentLength');
    return { bytes, sha256: answer.ChecksumSHA256 ?? null };
  }

  async get(
    key: string,
    range: ByteRange | null,
    signal?: AbortSignal,
    wanted: string | null = null,
  ): Promise<S3Body> {
    const from = range?.fromInclusive ?? 0;
    const answer = await getObject(this.#at(key), range, wanted, (send) =>
      this.#call(signal, send),
    );
    const bytes = given(answer.bytes, 'ContentLength');
    const chunks = bodyChunks(given(answer.body, 'Body'), {
      bytes,
      silenceMs: this.#target.requestTimeoutMs,
      allowance: this.#downloads,
      signal,
    });
    const { version } = answer;
    if (range === null) return { bytes, objectBytes: bytes, version, chunks };
    const objectBytes = objectLength(answer.contentRange, from, bytes);
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
    const at = { Bucket: this.#target.bucket, Prefix: this.#root + prefix };
    const found = await listAllUploads(at, (send) => this.#call(undefined, send));
    return found.map((upload) => ({ ...upload, key: upload.key.slice(this.#root.length) }));
  }

  async lifecycle(): Promise<readonly LifecycleRule[]> {
    const { bucket: Bucket } = this.#target;
    const answer = await unlessMissing(() =>
      this.#call(undefined, ({ sdk, client }, options) =>
        client.send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket }), options),
      ),
    );
    return rulesOver(answer?.Rules ?? [], this.#root);
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
    this.#loaded ??= loadSdk(this.#target, this.#uploads);
    const loaded = await this.#loaded;
    await this.#requests.take(1, signal);
    try {
      const answer = await send(loaded, signal === undefined ? {} : { abortSignal: signal });
      this.#hasAnswered = true;
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      const failure = failureOf(error);
      if (failure.kind !== 'unknown') this.#hasAnswered = true;
      if (refusesCredentials(failure)) loaded.forgetCredentials();
      throw failure;
    }
  }

  /** The answer to a HEAD has no body, so it doesn't say why it refuses; to a GET of the same it does. */
  async #withReason<Answer>(
    key: string,
    signal: AbortSignal | undefined,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      if (!isS3Failure(error, 'refused')) throw error;
      const { chunks } = await this.get(key, { fromInclusive: 0, toExclusive: 1 }, signal);
      const rest = chunks[Symbol.asyncIterator]();
      while ((await rest.next()).done !== true);
      throw error;
    }
  }
}
