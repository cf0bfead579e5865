/** What a request to an object store failed with, and what that says of its effect (I9). */

/**
 * - `missing`: no such object (or upload).
 * - `exists`: refused because an object is there already.
 * - `contended`: refused because of another request under way at that moment.
 * - `refused`: the server says no, and that it did nothing.
 * - `unknown`: no answer, or one that leaves open whether it was done.
 */
export type S3FailureKind = 'missing' | 'exists' | 'contended' | 'refused' | 'unknown';

export class S3Failure extends Error {
  override readonly name = 'S3Failure';
  readonly kind: S3FailureKind;
  /** Null where there was no answer. */
  readonly status: number | null;
  /** The server's own (`AccessDenied`), or the connection's (`ECONNREFUSED`). */
  readonly code: string;

  constructor(init: {
    kind: S3FailureKind;
    status: number | null;
    code: string;
    message: string;
  }) {
    // Without the SDK's error as its cause: that carries the request, and so the credentials' signature.
    super(init.message);
    this.kind = init.kind;
    this.status = init.status;
    this.code = init.code;
  }
}

export function isS3Failure(
  error: unknown,
  ...kinds: readonly S3FailureKind[]
): error is S3Failure {
  return error instanceof S3Failure && kinds.includes(error.kind);
}

/** Answers that say nothing about the bucket's content: the same request may succeed later. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425, 429]);
const PASSING_CODES: ReadonlySet<string> = new Set(['RequestTimeout', 'SlowDown', 'Throttling']);

/** What a server's answer, or the lack of one, means. @param status null where there was none */
export function kindOf(status: number | null, code: string): S3FailureKind {
  if (status === 501) return 'refused';
  if (status === null || status >= 500 || status < 400) return 'unknown';
  if (PASSING_STATUS.has(status) || PASSING_CODES.has(code)) return 'unknown';
  if (code === 'NoSuchBucket') return 'refused';
  if (status === 404) return 'missing';
  if (status === 412) return 'exists';
  return status === 409 && code !== 'BucketAlreadyExists' ? 'contended' : 'refused';
}

const CREDENTIALS_OF_NO_USE: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidToken',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
  'CredentialsProviderError',
]);

/** Whether the credentials were refused, whatever was asked with them, or there were none. */
export function refusesCredentials({ code }: S3Failure): boolean {
  return CREDENTIALS_OF_NO_USE.has(code);
}
