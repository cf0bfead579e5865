/** A drain as a person runs it: `tierd drain`, the built program, timed from its start to its end. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from '../child.ts';
import type { Outcome } from '../contender.ts';
import { cpuSeconds } from '../cpu.ts';
import { watchMemory } from '../memory.ts';
import { BAR_COLUMNS, BAR_TABLE } from './bars.ts';
import { type EntryType, SOURCES, TYPES } from './fill.ts';

export interface DrainRun extends Outcome {
  /** Of the whole process tree; NaN where it can't be told. */
  readonly peakBytes: number;
}

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface DrainPlace {
  readonly url: string;
  readonly redisUrl: string;
  readonly folder: string;
}

/** One source for each type. Makes the ledger. */
export async function setUpDrain({ url, redisUrl, folder }: DrainPlace): Promise<string> {
  const file = join(folder, 'unified_config.yaml');
  const columns = BAR_COLUMNS.map((name) => `${name}: ${name}`).join(', ');
  const sources = TYPES.map(
    (type) =>
      `    ${type}: ${SOURCES[type]}, dataset: ${BAR_TABLE}, columns: { ${columns} }, types: { time: time_ms } }`,
  );
  const lines = [
    `postgres: { url: "${url}" }`,
    `redis: { url: "${redisUrl}" }`,
    `lake: { type: local, path: "${folder}/lake" }`,
    `datasets: { ${BAR_TABLE}: { time_column: time } }`,
    'drain:',
    '  sources:',
    ...sources,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  await runChild([process.execPath, PROGRAM, '--config', file, 'migrate', 'up']);
  return file;
}

export async function runDrain(configFile: string, type: EntryType): Promise<DrainRun> {
  let watch: ReturnType<typeof watchMemory> | undefined;
  const argv = [process.execPath, PROGRAM, '--config', configFile];
  const cpuBefore = cpuSeconds('self');
  const ended = await runChild([...argv, 'drain', type, '--json', '--quiet'], {
    onStart: (pid) => {
      watch = watchMemory(pid);
    },
  });
  const peakBytes = watch?.stop() ?? Number.NaN;
  const document = JSON.parse(ended.stdout) as {
    readonly sources: readonly { readonly rows: number; readonly bytes: number }[];
  };
  const [source] = document.sources;
  return {
    seconds: ended.seconds,
    cpuSeconds: cpuSeconds('self') - cpuBefore,
    rows: source?.rows ?? 0,
    bytes: source?.bytes ?? 0,
    peakBytes,
  };
}
