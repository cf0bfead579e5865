/** A small disk of a test's own: a tmpfs that only processes in its mount namespace see as such. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface PrivateMount {
  /** The mount point as seen from outside of the namespace. */
  readonly seenFromOutside: string;
  /** argv that runs a program inside. */
  command(argv: readonly string[]): readonly [string, ...string[]];
}

/**
 * Mounts a tmpfs over `directory`, which exists. It is gone with the process that holds it, which
 * ends with us: its input is our pipe.
 */
export async function mountPrivately(
  directory: string,
  options: { readonly kilobytes: number; readonly inodes: number },
): Promise<PrivateMount> {
  const settings = `size=${String(options.kilobytes)}k,nr_inodes=${String(options.inodes)}`;
  const script = `mount -t tmpfs -o ${settings} tmpfs "$0" && echo mounted && exec cat`;
  const holder = spawn('unshare', ['--mount', 'sh', '-c', script, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  onTestFinished(async () => {
    holder.stdin.end();
    await ended;
  });
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(() => {
      throw new Error(`no tmpfs could be mounted over ${directory}`);
    }),
  ]);
  const pid = String(holder.pid);
  return {
    seenFromOutside: join('/proc', pid, 'root', directory),
    command: (argv) => ['nsenter', `--target=${pid}`, '--mount', '--', ...argv],
  };
}
