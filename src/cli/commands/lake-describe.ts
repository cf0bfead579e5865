import type { Command } from 'commander';
import type { TierdConfig } from '../../config/load.ts';
import type { ServerConfig } from '../../config/server-section.ts';
import { TierdError } from '../../domain/errors.ts';
import type { S3Target } from '../../domain/lake/s3-target.ts';
import type { CliContext } from '../context.ts';
import { reportTableForEngines } from '../reports/table-for-engines.ts';
import { withLedger } from '../rooms/ledger.ts';
import { selectDatasets } from '../select-datasets.ts';

export function registerLakeDescribe(lake: Command, context: CliContext): void {
  lake
    .command('describe')
    .description('the lines that open a dataset in DuckDB, pandas, polars, Spark, Trino and others')
    .argument('<dataset>', 'one that is an Iceberg table')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tierd lake describe market_data\n  $ tierd lake describe market_data --json',
    )
    .action((dataset: string) => describe(context, dataset));
}

async function describe(context: CliContext, dataset: string): Promise<void> {
  const config = context.loadConfig();
  const [configured] = selectDatasets(config.datasets, [dataset]);
  const { readIcebergTable } = await import('../../ledger/iceberg.ts');
  const { listColumnsLeftOut } = await import('../../jobs/columns-left-out.ts');
  await withLedger(context, 'lake', async (db) => {
    const table = await readIcebergTable(db, dataset);
    if (table === null) throw noIcebergTable(dataset, configured?.iceberg === true);
    const leftOut = await listColumnsLeftOut(db, dataset);
    const { location } = table;
    const folder = location.slice(0, location.lastIndexOf('/metadata/')).replace(/^file:\/\//, '');
    const database = `${hostOf(db.host)}:${String(db.port)}/${db.database ?? ''}`;
    const rest = restCatalogue(config.server);
    const bucket = bucketOf(config.lake) ?? (config.lake.far && bucketOf(config.lake.far));
    context.report(
      reportTableForEngines({ dataset, location, folder, database, rest, bucket, leftOut }),
    );
  });
}

function bucketOf(lake: TierdConfig['lake']): S3Target | null {
  return lake.type === 's3' ? lake.target : null;
}

function noIcebergTable(dataset: string, isConfigured: boolean): TierdError {
  return new TierdError({
    code: 'USAGE',
    ...(isConfigured
      ? {
          message: `the dataset ${dataset} is no Iceberg table yet.`,
          hint: `\`tierd rotate ${dataset}\` makes it one as soon as it has a cold row; before, no engine finds it`,
        }
      : {
          message: `the dataset ${dataset} is no Iceberg table; other engines can be given its files, as docs/engines.md says.`,
          hint: `set lake.iceberg or datasets.${dataset}.iceberg to true: the next rotation makes it one, without a copy of any row`,
        }),
  });
}

/** Null where nobody may ask it. */
function restCatalogue(server: ServerConfig | undefined): string | null {
  if (server === undefined || server.queryToken === null) return null;
  return `http://${hostOf(server.host)}:${String(server.port)}/iceberg`;
}

/** As others reach it: a socket's folder and every address are this machine's. */
function hostOf(host: string): string {
  if (host.startsWith('/') || host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
