import { Attempts } from './retry.ts';
import type { S3Api } from './s3-api.ts';
import { isS3Failure } from './s3-failure.ts';

/** A call whose repetition changes nothing more, until it is answered. @throws S3Failure */
export async function patiently<Answer>(
  api: Pick<S3Api, 'retryForMs'>,
  call: () => Promise<Answer>,
  signal?: AbortSignal,
): Promise<Answer> {
  const attempts = new Attempts(api, signal);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isS3Failure(error, 'unknown', 'contended')) throw error;
      if (!(await attempts.mayTryAgain())) throw error;
    }
  }
}
