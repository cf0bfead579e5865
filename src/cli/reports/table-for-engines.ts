/** The lines that open a dataset's Iceberg table in other engines, as docs/iceberg.md has them. */
import { CATALOGUE, NAMESPACE } from '../../domain/lake/catalogue-names.ts';
import type { Report } from '../context.ts';

export interface TableForEngines {
  readonly dataset: string;
  /** The newest document, as a URI. */
  readonly location: string;
  /** What holds it, as a path or URI: for readers that are given a folder. */
  readonly folder: string;
  /** Of the ledger, with nobody's name and password in it: `host:port/database`. */
  readonly database: string;
  /** Where the daemon's REST catalogue is; null where it has none that answers queries. */
  readonly rest: string | null;
  /** Columns that it lacks. */
  readonly leftOut: readonly { readonly column: string; readonly reason: string }[];
}

interface EngineLines {
  readonly engine: string;
  readonly lines: readonly string[];
}

export function reportTableForEngines(table: TableForEngines): Report {
  const engines = engineLines(table);
  const { dataset, location, folder, rest, leftOut } = table;
  return {
    json: {
      dataset,
      table: `${NAMESPACE}.${dataset}`,
      metadata_location: location,
      folder,
      rest_catalogue: rest,
      left_out: leftOut,
      engines: Object.fromEntries(engines.map(({ engine, lines }) => [engine, lines])),
    },
    text: ({ colour }) =>
      [
        `${colour.bold(dataset)} is the Iceberg table ${NAMESPACE}.${dataset}; its newest document is ${location}`,
        ...leftOut.map(({ column, reason }) => `${colour.yellow('it lacks')} ${column}: ${reason}`),
        ...engines.map(
          ({ engine, lines }) =>
            `\n${colour.cyan(engine)}\n${lines.map((line) => `  ${line}`).join('\n')}`,
        ),
        `\n${colour.dim('A document is of its moment: ask the catalogue, or describe again, for the newest.')}`,
        ...(rest === null
          ? [colour.dim('With server.port and server.query_token the daemon is a REST catalogue.')]
          : [colour.dim('TOKEN is the query token of the daemon.')]),
      ].join('\n'),
  };
}

function engineLines(table: TableForEngines): readonly EngineLines[] {
  const { dataset, location, folder, rest } = table;
  const name = `${NAMESPACE}.${dataset}`;
  const opened = `table = ${pythonCatalogue(table)}.load_table("${name}")`;
  return [
    {
      engine: 'DuckDB',
      lines:
        rest === null
          ? ['install iceberg; load iceberg;', `from iceberg_scan(${quoted(location)});`]
          : [
              'install iceberg; load iceberg;',
              `attach '${CATALOGUE}' as ${CATALOGUE} (type iceberg, endpoint '${rest}', token 'TOKEN');`,
              `from ${CATALOGUE}.${name};`,
            ],
    },
    { engine: 'pandas', lines: [...imports(rest), opened, 'df = table.scan().to_pandas()'] },
    {
      engine: 'polars',
      lines: ['import polars as pl', ...imports(rest), opened, 'df = pl.scan_iceberg(table)'],
    },
    {
      engine: 'Daft',
      lines: ['import daft', ...imports(rest), opened, 'df = daft.read_iceberg(table)'],
    },
    { engine: 'Spark', lines: sparkLines(table) },
    ...(rest === null ? [] : [{ engine: 'Sail', lines: sailLines(name, rest) }]),
    { engine: 'Trino', lines: trinoLines(table) },
    { engine: 'ClickHouse', lines: [`select * from icebergLocal(${quoted(folder)}, 'Parquet')`] },
  ];
}

const imports = (rest: string | null): readonly string[] => [
  rest === null
    ? 'from pyiceberg.catalog.sql import SqlCatalog'
    : 'from pyiceberg.catalog.rest import RestCatalog',
];

/** A role that may read the two views is enough. */
function pythonCatalogue({ database, rest }: TableForEngines): string {
  return rest === null
    ? `SqlCatalog("${CATALOGUE}", uri="postgresql+psycopg2://reader@${database}?options=-csearch_path%3Dtierd", init_catalog_tables="false")`
    : `RestCatalog("${CATALOGUE}", uri="${rest}", token="TOKEN")`;
}

function sparkLines({ dataset, database, rest }: TableForEngines): readonly string[] {
  const conf = (key: string, value: string): string =>
    `--conf spark.sql.catalog.${CATALOGUE}${key}=${value}`;
  const settings =
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
  return [
    `spark-sql ${[conf('', 'org.apache.iceberg.spark.SparkCatalog'), ...settings.map(([key = '', value = '']) => conf(key, value))].join(' ')}`,
    `select * from ${CATALOGUE}.${NAMESPACE}.${dataset};`,
  ];
}

/** It has no JDBC catalogue. */
function sailLines(table: string, rest: string): readonly string[] {
  const catalogue = `{type = "iceberg-rest", name = "${CATALOGUE}", uri = "${rest}", bearer_access_token = "TOKEN"}`;
  return [
    `SAIL_CATALOG__LIST='[${catalogue}]' sail spark server --port 50051`,
    'from pyspark.sql import SparkSession',
    `df = SparkSession.builder.remote("sc://localhost:50051").getOrCreate().table("${CATALOGUE}.${table}")`,
  ];
}

function trinoLines({ dataset, database, rest }: TableForEngines): readonly string[] {
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
  return [
    `# etc/catalog/${CATALOGUE}.properties`,
    'connector.name=iceberg',
    'fs.native-local.enabled=true',
    'local.location=/',
    ...settings,
    `select * from ${CATALOGUE}.${NAMESPACE}.${dataset};`,
  ];
}

/** As SQL has a text. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
