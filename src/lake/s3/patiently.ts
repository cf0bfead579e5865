import { setTimeout as pause } from 'node:timers/promises';
import { backOffMs, MAX_ATTEMPTS } from './retry.ts';
import { isS3Failure } from './s3-failure.ts';

/** A call whose repetition changes nothing more, until it is answered. @throws S3Failure */
export async function patiently<Answer>(
  call: () => Promise<Answer>,
  signal?: AbortSignal,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isS3Failure(error, 'unknown', 'contended') || attempt === MAX_ATTEMPTS) throw error;
      await pause(backOffMs(attempt), undefined, signal === undefined ? {} : { signal });
    }
  }
}
