/** What an object store answers, as an error that says what to do. */
import { TierdError } from '../../domain/errors.ts';
import { interrupted } from '../lake-failure.ts';
import { S3Failure } from './s3-failure.ts';

/** Runs a step that looks into the bucket. `what` goes on after "could not": "read s3://…". */
export async function looking<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw s3LookFailure(what, error);
  }
}

/** Runs a step that writes to the bucket, or removes something from it. */
export async function changing<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw failure(
      'LAKE_UNWRITABLE',
      what,
      'No row was deleted; what was published before is untouched.',
      error,
    );
  }
}

export function s3LookFailure(what: string, error: unknown): unknown {
  return failure('LAKE_UNREADABLE', what, 'Nothing was changed.', error);
}

function failure(
  refused: 'LAKE_UNREADABLE' | 'LAKE_UNWRITABLE',
  what: string,
  kept: string,
  error: unknown,
): unknown {
  if (error instanceof TierdError) return error;
  if (error instanceof Error && error.name === 'AbortError') return interrupted(what, error);
  if (!(error instanceof S3Failure)) return error;
  const isAway = error.kind === 'unknown' && !NEEDS_A_HAND.has(error.code);
  return new TierdError({
    code: isAway ? 'LAKE_UNREACHABLE' : refused,
    message: `The lake could not ${what}: ${error.message}. ${kept}`,
    hint: HINTS[error.code] ?? (isAway ? HINT_WHEN_AWAY : HINT_WHEN_REFUSED),
    context: { status: error.status, code: error.code },
    cause: error,
  });
}

const HINT_WHEN_AWAY =
  'Look whether the object store can be reached from this machine (`lake.endpoint`, network, proxy) and is well; the next run goes on by itself.';
const HINT_WHEN_REFUSED =
  'See docs/s3.md for the rights that tierd needs, then run `tierd doctor`.';

const CREDENTIALS_HINT =
  'Correct `lake.access_key_id` and `lake.secret_access_key`, or what the AWS tools find on this machine (environment, profile, instance role).';
const REGION_HINT = 'Set `lake.region` to the region that the bucket is in.';
const CERTIFICATE_HINT =
  'The certificate of `lake.endpoint` is not one that this machine trusts: name its authority in NODE_EXTRA_CA_CERTS, or mend the certificate.';

/** By the server's code, or the connection's. */
const HINTS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Correct `lake.bucket`, or make the bucket: tierd makes none.',
  AccessDenied: HINT_WHEN_REFUSED,
  Forbidden: HINT_WHEN_REFUSED,
  '403': HINT_WHEN_REFUSED,
  InvalidAccessKeyId: CREDENTIALS_HINT,
  SignatureDoesNotMatch: CREDENTIALS_HINT,
  CredentialsProviderError: CREDENTIALS_HINT,
  InvalidToken: CREDENTIALS_HINT,
  ExpiredToken: 'Renew the session token; long-running daemons are better served by a role.',
  RequestTimeTooSkewed: 'Set this machine’s clock: it differs too much from the store’s.',
  PermanentRedirect: REGION_HINT,
  AuthorizationHeaderMalformed: REGION_HINT,
  IllegalLocationConstraintException: REGION_HINT,
  ENOTFOUND: 'Correct `lake.endpoint` or `lake.region`: there is no machine of that name.',
  ECONNREFUSED:
    'Nothing listens at `lake.endpoint`: start the object store, or correct host and port.',
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE_HINT,
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE_HINT,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE_HINT,
  CERT_HAS_EXPIRED: CERTIFICATE_HINT,
  ERR_TLS_CERT_ALTNAME_INVALID: CERTIFICATE_HINT,
  EPROTO: 'The endpoint does not speak TLS as asked: `lake.endpoint` says http or https.',
  PreconditionFailed:
    'The store shows nothing under that key, and says that something is there: what it notes of its objects and what it holds are at odds. Remove that key with the store’s own tools, then run the same command again.',
  NotImplemented:
    'This object store lacks something that tierd needs (conditional writes): see docs/s3.md for stores that have it.',
};

/** No waiting mends these, though the server was never reached. */
const NEEDS_A_HAND: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'EPROTO',
]);
