/** File systems of a test's own, which only processes in its mount namespace see as such. */
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
  return holdMounted(directory, `mount -t tmpfs -o ${settings} tmpfs "$0"`);
}

/**
 * Has everything in `directory` hang whoever looks at it, as a network file system does whose server is
 * away: an automount whose daemon never answers. The kernel's own: only SIGKILL ends such a wait.
 */
export async function hangPrivately(directory: string): Promise<PrivateMount> {
  const queue = join(directory, 'unanswered');
  const settings = 'fd=9,pgrp=1,minproto=5,maxproto=5,indirect';
  return holdMounted(
    directory,
    `mkfifo ${queue} && exec 9<>${queue} && mount -t autofs -o ${settings} none "$0"`,
  );
}

async function holdMounted(directory: string, mount: string): Promise<PrivateMount> {
  const script = `${mount} && echo mounted && exec cat`;
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
      throw new Error(`nothing could be mounted over ${directory}`);
    }),
  ]);
  const pid = String(holder.pid);
  return {
    seenFromOutside: join('/proc', pid, 'root', directory),
    command: (argv) => ['nsenter', `--target=${pid}`, '--mount', '--', ...argv],
  };
}
