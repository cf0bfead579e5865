/** Runs tierd's command line: inside the test, or as the process that people start. */
import { spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../src/cli/run.ts';
import type { Clock } from '../../src/domain/time/clock.ts';

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSurroundings {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory?: string;
  /** Whether the streams pass for a terminal of this many columns. */
  readonly columns?: number;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** Everything but main.ts, within this process. */
export async function runInside(
  argv: readonly string[],
  surroundings: CliSurroundings = {},
): Promise<CliResult> {
  const { columns, env = {}, workingDirectory = '/', clock = { now: () => 0 } } = surroundings;
  const tty = columns === undefined ? {} : { isTTY: true, columns };
  const stdout = Object.assign(new PassThrough(), tty);
  const stderr = Object.assign(new PassThrough(), tty);
  const stdin = Object.assign(new PassThrough(), tty);
  stdin.end(surroundings.stdin ?? '');
  const texts = Promise.all([readAll(stdout), readAll(stderr)]);
  const signal = surroundings.signal ?? new AbortController().signal;
  const exitCode = await runCli({
    argv,
    // A query is a process of its own, here of the sources.
    env: { NODE_OPTIONS: `--import=${import.meta.resolve('tsx')}`, ...env },
    workingDirectory,
    stdin,
    stdout,
    stderr,
    clock,
    signal,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await texts;
  return { exitCode, stdout: out, stderr: err };
}

export const TIERD = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The built program as a process; `npm test` builds it first. */
export async function runTierd(
  argv: readonly string[],
  surroundings: Pick<CliSurroundings, 'env' | 'workingDirectory' | 'stdin'> = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [TIERD, ...argv], {
    cwd: surroundings.workingDirectory,
    env: { ...process.env, ...surroundings.env },
  });
  child.stdin.end(surroundings.stdin ?? '');
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [exitCode, stdout, stderr] = await Promise.all([
    ended,
    readAll(child.stdout),
    readAll(child.stderr),
  ]);
  return { exitCode, stdout, stderr };
}

async function readAll(stream: Readable): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const part of stream) text += String(part);
  return text;
}
