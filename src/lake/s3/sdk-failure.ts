/** The SDK's errors, and those of the connection below it, as failures with a meaning. */
import { isS3Failure, kindOf, S3Failure } from './s3-failure.ts';

export function failureOf(error: unknown): S3Failure {
  if (error instanceof S3Failure) return error;
  const status = statusOf(error);
  const code = codeOf(error);
  return new S3Failure({
    kind: kindOf(status, code),
    status,
    code,
    message: messageOf(error, status, code),
  });
}

function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return null;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null) return null;
  // An answer that could not be understood has a status of success, and is none.
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : null;
}

/** A HEAD has no body, so its errors bear the status's name, if any. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Unknown';
  if ('Code' in error && typeof error.Code === 'string') return error.Code;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name;
}

function messageOf(error: unknown, status: number | null, code: string): string {
  const text = error instanceof Error ? error.message : String(error);
  const said = text === '' || text === 'UnknownError' || text.startsWith('Unknown') ? '' : text;
  const answer = status === null ? code : `${String(status)} ${code}`;
  return said === '' || said === code ? answer : `${answer}: ${said}`;
}

/** Null where there is no such thing. */
export async function unlessMissing<Answer>(call: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await call();
  } catch (error) {
    if (isS3Failure(error, 'missing')) return null;
    throw error;
  }
}
