/**
 * A Python with engines that read Iceberg tables: the one that `$TIERD_TEST_ENGINES` names, which has all of
 * them, or a virtual environment with those that every run asks. It lies in `$TIERD_TEST_CACHE` or
 * ~/.cache/tierd, and is made once. The product needs no Python.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { testCache } from './test-cache.ts';

const run = promisify(execFile);
const RECIPE = resolve(import.meta.dirname, 'python-engines.sh');
const REQUIREMENTS = resolve(import.meta.dirname, '../engines/requirements.txt');

/** The interpreter; or why there is none, in the words of `how-to-add.ts`. */
export type PythonEngines =
  | { readonly python: string; readonly lacks: null }
  | { readonly python: null; readonly lacks: string };

export async function openPythonEngines(): Promise<PythonEngines> {
  const given = process.env['TIERD_TEST_ENGINES'];
  if (given !== undefined) return { python: given, lacks: null };
  const version = await versionWithVenv();
  if (version === null) return { python: null, lacks: 'not installed' };
  try {
    return { python: join(await environmentFor(version), 'bin', 'python'), lacks: null };
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
    return { python: null, lacks: 'its packages could not be installed' };
  }
}

/** Null where there is no Python, or one that can make no environment with pip in it. */
async function versionWithVenv(): Promise<string | null> {
  const script = 'import sys, venv, ensurepip; print(sys.version, sys.base_prefix)';
  const found = run('python3', ['-c', script]);
  return found.then(
    ({ stdout }) => stdout,
    () => null,
  );
}

/** An environment is one interpreter's: another has another. */
async function environmentFor(version: string): Promise<string> {
  const parts = [await readFile(RECIPE), await readFile(REQUIREMENTS), version];
  const hash = parts.reduce((sum, part) => sum.update(part), createHash('sha256'));
  const target = join(testCache(), `engines-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(target)) return target;
  await mkdir(testCache(), { recursive: true });
  process.stderr.write(`Installing the engines for the tests in ${target} (once, about 30 s) …\n`);
  await run('flock', [`${target}.lock`, 'sh', RECIPE, target, REQUIREMENTS]);
  return target;
}
