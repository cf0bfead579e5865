/** Two tables alike but that one is an Iceberg table too, and a ledger that has as many segments as are wanted. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { USUAL_SETTINGS } from '../../test/support/usual-settings.ts';
import { runChild } from '../child.ts';
import { cpuSeconds } from '../cpu.ts';

export type Which = 'open' | 'plain';

export interface OpenScene {
  readonly server: PostgresServer;
  readonly client: pg.Client;
  readonly folder: string;
  /** Rows of as many days, each a move of its own; they are due. */
  insert(which: Which, days: number, rowsADay: number): Promise<void>;
  /** Processor seconds, those of PostgreSQL included. */
  rotate(which: Which): Promise<number>;
  /** Seconds that a plan takes, with nothing due. */
  plan(which: Which): Promise<number>;
  /** So many segments that are nowhere, in time before all others. */
  pretend(segments: number): Promise<void>;
  remove(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export async function openScene(): Promise<OpenScene> {
  const folder = await mkdtemp(join(tmpdir(), 'tierd-bench-'));
  const server = await startPostgres({ settings: USUAL_SETTINGS });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  for (const which of ['open', 'plain'] as const) {
    await mkdir(join(folder, which), { recursive: true });
    await client.query(`create table ${which} (time timestamptz not null, symbol text not null, open float8, high float8,
      low float8, close float8, volume bigint)`);
  }
  const configFile = join(folder, 'unified_config.yaml');
  await writeFile(configFile, configOf(server.url, folder));
  const tierd = (...argv: readonly string[]) =>
    runChild([process.execPath, PROGRAM, '--config', configFile, ...argv]);
  await tierd('migrate', 'up');
  let day = 100;
  const insert = async (which: Which, days: number, rowsADay: number): Promise<void> => {
    day += days;
    const from = new Date((Math.floor(Date.now() / DAY_MS) - day) * DAY_MS).toISOString();
    await client.query(
      `insert into ${which} select $1::timestamptz + d * interval '24 hours' + n * (interval '24 hours' / $3::int),
         'S' || (n % 500), n, n + 1, n - 1, n + 0.5, n from generate_series(0, $2::int - 1) d, generate_series(0, $3::int - 1) n`,
      [from, days, rowsADay],
    );
    await client.query(`vacuum (freeze, analyze) ${which}`);
  };
  return {
    server,
    client,
    folder,
    insert,
    async rotate(which) {
      const before = cpuSeconds('self') + cpuSeconds(server.pid());
      await tierd('rotate', which, '--quiet', '--force');
      return cpuSeconds('self') + cpuSeconds(server.pid()) - before;
    },
    async plan(which) {
      const begun = performance.now();
      await tierd('rotate', which, '--dry-run', '--json');
      return (performance.now() - begun) / 1_000;
    },
    async pretend(segments) {
      for (const which of ['open', 'plain'] as const) await pretend(client, which, segments);
      // The first run lists them all.
      await insert('open', 1, 1);
      await tierd('rotate', 'open', '--quiet', '--force');
    },
    async remove() {
      await client.end();
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configOf(url: string, folder: string): string {
  return `postgres: { url: "${url}" }
lake: { type: local, path: ${join(folder, 'data_lake')} }
datasets:
  open: { time_column: time, sort_by: [symbol, time], iceberg: true, guards: { max_share: 1 } }
  plain: { time_column: time, sort_by: [symbol, time], guards: { max_share: 1 } }
`;
}

/** Like one that is there, an hour each. */
async function pretend(client: pg.Client, which: Which, segments: number): Promise<void> {
  await client.query(
    `insert into tierd.slices (move_id, dataset, range_from, range_to, generation, row_count, fingerprint, columns, published_at)
     select s.move_id, $2, '1990-01-01'::timestamptz + n * interval '1 hour', '1990-01-01'::timestamptz + (n + 1) * interval '1 hour',
            1, s.row_count, s.fingerprint, s.columns, s.published_at
     from (select * from tierd.slices where dataset = $2 order by id limit 1) s,
          generate_series((select count(*) from tierd.slices where dataset = $2), $1::int - 1) n`,
    [segments, which],
  );
  await client.query(
    `insert into tierd.segments (slice_id, schema_id, dataset, object_key, state, bytes, sha256, row_count, min_time_us, max_time_us, statistics, published_at)
     select s.id, s.schema_id, s.dataset,
            $1 || to_char(s.range_from at time zone 'UTC', '"/year="YYYY"/month="MM"/day="DD"/hour="HH24"/') || $1
              || to_char(s.range_from at time zone 'UTC', '"_"YYYYMMDD"T"HH24"-"') || lpad(to_hex(s.id), 12, '0') || '.parquet',
            'live', g.bytes, g.sha256, g.row_count, (extract(epoch from s.range_from) * 1e6)::bigint,
            (extract(epoch from s.range_to) * 1e6)::bigint - 1, g.statistics, g.published_at
     from tierd.slices s, (select * from tierd.segments where dataset = $1 order by id limit 1) g
     where s.dataset = $1 and not exists (select from tierd.segments have where have.slice_id = s.id)`,
    [which],
  );
  await client.query('vacuum (analyze) tierd.slices, tierd.segments');
}
