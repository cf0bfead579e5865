import type { ByteRange } from '../file-system.ts';
import { Attempts } from './retry.ts';
import type { S3Api } from './s3-api.ts';
import { isS3Failure } from './s3-failure.ts';

/**
 * The object's bytes, or those of `range`, in order. A connection that breaks in the middle is made
 * anew, and goes on where it broke: objects never change, so the pieces are of one whole.
 *
 * @throws S3Failure, `missing` where there is no such object
 */
export async function* readObject(
  api: S3Api,
  key: string,
  range: ByteRange | null,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let position = range?.fromInclusive ?? 0;
  let end = range?.toExclusive ?? null;
  const attempts = new Attempts(api, signal);
  while (end === null || position < end) {
    try {
      const rest = end === null ? null : { fromInclusive: position, toExclusive: end };
      const body = await api.get(key, rest, signal);
      end = Math.min(end ?? body.objectBytes, body.objectBytes);
      for await (const chunk of body.chunks) {
        signal?.throwIfAborted();
        position += chunk.byteLength;
        attempts.succeeded();
        yield chunk;
      }
    } catch (error) {
      if (!isS3Failure(error, 'unknown') || !(await attempts.mayTryAgain())) throw error;
    }
  }
}
