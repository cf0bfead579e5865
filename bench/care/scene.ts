/** A server as a user's, a lake and a ledger that are made anew, and tierd's commands with what they cost. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { loadConfig } from '../../src/config/load.ts';
import type { Dataset } from '../../src/domain/dataset.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import type { ObjectStore } from '../../src/lake/object-store.ts';
import { type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { openServerTree } from '../../test/support/server-tree.ts';
import { USUAL_SETTINGS } from '../../test/support/usual-settings.ts';
import { runChild } from '../child.ts';
import { cpuSeconds } from '../cpu.ts';
import { watchMemory } from '../memory.ts';
import { findPsql } from '../psql.ts';
import { PROGRAM } from '../query/scene.ts';

export interface CareScene {
  readonly server: PostgresServer;
  readonly client: pg.Client;
  readonly psql: readonly string[];
  readonly folder: string;
  remove(): Promise<void>;
}

/** One dataset, its ledger and its lake. */
export interface Care {
  readonly scene: CareScene;
  readonly lake: string;
  readonly configFile: string;
  readonly store: ObjectStore;
  readonly dataset: Dataset;
}

export interface Cost {
  /** From the start of the process to its end. */
  readonly seconds: number;
  /** Processor time of the process and of PostgreSQL. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

export async function openCareScene(): Promise<CareScene> {
  const tree = await openServerTree();
  const folder = await mkdtemp(join(tmpdir(), 'tierd-bench-'));
  const server = await startPostgres({ tree, settings: USUAL_SETTINGS });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  return {
    server,
    client,
    psql: findPsql(tree),
    folder,
    async remove() {
      await client.end();
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An empty lake, and a ledger without entries. @param options of the dataset, as YAML between braces */
export async function beginCare(scene: CareScene, name: string, options: string): Promise<Care> {
  const { folder, server } = scene;
  const lake = join(folder, 'data_lake');
  const configFile = join(folder, 'unified_config.yaml');
  await rm(lake, { recursive: true, force: true });
  await mkdir(lake);
  await writeFile(
    configFile,
    `postgres: { url: "${server.url}" }
lake: { type: local, path: ${lake} }
datasets:
  ${name}: { time_column: time, sort_by: [symbol, time], guards: { max_share: 1 }, ${options} }
`,
  );
  await forgetLedger(scene, configFile);
  const [dataset] = loadConfig({ file: configFile, env: {}, workingDirectory: folder }).datasets;
  if (dataset === undefined) throw new Error('no dataset');
  const store = await openLocalStore(join(lake, 'cold_storage'), nodeFileSystem);
  return { scene, lake, configFile, store, dataset };
}

/** As if the database were lost: the lake stays. */
export async function forgetLedger({ client }: CareScene, configFile: string): Promise<void> {
  await client.query('drop schema if exists tierd cascade');
  await runChild([process.execPath, PROGRAM, '--config', configFile, 'migrate', 'up']);
}

/** How long the server's processes may take to end once their client has gone. */
const BACKEND_END_MS = 300;

export async function tierd(
  { scene, configFile }: Care,
  ...args: readonly string[]
): Promise<Cost> {
  let watch: ReturnType<typeof watchMemory> | undefined;
  const cost = await costOf(scene, () =>
    runChild([process.execPath, PROGRAM, '--config', configFile, ...args], {
      onStart: (pid) => {
        watch = watchMemory(pid);
      },
    }),
  );
  return { ...cost, peakBytes: watch?.stop() ?? Number.NaN };
}

/** Of a process that is started and waited for. Backends count once they have ended. */
export async function costOf(
  { server }: CareScene,
  run: () => Promise<{ readonly seconds: number }>,
): Promise<Omit<Cost, 'peakBytes'>> {
  const spent = (): number => cpuSeconds('self') + cpuSeconds(server.pid());
  const before = spent();
  const { seconds } = await run();
  await pause(BACKEND_END_MS);
  return { seconds, cpuSeconds: spent() - before };
}
