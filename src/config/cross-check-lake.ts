/** What can only be judged of a lake in a bucket by looking at several values together, or at their form. */
import { asRecord, formatPath } from './path.ts';
import { S3_SECRETS } from './s3-lake-section.ts';
import type { PlacedProblem } from './validate.ts';

/** A prefix is a place of keys, so it follows their rules: no escape, nothing hidden. */
const PREFIX = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*(\/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function checkS3Lake(root: Readonly<Record<string, unknown>>): PlacedProblem[] {
  const lake = asRecord(root['lake']);
  return [...checkBucket(['lake'], lake), ...checkBucket(['lake', 'far'], asRecord(lake['far']))];
}

function checkBucket(
  section: readonly string[],
  lake: Readonly<Record<string, unknown>>,
): PlacedProblem[] {
  if (lake['type'] !== 's3') return [];
  const problems: PlacedProblem[] = [];
  const add = (key: string, found: string, expected: string): void => {
    const path = [...section, key];
    problems.push({ where: formatPath(path), path, found, expected });
  };
  const { bucket, prefix, endpoint, kms_key, encryption } = lake;
  if (typeof bucket === 'string' && !BUCKET.test(bucket)) {
    add('bucket', `"${bucket}"`, '3 to 63 of a-z, 0-9, dots and hyphens, as S3 names buckets');
  }
  if (typeof prefix === 'string' && !PREFIX.test(prefix)) {
    add('prefix', `"${prefix}"`, 'names of A-Z, a-z, 0-9, . _ = - with slashes between them only');
  }
  if (typeof endpoint === 'string' && !/^https?:\/\/[^/?#]+\/?$/.test(endpoint)) {
    add('endpoint', `"${endpoint}"`, 'http://host:port or https://host:port');
  }
  if (kms_key !== undefined && encryption !== 'aws:kms') {
    add('kms_key', 'a key without its encryption', 'encryption: aws:kms beside it');
  }
  for (const key of S3_SECRETS) {
    if (lake[key] !== undefined && lake[`${key}_file`] !== undefined) {
      add(`${key}_file`, `stands beside ${key}`, 'only one of the two');
    }
  }
  const hasSecret = lake['secret_access_key'] ?? lake['secret_access_key_file'];
  if ((lake['access_key_id'] === undefined) !== (hasSecret === undefined)) {
    add(
      'access_key_id',
      'one half of the credentials',
      'access_key_id and secret_access_key, or neither',
    );
  }
  return problems;
}
