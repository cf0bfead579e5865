import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

function load(lake: string, files: Readonly<Record<string, string>> = {}) {
  const directory = directoryWith({
    ...files,
    'unified_config.yaml': `
postgres: { url: "postgres://tierd@localhost/market" }
lake: { type: s3, ${lake} }
datasets: { ticks: { time_column: ts } }`,
  });
  const place = { env: {}, workingDirectory: directory };
  return { directory, load: () => loadConfig(place).lake };
}

const LEAST = 'bucket: lake, work_directory: work';

describe('lake: { type: s3 }', () => {
  it('needs a bucket and a directory to work in; the rest has its defaults', () => {
    const { directory, load: read } = load(LEAST);
    expect(read()).toEqual({
      type: 's3',
      far: null,
      target: {
        bucket: 'lake',
        prefix: '',
        endpoint: null,
        region: 'us-east-1',
        forcePathStyle: false,
        credentials: null,
        storageClass: null,
        encryption: null,
        connectTimeoutMs: 5_000,
        requestTimeoutMs: 30_000,
        retryForMs: 60_000,
        limits: { requestsPerSecond: 0, uploadBytesPerSecond: 0, downloadBytesPerSecond: 0 },
      },
      workDirectory: `${directory}/work`,
      cacheBytes: 10 * 1024 ** 3,
      minFreeBytes: 1024 ** 3,
      lookIntervalMs: 600_000,
      iceberg: false,
      price: null,
    });
  });

  it('has a price where somebody has written it down', () => {
    const of = (price: string) => load(`${LEAST}, price: { ${price} }`).load();
    expect(of('per_gb: 0.09, per_1000_requests: 0.0004, currency: USD')).toMatchObject({
      price: { perGigabyte: 0.09, perThousandRequests: 0.0004, currency: 'USD' },
    });
    expect(of('per_gb: 0, per_1000_requests: 0.0043')).toMatchObject({ price: { currency: null } });
  });

  it('takes its secrets from files, and an endpoint that is not AWS by its path', () => {
    const { load: read } = load(
      `${LEAST}, endpoint: "http://localhost:9000", access_key_id: me, secret_access_key_file: s, session_token_file: t`,
      { s: 'secret\n', t: 'token\n' },
    );
    expect(read()).toMatchObject({
      target: {
        endpoint: 'http://localhost:9000',
        forcePathStyle: true,
        credentials: { accessKeyId: 'me', secretAccessKey: 'secret', sessionToken: 'token' },
      },
    });
  });

  it('takes limits on requests, and on bytes each way', () => {
    const { load: read } = load(
      `${LEAST}, max_requests_per_second: 50, max_upload_per_second: 20MB, max_download_per_second: 1.5MB`,
    );
    expect(read()).toMatchObject({
      target: {
        limits: {
          requestsPerSecond: 50,
          uploadBytesPerSecond: 20 * 1024 ** 2,
          downloadBytesPerSecond: 1.5 * 1024 ** 2,
        },
      },
    });
  });

  it.each([
    ['bucket: Lake_1, work_directory: w', 'lake.bucket'],
    [`${LEAST}, prefix: /a/`, 'lake.prefix'],
    [`${LEAST}, prefix: a//b`, 'lake.prefix'],
    [`${LEAST}, prefix: "../b"`, 'lake.prefix'],
    [`${LEAST}, endpoint: "localhost:9000"`, 'lake.endpoint'],
    [`${LEAST}, endpoint: "https://user:pw@host/x"`, 'lake.endpoint'],
    [`${LEAST}, kms_key: k`, 'lake.kms_key'],
    [`${LEAST}, encryption: AES256, kms_key: k`, 'lake.kms_key'],
    [`${LEAST}, access_key_id: me`, 'lake.access_key_id'],
    [`${LEAST}, secret_access_key: s`, 'lake.access_key_id'],
    [
      `${LEAST}, access_key_id: me, secret_access_key: s, secret_access_key_file: f`,
      'lake.secret_access_key_file',
    ],
    [`${LEAST}, max_requests_per_second: -1`, 'lake.max_requests_per_second'],
    [`${LEAST}, max_upload_per_second: 20`, 'lake.max_upload_per_second'],
    [`${LEAST}, price: { per_gb: -1, per_1000_requests: 0 }`, 'lake.price.per_gb'],
    [`${LEAST}, price: { per_gb: 1 }`, 'lake.price.per_1000_requests'],
    ['bucket: lake', 'lake.work_directory'],
    [`${LEAST}, path: here`, 'lake.path'],
  ])('refuses %s, naming %s', (lake, where) => {
    const problems = problemsOf(errorOf(load(lake).load));
    expect(problems.map((problem) => problem.where)).toContain(where);
  });
});
