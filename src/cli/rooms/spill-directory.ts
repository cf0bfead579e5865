/**
 * Where DuckDB spills, a directory for each process. What a killed one left is removed by the next: its
 * name says whose it was.
 */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { TierdError } from '../../domain/errors.ts';
import { directoriesBetween } from '../../lake/directories.ts';
import { giveToOwnerOfFolder } from '../../lake/file-modes.ts';
import { isAlive } from '../../lake/is-alive.ts';
import { answersInTime } from '../../lake/knock.ts';

/**
 * `work` gets a directory of its own below `parent`, which is gone when it has ended; `parent` is made
 * where it is missing. Throws CONFIG_INVALID where that can't be done.
 */
export async function withSpillDirectory<Result>(
  parent: string,
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await makeOwn(parent);
  // A second Ctrl-C ends the process on the spot, and leaves no time to wait for anything.
  const removeAtOnce = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', removeAtOnce);
  try {
    return await work(directory);
  } finally {
    process.off('exit', removeAtOnce);
    await rm(directory, { recursive: true, force: true });
  }
}

/** A disk that has to spin up takes ten seconds. */
const ANSWER_LIMIT_MS = 10_000;

async function makeOwn(parent: string): Promise<string> {
  if (!(await answersInTime(join(parent, 'any'), ANSWER_LIMIT_MS))) {
    throw unusable(parent, 'its file system does not answer, as that of a server which is away');
  }
  try {
    const first = await mkdir(parent, { recursive: true });
    const made = first === undefined ? [] : directoriesBetween(dirname(first), parent);
    for (const directory of made) await giveToOwnerOfFolder(directory);
    await sweepSpillDirectories(parent);
    const own = await mkdtemp(join(parent, `${prefix()}${String(process.pid)}-`));
    await giveToOwnerOfFolder(own);
    return own;
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw unusable(parent, reason, error);
  }
}

function unusable(parent: string, reason: string, cause?: unknown): TierdError {
  return new TierdError({
    code: 'CONFIG_INVALID',
    message: `maintenance.temp_dir, ${parent}, can't be used for what large sorts spill (${reason}); nothing was changed`,
    hint: 'let maintenance.temp_dir name a directory that this user may write, on a disk with room',
    cause,
  });
}

/**
 * Removes those of this machine's processes that are no more, and of other machines what nobody has
 * touched for a week. @returns their names
 */
export async function sweepSpillDirectories(parent: string): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const name of await readdir(parent)) {
    const owner = ownerOf(name);
    if (owner === null) continue;
    const path = join(parent, name);
    try {
      if (!(await isLeft(path, owner))) continue;
      await rm(path, { recursive: true, force: true });
      swept.push(name);
    } catch {
      // Another user's, or swept by another at the same time: it is no data of anybody, only space.
    }
  }
  return swept;
}

interface Owner {
  readonly host: string;
  readonly pid: number;
}

function prefix(): string {
  return `tierd-spill-${hostname()}-`;
}

function ownerOf(name: string): Owner | null {
  const [, host, pid] = /^tierd-spill-(.+)-(\d+)-[A-Za-z0-9]{6}$/.exec(name) ?? [];
  return host === undefined ? null : { host, pid: Number(pid) };
}

/** Longer than any job spills without a write. */
const ABANDONED_AFTER_MS = 7 * 86_400_000;

async function isLeft(path: string, { host, pid }: Owner): Promise<boolean> {
  // Containers share a directory and not their processes, and each new one has another name: of those
  // nobody can be asked.
  if (host !== hostname()) return (await lastTouchedMs(path)) < Date.now() - ABANDONED_AFTER_MS;
  // A container that is started again counts its processes from 1 again.
  if (pid === process.pid) return (await lastTouchedMs(path)) < performance.timeOrigin;
  return !isAlive(pid);
}

async function lastTouchedMs(path: string): Promise<number> {
  const times = [(await stat(path)).mtimeMs];
  for (const name of await readdir(path)) times.push((await stat(join(path, name))).mtimeMs);
  return Math.max(...times);
}
