/** The `lake` section of `type: s3`: what may be written there and what it becomes. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { LakePrice } from '../domain/lake/lake-price.ts';
import type { S3Encryption, S3Target } from '../domain/lake/s3-target.ts';
import { choice, duration, flag, notNegative, secret, size, text, wholeNumber } from './fields.ts';
import { lakeIceberg } from './iceberg-field.ts';
import { parseDuration, parseSize } from './units.ts';

export interface S3LakeConfig {
  readonly type: 's3';
  readonly target: S3Target;
  /** Absolute. Files wait here to be sent; copies of segments are kept here to be read. */
  readonly workDirectory: string;
  /** Copies of segments that are kept for the next query. */
  readonly cacheBytes: number;
  /** Of the disk that holds `workDirectory`. */
  readonly minFreeBytes: number;
  /** How often the daemon looks whether the bucket is there. */
  readonly lookIntervalMs: number;
  readonly iceberg: boolean;
  /** Null where nobody has said: then nothing is said of costs. */
  readonly price: LakePrice | null;
}

export const s3Lake = z.strictObject({
  type: z.literal('s3').meta({
    description:
      'The lake is in a bucket of S3, or of a store that speaks its protocol. See docs/s3.md.',
  }),
  bucket: text('Name of the bucket. tierd makes none.', 'market-lake'),
  prefix: text(
    'Where in the bucket the lake lies. The whole of it when left out.',
    'tierd/cold_storage',
  ).optional(),
  region: text('Region of the bucket.', 'eu-central-1').default('us-east-1'),
  endpoint: text(
    'URL of the store, where it is not AWS.',
    'https://minio.internal:9000',
  ).optional(),
  force_path_style: flag(
    'Put the bucket into the path, not into the host name. True with an `endpoint`, else false, when left out.',
  ).optional(),
  access_key_id: text(
    'Access key. Without it tierd looks where the AWS tools do: environment, profile, container, instance role.',
  ).optional(),
  secret_access_key: secret(
    'Secret of the access key. Better `secret_access_key_file`.',
  ).optional(),
  secret_access_key_file: text('File that holds it.', '/run/secrets/s3_secret').optional(),
  session_token: secret('Session token, where the credentials are temporary.').optional(),
  session_token_file: text('File that holds it.').optional(),
  storage_class: text(
    'Storage class of new segments. The bucket’s default when left out. Nothing that has to be thawed before it can be read.',
    'STANDARD_IA',
  ).optional(),
  encryption: choice(
    ['AES256', 'aws:kms'],
    'Encryption at rest by the store. The bucket’s default when left out.',
  ).optional(),
  kms_key: text('Key of `aws:kms`. The account’s default when left out.').optional(),
  work_directory: text(
    'Directory on this machine where files wait to be sent, and where copies of segments are read. Relative to this file.',
    '/var/lib/tierd/work',
  ),
  min_free: size(
    'Refuse to rotate when less than this would remain free on the disk of `work_directory`.',
  ).default('1GB'),
  iceberg: lakeIceberg,
  cache: size('How much of segments that were queried is kept in `work_directory`.').default(
    '10GB',
  ),
  price: z
    .strictObject({
      per_gb: notNegative(
        'Of each GB (10^9 bytes) that is fetched. 0 where only requests are charged, as within a region.',
      ),
      per_1000_requests: notNegative('Of each thousand GET requests.'),
      currency: text('What these are in.', 'USD').optional(),
    })
    .meta({
      description:
        'What reading the bucket costs: `tierd query --explain` then says what a query would. Nothing is said of costs when left out.',
    })
    .optional(),
  connect_timeout: duration('Give up connecting after this long.').default('5s'),
  request_timeout: duration(
    'Take an answer for lost that has not come, or gone on, for this long.',
  ).default('30s'),
  retry_for: duration(
    'Try again for this long, and seven times at least, what fails in passing (5xx, SlowDown, lost connections) once the bucket has answered. One that never did is given up after seven times.',
  ).default('1min'),
  look_interval: duration(
    'How often the daemon looks whether the bucket is there, by a few requests, while it answers; while it does not, with each survey. Else nothing is asked of it while nothing is due.',
  ).default('10min'),
  max_requests_per_second: wholeNumber(
    { min: 0, max: 1_000_000 },
    'Ask the store no more often than this, each process for itself: the daemon is one, and so is each job and each query. 0 is no limit.',
  ).default(0),
  max_upload_per_second: size(
    'Send no more than this in a second, each process for itself. 0B is no limit.',
  ).default('0B'),
  max_download_per_second: size(
    'Fetch no more than this in a second, each process for itself. 0B is no limit.',
  ).default('0B'),
});

export const S3_SECRETS = ['secret_access_key', 'session_token'] as const;

export function resolveS3Lake(file: z.output<typeof s3Lake>, fileDirectory: string): S3LakeConfig {
  const { access_key_id, secret_access_key, session_token } = file;
  const credentials =
    access_key_id === undefined || secret_access_key === undefined
      ? null
      : {
          accessKeyId: access_key_id,
          secretAccessKey: secret_access_key,
          ...(session_token === undefined ? {} : { sessionToken: session_token }),
        };
  return {
    type: 's3',
    target: {
      bucket: file.bucket,
      prefix: file.prefix ?? '',
      endpoint: file.endpoint ?? null,
      region: file.region,
      forcePathStyle: file.force_path_style ?? file.endpoint !== undefined,
      credentials,
      storageClass: file.storage_class ?? null,
      encryption: encryptionOf(file),
      connectTimeoutMs: parseDuration(file.connect_timeout),
      requestTimeoutMs: parseDuration(file.request_timeout),
      retryForMs: parseDuration(file.retry_for),
      limits: {
        requestsPerSecond: file.max_requests_per_second,
        uploadBytesPerSecond: parseSize(file.max_upload_per_second),
        downloadBytesPerSecond: parseSize(file.max_download_per_second),
      },
    },
    workDirectory: resolve(fileDirectory, file.work_directory),
    cacheBytes: parseSize(file.cache),
    minFreeBytes: parseSize(file.min_free),
    lookIntervalMs: parseDuration(file.look_interval),
    iceberg: file.iceberg,
    price:
      file.price === undefined
        ? null
        : {
            perGigabyte: file.price.per_gb,
            perThousandRequests: file.price.per_1000_requests,
            currency: file.price.currency ?? null,
          },
  };
}

function encryptionOf({ encryption, kms_key }: z.output<typeof s3Lake>): S3Encryption | null {
  if (encryption === undefined) return null;
  return encryption === 'AES256'
    ? { algorithm: encryption }
    : { algorithm: encryption, keyId: kms_key ?? null };
}
