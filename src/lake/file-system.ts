/**
 * The few file-system calls that the lake makes. They come in through this one door so that
 * whoever composes the program can wrap each effect (the crash suite kills the process before
 * and after every one of them).
 */
import type { Stats } from 'node:fs';
import * as fs from 'node:fs/promises';

export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly bytes: number;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: FileFacts['kind'];
}

/** Bytes `[fromInclusive, toExclusive)` of an object. */
export interface ByteRange {
  readonly fromInclusive: number;
  readonly toExclusive: number;
}

/** Paths are absolute. Errors are Node's own, with their `code`. */
export interface FileSystem {
  // Effects
  /** Makes one directory; fails with EEXIST where something has that name. */
  makeDirectory(path: string): Promise<void>;
  /** Writes a file that must not exist, and flushes it to the disk. */
  writeNewFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Writes a file that must not exist, and that need not outlast a power cut. */
  copyIn(chunks: AsyncIterable<Uint8Array>, path: string): Promise<void>;
  syncFile(path: string): Promise<void>;
  /** Flushes the directory's list of names, so that links made or removed in it last. */
  syncDirectory(path: string): Promise<void>;
  /** A second name for a file; fails with EEXIST rather than replace anything. */
  link(existing: string, added: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Removes an empty directory; fails with ENOTEMPTY on any other. */
  removeDirectory(path: string): Promise<void>;

  // Looks
  /** What lies at `path`, not following a link; null when nothing does. */
  look(path: string): Promise<FileFacts | null>;
  readDirectory(path: string): Promise<DirectoryEntry[]>;
  realPath(path: string): Promise<string>;
  /** Each chunk is lent until the next is asked for. Ends early where the file does. */
  read(path: string, range: ByteRange | null, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Fails, as by EACCES or EROFS, where this process may make nothing in the directory. */
  assertMayWrite(path: string): Promise<void>;
  /** Bytes an unprivileged writer may still use on the file system that holds `path`. */
  freeBytes(path: string): Promise<number>;
}

export const nodeFileSystem: FileSystem = {
  async makeDirectory(path) {
    await fs.mkdir(path);
  },
  async writeNewFile(path, bytes) {
    const file = await fs.open(path, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  async copyIn(chunks, path) {
    const file = await fs.open(path, 'wx');
    try {
      for await (const chunk of chunks) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
  },
  syncFile: (path) => flush(path, 'r+'),
  async syncDirectory(path) {
    try {
      await flush(path, 'r');
    } catch (error) {
      // Some network and FUSE file systems can't flush a directory: there a name is as durable as
      // they make it, and refusing would not make it more so.
      if (!isNodeError(error, 'EINVAL', 'ENOTSUP')) throw error;
    }
  },
  link: (existing, added) => fs.link(existing, added),
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  removeDirectory: (path) => fs.rmdir(path),

  async look(path) {
    try {
      const stats = await fs.lstat(path);
      return { kind: kindOf(stats), bytes: stats.size };
    } catch (error) {
      if (isNodeError(error, 'ENOENT', 'ENOTDIR')) return null;
      throw error;
    }
  },
  async readDirectory(path) {
    const entries = await fs.readdir(path, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  },
  realPath: (path) => fs.realpath(path),
  read: readChunks,
  assertMayWrite: (path) => fs.access(path, fs.constants.W_OK | fs.constants.X_OK),
  async freeBytes(path) {
    const stats = await fs.statfs(path);
    return stats.bavail * stats.bsize;
  },
};

/** Large enough that hashing, not the number of calls, sets the pace. */
const READ_CHUNK_BYTES = 512 * 1024;

/**
 * Into one buffer again and again: a stream's new one for every chunk kept the collector busy, and so did one for a
 * small file that was as large as for any.
 */
async function* readChunks(
  path: string,
  range: ByteRange | null,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const end = range?.toExclusive ?? Number.POSITIVE_INFINITY;
  let position = range?.fromInclusive ?? 0;
  const handle = await fs.open(path, 'r');
  try {
    const last = Math.min(end, (await handle.stat()).size);
    const buffer = new Uint8Array(Math.min(READ_CHUNK_BYTES, Math.max(1, last - position)));
    while (position < end) {
      signal?.throwIfAborted();
      const length = Math.min(buffer.length, end - position);
      const { bytesRead } = await handle.read(buffer, 0, length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function flush(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await fs.open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function kindOf(
  entry: Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>,
): FileFacts['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

/** Whether `error` came from the operating system with one of these codes. */
export function isNodeError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** @returns whether it was there */
export async function unlinkIfThere(
  fs: Pick<FileSystem, 'unlink'>,
  path: string,
): Promise<boolean> {
  try {
    await fs.unlink(path);
    return true;
  } catch (error) {
    if (!isNodeError(error, 'ENOENT')) throw error;
    return false;
  }
}
