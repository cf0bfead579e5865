/** What is to be typed into each engine to open an Iceberg table of the lake. */
import { CATALOGUE, NAMESPACE } from '../../domain/lake/catalogue-names.ts';
import { type BucketPlace, bucketLines } from './engine-bucket-lines.ts';

export interface DescribedTable {
  readonly dataset: string;
  /** The newest document, as a URI. */
  readonly location: string;
  /** What holds it, as a path or URI: for readers that are given a folder. */
  readonly folder: string;
  /** Of the ledger, with nobody's name and password in it: `host:port/database`. */
  readonly database: string;
  /** Where the daemon's REST catalogue is; null where it has none that answers queries. */
  readonly rest: string | null;
  /** Null where the lake is a directory. */
  readonly bucket: BucketPlace | null;
}

interface EngineLines {
  readonly engine: string;
  readonly lines: readonly string[];
}

/** TOKEN in them is the daemon's query token, KEY and SECRET are those of the bucket. */
export function engineLines(table: DescribedTable): readonly EngineLines[] {
  const { dataset, location, folder, rest } = table;
  const bucket = bucketLines(table.bucket);
  // A dataset may be called as something is in SQL.
  const name = `${CATALOGUE}.${NAMESPACE}."${dataset}"`;
  const python = pythonLines(table, bucket.python);
  return [
    {
      engine: 'DuckDB',
      lines: [
        'install iceberg; load iceberg;',
        ...bucket.duckdb,
        ...(rest === null
          ? [`from iceberg_scan(${quoted(location)});`]
          : [
              `attach '${CATALOGUE}' as ${CATALOGUE} (type iceberg, endpoint '${rest}', token 'TOKEN');`,
              `from ${name};`,
            ]),
      ],
    },
    { engine: 'pandas', lines: [...python, 'df = table.scan().to_pandas()'] },
    {
      engine: 'polars',
      lines: ['import polars as pl', ...python, `df = pl.scan_iceberg(table${bucket.polars})`],
    },
    { engine: 'Daft', lines: ['import daft', ...python, 'df = daft.read_iceberg(table)'] },
    { engine: 'Spark', lines: sparkLines(table, bucket.spark) },
    ...(rest === null ? [] : [{ engine: 'Sail', lines: sailLines(dataset, rest, bucket.sail) }]),
    { engine: 'Trino', lines: [...trinoLines(table, bucket.trino), `select * from ${name};`] },
    { engine: 'ClickHouse', lines: [`select * from ${bucket.clickhouse(folder)}`] },
  ];
}

/** A role that may read the two views is enough. */
function pythonLines(
  { dataset, database, rest }: DescribedTable,
  keys: readonly string[],
): readonly string[] {
  const given = keys.length === 0 ? '' : ', **keys';
  const [kind, catalogue] =
    rest === null
      ? [
          'sql import SqlCatalog',
          `SqlCatalog("${CATALOGUE}", uri="postgresql+psycopg2://reader@${database}?options=-csearch_path%3Dtierd", init_catalog_tables="false"${given})`,
        ]
      : [
          'rest import RestCatalog',
          `RestCatalog("${CATALOGUE}", uri="${rest}", token="TOKEN"${given})`,
        ];
  return [
    `from pyiceberg.catalog.${kind}`,
    ...keys,
    `table = ${catalogue}.load_table("${NAMESPACE}.${dataset}")`,
  ];
}

type Setting = readonly [key: string, value: string];

/** As `--packages` finds them; Spark's own version is in the first one's name. */
const ICEBERG = 'org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0';
const ICEBERG_AWS = 'org.apache.iceberg:iceberg-aws-bundle:1.12.0';
const POSTGRES = 'org.postgresql:postgresql:42.7.8';

function sparkLines(
  { dataset, database, rest, bucket }: DescribedTable,
  ofBucket: readonly Setting[],
): readonly string[] {
  const conf = ([key, value]: Setting): string =>
    `--conf spark.sql.catalog.${CATALOGUE}${key}=${value}`;
  const settings: readonly Setting[] =
    rest === null
      ? [
          ['.type', 'jdbc'],
          ['.uri', `'jdbc:postgresql://${database}?currentSchema=tierd'`],
          ['.jdbc.user', 'reader'],
          ['.jdbc.schema-version', 'V1'],
          ['.jdbc.init-catalog-tables', 'false'],
          ['.warehouse', 'file:///nowhere'],
        ]
      : [
          ['.type', 'rest'],
          ['.uri', rest],
          ['.token', 'TOKEN'],
        ];
  const packages = [
    ICEBERG,
    ...(bucket === null ? [] : [ICEBERG_AWS]),
    ...(rest === null ? [POSTGRES] : []),
  ];
  const all = [['', 'org.apache.iceberg.spark.SparkCatalog'] as const, ...settings, ...ofBucket];
  return [
    `spark-sql --packages ${packages.join(',')} ${all.map(conf).join(' ')}`,
    `select * from ${CATALOGUE}.${NAMESPACE}.\`${dataset}\`;`,
  ];
}

/** It has no JDBC catalogue. */
function sailLines(dataset: string, rest: string, environment: string): readonly string[] {
  const catalogue = `{type = "iceberg-rest", name = "${CATALOGUE}", uri = "${rest}", bearer_access_token = "TOKEN"}`;
  return [
    `${environment}SAIL_CATALOG__LIST='[${catalogue}]' sail spark server --port 50051`,
    'from pyspark.sql import SparkSession',
    `df = SparkSession.builder.remote("sc://localhost:50051").getOrCreate().table("${CATALOGUE}.${NAMESPACE}.\`${dataset}\`")`,
  ];
}

function trinoLines(
  { database, rest }: DescribedTable,
  files: readonly string[],
): readonly string[] {
  const settings =
    rest === null
      ? [
          'iceberg.catalog.type=jdbc',
          `iceberg.jdbc-catalog.catalog-name=${CATALOGUE}`,
          'iceberg.jdbc-catalog.driver-class=org.postgresql.Driver',
          `iceberg.jdbc-catalog.connection-url=jdbc:postgresql://${database}?currentSchema=tierd`,
          'iceberg.jdbc-catalog.connection-user=reader',
          'iceberg.jdbc-catalog.default-warehouse-dir=file:///nowhere',
        ]
      : [
          'iceberg.catalog.type=rest',
          `iceberg.rest-catalog.uri=${rest}`,
          'iceberg.rest-catalog.security=OAUTH2',
          'iceberg.rest-catalog.oauth2.token=TOKEN',
        ];
  return [`# etc/catalog/${CATALOGUE}.properties`, 'connector.name=iceberg', ...files, ...settings];
}

/** As SQL has a text. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
