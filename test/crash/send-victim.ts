/** Starts a victim and waits for its end. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { DrainVictimOrder } from './drain-scenario.ts';
import type { VictimOrder } from './scenario.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The victim as one file: it is started hundreds of times, and compiling it would be most of that. */
export async function bundleVictim(
  name: 'victim' | 'drain-victim' | 'die-at-statement' = 'victim',
): Promise<string> {
  // Inside the project, so that it finds node_modules; two levels deep, as the code it is made of,
  // so that it finds the migrations.
  const outfile = join(ROOT, 'test-results', 'crash', `${name}-${String(process.pid)}.mjs`);
  await build({
    entryPoints: [join(ROOT, `test/crash/${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  return outfile;
}

export interface VictimEnd {
  /** The effects that the victim met, in order. */
  readonly met: readonly string[];
  /** False when it met fewer effects than the one it was to die at: the writer decides how many there are. */
  readonly wasKilled: boolean;
}

/**
 * @throws when it ended neither by the kill that was ordered nor in order
 */
export async function sendVictim(
  bundle: string,
  order: VictimOrder | DrainVictimOrder,
): Promise<VictimEnd> {
  const child = spawn(process.execPath, [bundle, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (exitCode, name) => {
      resolve([exitCode, name]);
    });
  });
  const wasKilled = signal === 'SIGKILL';
  if (!wasKilled && code !== 0) throw new Error(`the victim failed by itself: ${err}`);
  return { met: out.trim().split('\n'), wasKilled };
}
