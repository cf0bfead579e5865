import { expect, it } from 'vitest';
import { engineLines } from '../../../../src/cli/reports/engine-lines.ts';

const table = {
  dataset: 'order',
  location: 's3://market-lake/tierd/_iceberg/order/metadata/1.metadata.json',
  folder: 's3://market-lake/tierd/_iceberg/order',
  database: 'localhost:5432/app',
  rest: null,
  bucket: { endpoint: null, region: 'eu-central-1', forcePathStyle: false },
};

function linesOf(engine: string, given: Partial<Parameters<typeof engineLines>[0]> = {}): string {
  const found = engineLines({ ...table, ...given }).find((one) => one.engine === engine);
  return found?.lines.join('\n') ?? '';
}

it('names no endpoint of a bucket of AWS but where an engine is given an address', () => {
  expect(linesOf('ClickHouse')).toBe(
    "select * from icebergS3('https://market-lake.s3.eu-central-1.amazonaws.com/tierd/_iceberg/order', 'KEY', 'SECRET', 'Parquet')",
  );
  expect(linesOf('DuckDB')).toContain(
    "create secret (type s3, key_id 'KEY', secret 'SECRET', region 'eu-central-1');",
  );
  expect(linesOf('Trino')).not.toMatch(/native-local|s3\.endpoint/);
  expect(linesOf('Trino')).toContain('fs.native-s3.enabled=true\ns3.region=eu-central-1\n');
  expect(linesOf('Spark')).not.toContain('endpoint');
});

it('tells Spark what it has to have: of a bucket its files, without a REST catalogue the driver', () => {
  const packages = /--packages (\S+)/.exec(linesOf('Spark'))?.[1]?.split(',');
  expect(packages?.map((one) => one.split(':')[1])).toEqual([
    'iceberg-spark-runtime-4.1_2.13',
    'iceberg-aws-bundle',
    'postgresql',
  ]);
  const here = linesOf('Spark', { bucket: null, rest: 'http://127.0.0.1:9464/iceberg' });
  expect(here).toMatch(/--packages [^,\s]+ /);
});

it('writes a name as the SQL of each takes it, for it may be a word of its own', () => {
  expect(linesOf('Trino')).toContain('tierd.lake."order"');
  expect(linesOf('Spark')).toContain('tierd.lake.`order`');
});
