/** A directory with a configuration, and the built program run in it as a person would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CliResult, runTierd, TIERD } from './cli.ts';
import { directoryWith } from './config-file.ts';
import type { TestDatabase } from './database.ts';

export interface Workspace {
  readonly directory: string;
  readonly lake: string;
  readonly spill: string;
  readonly config: string;
  readonly tierd: (...argv: readonly string[]) => Promise<CliResult>;
  /** Starts the program and comes back at once. */
  readonly start: (...argv: readonly string[]) => RunningTierd;
}

export interface RunningTierd {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** `datasets` and `more` are YAML; a lake may be given that lies elsewhere. */
export function makeWorkspace(
  database: Pick<TestDatabase, 'url'>,
  datasets: string,
  more = '',
  lake = '{ type: local, path: lake, min_free: 0MB }',
  makeDirectory = directoryWith,
): Workspace {
  const directory = makeDirectory({
    'unified_config.yaml': `
postgres: { url: "${database.url}", lock_timeout: 3s }
lake: ${lake}
maintenance: { temp_dir: spill, threads: 1, memory_limit: 256MB }
${more}
datasets:
${datasets}`,
  });
  const spill = join(directory, 'spill');
  mkdirSync(spill);
  return {
    directory,
    lake: join(directory, 'lake', 'cold_storage'),
    spill,
    config: join(directory, 'unified_config.yaml'),
    tierd: (...argv) => runTierd(argv, { workingDirectory: directory }),
    start: (...argv) => startTierd(process.execPath, [TIERD, ...argv], directory),
  };
}

export function startTierd(
  program: string,
  argv: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): RunningTierd {
  const child = spawn(program, argv, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}
