/** A process that is started, waited for, and has to succeed. */
import { spawn } from 'node:child_process';

export interface Ended {
  readonly stdout: string;
  /** Wall clock, from spawn to exit. */
  readonly seconds: number;
}

export interface ChildOptions {
  /** A file descriptor for its stdout, which is read and returned otherwise. */
  readonly stdout?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly onStart?: (pid: number) => void;
}

/** Throws when it can't be started or ends with anything but 0. */
export async function runChild(
  argv: readonly string[],
  options: ChildOptions = {},
): Promise<Ended> {
  const [program = '', ...args] = argv;
  const startedAt = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', options.stdout ?? 'pipe', 'inherit'],
    env: { ...process.env, ...options.env },
  });
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const code = await new Promise<number | null>((done, fail) => {
    child.on('error', fail);
    child.on('close', done);
  });
  if (code !== 0) {
    throw new Error(`${argv.join(' ')} ended with exit code ${code ?? 'none'}:\n${stdout}`);
  }
  return { stdout, seconds: (performance.now() - startedAt) / 1000 };
}
