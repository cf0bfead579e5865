/**
 * A whole rotation as a person runs it: `tierd rotate`, the built program, in its own process, timed
 * from its start to its end.
 */
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { runChild } from './child.ts';
import type { Outcome } from './contender.ts';
import { cpuSeconds } from './cpu.ts';
import { watchMemory } from './memory.ts';

export interface RotationRun extends Outcome {
  /** Of the whole process tree; NaN where it can't be told. */
  readonly peakBytes: number;
}

export interface TierdSetup {
  readonly configFile: string;
  readonly lakeDir: string;
}

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** An empty lake and a ledger without entries, so that every run is the first. */
export async function setUpTierd(
  client: pg.Client,
  options: { readonly url: string; readonly folder: string; readonly table: string },
): Promise<TierdSetup> {
  const lakeDir = join(options.folder, 'data_lake');
  const configFile = join(options.folder, 'unified_config.yaml');
  await rm(lakeDir, { recursive: true, force: true });
  await mkdir(lakeDir, { recursive: true });
  await writeFile(configFile, configText(options.url, lakeDir, options.table));
  await client.query('drop schema if exists tierd cascade');
  await tierd(configFile, 'migrate', 'up');
  return { configFile, lakeDir };
}

export async function runRotation(setup: TierdSetup): Promise<RotationRun> {
  let watch: ReturnType<typeof watchMemory> | undefined;
  const argv = [
    process.execPath,
    PROGRAM,
    '--config',
    setup.configFile,
    'rotate',
    '--json',
    '--quiet',
  ];
  const cpuBefore = cpuSeconds('self');
  const ended = await runChild(argv, {
    onStart: (pid) => {
      watch = watchMemory(pid);
    },
  });
  const peakBytes = watch?.stop() ?? Number.NaN;
  return {
    seconds: ended.seconds,
    cpuSeconds: cpuSeconds('self') - cpuBefore,
    rows: rowsMoved(JSON.parse(ended.stdout)),
    bytes: await bytesOfSegments(setup.lakeDir),
    peakBytes,
  };
}

async function tierd(configFile: string, ...args: readonly string[]): Promise<void> {
  await runChild([process.execPath, PROGRAM, '--config', configFile, ...args]);
}

async function bytesOfSegments(lakeDir: string): Promise<number> {
  const names = await readdir(lakeDir, { recursive: true });
  const sizes = names
    .filter((name) => name.endsWith('.parquet'))
    .map(async (name) => (await stat(join(lakeDir, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** The whole table is due at once, which an operator would have to force. */
function configText(url: string, lakeDir: string, table: string): string {
  return `postgres:
  url: ${url}
lake:
  type: local
  path: ${lakeDir}
datasets:
  ${table}:
    time_column: time
    sort_by: [symbol, time]
    guards:
      max_share: 1
`;
}

function rowsMoved(document: unknown): number {
  const { datasets } = document as {
    readonly datasets: readonly { readonly rows_moved: number }[];
  };
  return datasets.reduce((sum, { rows_moved }) => sum + rows_moved, 0);
}
