/** One table that is moved to a disk and to a bucket in turn, each with a ledger of its own. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openLake } from '../../src/cli/rooms/open-lake.ts';
import { loadConfig, type TierdConfig } from '../../src/config/load.ts';
import type { ObjectStore } from '../../src/lake/object-store.ts';
import { type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { USUAL_SETTINGS } from '../../test/support/usual-settings.ts';
import { runChild } from '../child.ts';
import { watchMemory } from '../memory.ts';
import { PROGRAM } from '../query/scene.ts';
import { type CountingProxy, startProxy } from './proxy.ts';
import { type BenchStore, startStore } from './store.ts';

export interface S3Scene {
  readonly server: PostgresServer;
  readonly client: pg.Client;
  readonly folder: string;
  readonly store: BenchStore;
  readonly proxy: CountingProxy;
  remove(): Promise<void>;
}

export async function openS3Scene(gateway: string | undefined): Promise<S3Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'tierd-bench-'));
  const store = await startStore(gateway);
  const proxy = await startProxy(store.url);
  const server = await startPostgres({ settings: USUAL_SETTINGS });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  return {
    server,
    client,
    folder,
    store,
    proxy,
    async remove() {
      await client.end();
      await server.remove();
      await proxy.close();
      await store.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Place = 'disk' | 'bucket';

/** A lake with nothing in it, and a ledger without entries. */
export interface PlacedLake {
  readonly scene: S3Scene;
  readonly configFile: string;
  readonly config: TierdConfig;
  /** As the configuration says: of a bucket it is the store itself, and not the proxy. */
  readonly store: ObjectStore;
}

/** @param table the one dataset */
export async function beginLake(scene: S3Scene, place: Place, table: string): Promise<PlacedLake> {
  const { client, folder, server } = scene;
  const configFile = join(folder, 'unified_config.yaml');
  const disk = join(folder, 'data_lake');
  await rm(disk, { recursive: true, force: true });
  await mkdir(disk);
  await writeFile(
    configFile,
    `postgres: { url: "${server.url}" }
lake: ${place === 'disk' ? `{ type: local, path: ${disk} }` : bucketOf(scene)}
datasets:
  ${table}: { time_column: time, sort_by: [symbol, time], guards: { max_share: 1 } }
`,
  );
  await client.query('drop schema if exists tierd cascade');
  await runChild([process.execPath, PROGRAM, '--config', configFile, 'migrate', 'up']);
  const config = loadConfig({ file: configFile, env: {}, workingDirectory: folder });
  return { scene, configFile, config, store: await openLake(config) };
}

/** In a folder of its own: another lake lies in the one before. */
function bucketOf({ store, folder }: S3Scene): string {
  const { bucket, url, region, accessKeyId, secretAccessKey } = store;
  return `{ type: s3, bucket: ${bucket}, prefix: bench/${randomUUID()}, endpoint: "${url}", region: ${region},
  access_key_id: ${accessKeyId}, secret_access_key: ${secretAccessKey}, work_directory: ${join(folder, 'work')} }`;
}

export interface Cost {
  /** From the start of the process to its end. */
  readonly seconds: number;
  readonly peakBytes: number;
}

export async function tierd({ configFile }: PlacedLake, ...args: readonly string[]): Promise<Cost> {
  let watch: ReturnType<typeof watchMemory> | undefined;
  const { seconds } = await runChild([process.execPath, PROGRAM, '--config', configFile, ...args], {
    onStart: (pid) => {
      watch = watchMemory(pid);
    },
  });
  return { seconds, peakBytes: watch?.stop() ?? Number.NaN };
}
