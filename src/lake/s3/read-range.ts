/** Ranged GETs, each answered of one version of its object. */
import type { ByteRange } from '../file-system.ts';
import { objectMissing } from '../lake-failure.ts';
import type { RangedReads, RangeOfVersion } from '../object-store.ts';
import { s3LookFailure } from './lake-failures.ts';
import { patiently } from './patiently.ts';
import type { S3Api } from './s3-api.ts';
import { isS3Failure } from './s3-failure.ts';

export function rangesOf(api: S3Api, locate: (key: string) => string): RangedReads {
  return {
    async read(key, range, version, signal) {
      try {
        return await patiently(api, () => readOnce(api, key, range, version, signal), signal);
      } catch (error) {
        if (isUnlike(error)) return null;
        throw isS3Failure(error, 'missing')
          ? objectMissing(locate(key), error)
          : s3LookFailure(`read ${locate(key)}`, error);
      }
    },
  };
}

const NOT_SATISFIABLE = 416;

/** What lies there is of another version, or shorter than the range. */
function isUnlike(error: unknown): boolean {
  return (
    isS3Failure(error, 'exists') ||
    (isS3Failure(error, 'refused') && error.status === NOT_SATISFIABLE)
  );
}

async function readOnce(
  api: S3Api,
  key: string,
  range: ByteRange,
  wanted: string | null,
  signal: AbortSignal | undefined,
): Promise<RangeOfVersion | null> {
  const { version, bytes, objectBytes, chunks } = await api.get(key, range, signal, wanted);
  const length = range.toExclusive - range.fromInclusive;
  const whole = new Uint8Array(bytes);
  let at = 0;
  // Also where it is not wanted: its connection is free only at its end.
  for await (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  // Not every server honours the condition.
  const isAsked = version !== null && (wanted === null || version === wanted);
  return isAsked && bytes === length ? { bytes: whole, version, objectBytes } : null;
}
