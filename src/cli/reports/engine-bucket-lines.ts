/** How each engine is told where a lake's files lie, and of a bucket with which keys: tierd hands out none. */
import type { S3Target } from '../../domain/lake/s3-target.ts';

export type BucketPlace = Pick<S3Target, 'endpoint' | 'region' | 'forcePathStyle'>;

interface FileLines {
  readonly duckdb: readonly string[];
  /** They define `keys`. */
  readonly python: readonly string[];
  /** Further arguments. */
  readonly polars: string;
  readonly spark: readonly (readonly [key: string, value: string])[];
  /** Before the command. */
  readonly sail: string;
  readonly trino: readonly string[];
  /** @param folder a path or URI */
  readonly clickhouse: (folder: string) => string;
}

export function bucketLines(bucket: BucketPlace | null): FileLines {
  return bucket === null ? DIRECTORY : linesOf(bucket);
}

const DIRECTORY: FileLines = {
  duckdb: [],
  python: [],
  polars: '',
  spark: [],
  sail: '',
  trino: ['fs.native-local.enabled=true', 'local.location=/'],
  clickhouse: (folder) => `icebergLocal('${folder.replaceAll(/['\\]/g, '\\$&')}', 'Parquet')`,
};

function linesOf({ endpoint, region, forcePathStyle }: BucketPlace): FileLines {
  const own = endpoint === null ? null : new URL(endpoint);
  const isPlain = own?.protocol === 'http:';
  const ifOwn = <T>(...items: readonly T[]): readonly T[] => (own === null ? [] : items);
  const ifPath = <T>(...items: readonly T[]): readonly T[] => (forcePathStyle ? items : []);
  return {
    duckdb: [
      `create secret (${[
        'type s3',
        "key_id 'KEY'",
        "secret 'SECRET'",
        `region '${region}'`,
        ...ifOwn(`endpoint '${own?.host ?? ''}'`),
        ...ifPath("url_style 'path'"),
        ...(isPlain ? ['use_ssl false'] : []),
      ].join(', ')});`,
    ],
    python: [
      `keys = {${[
        ...ifOwn(`"s3.endpoint": "${endpoint ?? ''}"`),
        `"s3.region": "${region}"`,
        '"s3.access-key-id": "KEY"',
        '"s3.secret-access-key": "SECRET"',
      ].join(', ')}}`,
    ],
    polars: ', storage_options=keys',
    spark: [
      ['.io-impl', 'org.apache.iceberg.aws.s3.S3FileIO'],
      ['.client.region', region],
      ...ifOwn(['.s3.endpoint', endpoint ?? ''] as const),
      ...ifPath(['.s3.path-style-access', 'true'] as const),
      ['.s3.access-key-id', 'KEY'],
      ['.s3.secret-access-key', 'SECRET'],
    ],
    sail: [
      'AWS_ACCESS_KEY_ID=KEY',
      'AWS_SECRET_ACCESS_KEY=SECRET',
      `AWS_REGION=${region}`,
      ...ifOwn(`AWS_ENDPOINT=${endpoint ?? ''}`),
      ...(isPlain ? ['AWS_ALLOW_HTTP=true'] : []),
      '',
    ].join(' '),
    trino: [
      'fs.native-s3.enabled=true',
      `s3.region=${region}`,
      ...ifOwn(`s3.endpoint=${endpoint ?? ''}`),
      ...ifPath('s3.path-style-access=true'),
      's3.aws-access-key=KEY',
      's3.aws-secret-key=SECRET',
    ],
    clickhouse: (folder) => {
      const [, name = '', key = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(folder) ?? [];
      const place = own ?? new URL(`https://s3.${region}.amazonaws.com`);
      const base = forcePathStyle
        ? `${place.protocol}//${place.host}/${name}`
        : `${place.protocol}//${name}.${place.host}`;
      return `icebergS3('${base}/${key}', 'KEY', 'SECRET', 'Parquet')`;
    },
  };
}
