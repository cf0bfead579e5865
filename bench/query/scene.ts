/** Years of daily segments and some hot days of one table, in a server and a lake as a user has them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { loadConfig } from '../../src/config/load.ts';
import type { Dataset } from '../../src/domain/dataset.ts';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import type { ObjectStore } from '../../src/lake/object-store.ts';
import { type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { USUAL_SETTINGS } from '../../test/support/usual-settings.ts';
import { runChild } from '../child.ts';

export interface SceneSize {
  readonly coldDays: number;
  readonly hotDays: number;
  readonly rowsADay: number;
  readonly symbols: number;
}

export interface QueryScene {
  readonly size: SceneSize;
  readonly server: PostgresServer;
  readonly client: pg.Client;
  readonly folder: string;
  readonly configFile: string;
  readonly lake: string;
  readonly store: ObjectStore;
  readonly datasets: readonly Dataset[];
  /** Midnight so many days ago, as SQL has it: `'2024-01-15'`. */
  readonly day: (ago: number) => string;
  remove(): Promise<void>;
}

export const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const DAYS_AT_ONCE = 50;

export async function openQueryScene(
  size: SceneSize,
  say: (text: string) => void,
): Promise<QueryScene> {
  const folder = await mkdtemp(join(tmpdir(), 'tierd-bench-'));
  const lake = join(folder, 'data_lake');
  await mkdir(lake);
  const server = await startPostgres({ settings: USUAL_SETTINGS });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const day = (ago: number): string =>
    `'${new Date(today - ago * DAY_MS).toISOString().slice(0, 10)}'`;
  await fill(client, size, day);
  say(`${String((size.coldDays + size.hotDays) * size.rowsADay)} rows are in PostgreSQL`);
  const configFile = join(folder, 'unified_config.yaml');
  await writeFile(configFile, configOf(server.url, lake, size.hotDays));
  for (const command of [
    ['migrate', 'up'],
    ['rotate', '--quiet', '--force'],
  ]) {
    await runChild([process.execPath, PROGRAM, '--config', configFile, ...command]);
  }
  await client.query('vacuum (freeze, analyze) bars');
  await client.query('checkpoint');
  say(`${String(size.coldDays)} days are in the lake`);
  const config = loadConfig({ file: configFile, env: {}, workingDirectory: folder });
  return {
    size,
    server,
    client,
    folder,
    configFile,
    lake,
    store: await openLocalStore(join(lake, 'cold_storage'), nodeFileSystem),
    datasets: config.datasets,
    day,
    async remove() {
      await client.end();
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function fill(
  client: pg.Client,
  size: SceneSize,
  day: (ago: number) => string,
): Promise<void> {
  await client.query(`create table bars (time timestamptz not null, symbol text not null, open numeric(20,8) not null,
    high numeric(20,8) not null, low numeric(20,8) not null, close numeric(20,8) not null, volume bigint not null)`);
  const all = size.coldDays + size.hotDays;
  for (let ago = all; ago > 0; ago -= DAYS_AT_ONCE) {
    await client.query(
      FILL,
      [day(ago), day(Math.max(0, ago - DAYS_AT_ONCE)), size.symbols, size.rowsADay].map(bare),
    );
  }
  await client.query('create index on bars (symbol, time desc)');
  await client.query('create index on bars (time)');
  await client.query('vacuum (freeze, analyze) bars');
}

const FILL = `
  insert into bars
  select $1::timestamptz + (n / $3::int) * (interval '1 day' * $3::int / $4::int), 'S' || lpad((n % $3::int)::text, 5, '0'),
         100 + n % 97, 101 + n % 97, 99 + n % 97, 100 + n % 89 + 0.25, n % 100000
  from generate_series(0, (extract(epoch from $2::timestamptz - $1::timestamptz) / 86400)::int * $4::int - 1) as n`;

function bare(value: string | number): string | number {
  return typeof value === 'string' ? value.replaceAll("'", '') : value;
}

function configOf(url: string, lake: string, hotDays: number): string {
  return `postgres: { url: "${url}" }
lake: { type: local, path: ${lake} }
datasets:
  bars: { time_column: time, sort_by: [symbol, time], hot_days: ${String(hotDays)}, guards: { max_share: 1 } }
`;
}
