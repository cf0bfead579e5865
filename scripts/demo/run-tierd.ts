/** tierd as a person runs it: the built program, in a process of its own, on this terminal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Tierd {
  /** Shows all that it says. Resolves with its exit code. */
  show(...args: readonly string[]): Promise<number>;
  /** Returns what it says on stdout instead of showing it. Throws when it fails. */
  read(...args: readonly string[]): Promise<string>;
  /** Starts `tierd run`, and returns once it answers at the port; what stops it comes back. */
  serve(port: number): Promise<() => Promise<void>>;
}

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** How long it may take to come to rest after Ctrl-C before it is killed. */
const PATIENCE_MS = 10_000;

export function tierdWith(configFile: string, signal: AbortSignal): Tierd {
  async function run(
    args: readonly string[],
    stdout: 'inherit' | 'pipe',
  ): Promise<{ code: number; output: string }> {
    signal.throwIfAborted();
    const child = spawn(process.execPath, [PROGRAM, '--config', configFile, ...args], {
      stdio: ['ignore', stdout, 'inherit'],
      // Out of reach of the terminal's Ctrl-C, which together with ours would be the second one.
      detached: true,
    });
    let patience: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      child.kill('SIGINT');
      patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    };
    signal.addEventListener('abort', interrupt, { once: true });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    try {
      const code = await new Promise<number>((done, fail) => {
        child.on('error', fail);
        child.on('close', (status) => done(status ?? 1));
      });
      signal.throwIfAborted();
      return { code, output };
    } finally {
      clearTimeout(patience);
      signal.removeEventListener('abort', interrupt);
    }
  }
  return {
    show: async (...args) => (await run(args, 'inherit')).code,
    read: async (...args) => {
      const { code, output } = await run(args, 'pipe');
      if (code !== 0) throw new Error(`tierd ${args.join(' ')} ended with exit code ${code}`);
      return output;
    },
    async serve(port) {
      signal.throwIfAborted();
      const child = spawn(process.execPath, [PROGRAM, '--config', configFile, 'run'], {
        stdio: ['ignore', 'inherit', 'inherit'],
        detached: true,
      });
      const ended = new Promise<void>((done) => child.once('exit', () => done()));
      const stop = async (): Promise<void> => {
        child.kill('SIGTERM');
        await ended;
      };
      const interrupt = (): void => void child.kill('SIGINT');
      signal.addEventListener('abort', interrupt, { once: true });
      try {
        await whenListening(child, port, signal);
      } catch (error) {
        await stop();
        throw error;
      }
      return async () => {
        signal.removeEventListener('abort', interrupt);
        await stop();
      };
    },
  };
}

async function whenListening(
  child: ChildProcess,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (child.exitCode !== null) {
      throw new Error(`tierd run ended with exit code ${child.exitCode}`);
    }
    const isThere = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => done(true)).on('error', () => done(false));
      socket.once('connect', () => socket.end());
    });
    if (isThere) return;
    await pause(50);
  }
}
