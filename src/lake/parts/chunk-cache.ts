/**
 * Footers and chunks of segments, kept on this machine: each in a file of its own under the hash of its segment's
 * content, with a checksum, for a part that was lost inside of a chunk may be read as other values without a word.
 * Several processes share them: an entry gets its name when it is whole, and one that is not what its checksum says,
 * as after a power cut, is as good as none.
 */
import { randomUUID } from 'node:crypto';
import { access, readFile, rename, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { isNodeError } from '../file-system.ts';

const CHECKSUM_BYTES = 4;

export class ChunkCache {
  readonly #directory: string;

  /** @param directory absolute, and there */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Null where it is not there as it was put. */
  async get(name: string): Promise<Buffer | null> {
    const path = join(this.#directory, name);
    let entry: Buffer;
    try {
      entry = await readFile(path);
    } catch (error) {
      if (isNodeError(error, 'ENOENT')) return null;
      throw error;
    }
    const end = entry.length - CHECKSUM_BYTES;
    if (end < 0 || crc32(entry.subarray(0, end)) !== entry.readUInt32LE(end)) {
      await this.drop(name);
      return null;
    }
    const now = new Date();
    // Evicted meanwhile: then only its age is not worth noting any more.
    await utimes(path, now, now).catch(() => undefined);
    return entry.subarray(0, end);
  }

  /** Whether something is kept by the name; only `get` tells whether it is whole. */
  async has(name: string): Promise<boolean> {
    return access(join(this.#directory, name)).then(
      () => true,
      () => false,
    );
  }

  /** What can't be kept is only not there for the next query. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#directory, name);
    const part = `${path}.${randomUUID()}`;
    const checksum = Buffer.alloc(CHECKSUM_BYTES);
    checksum.writeUInt32LE(crc32(bytes));
    try {
      await writeFile(part, Buffer.concat([bytes, checksum]), { flag: 'wx' });
      await rename(part, path);
    } catch (error) {
      await unlink(part).catch(() => undefined);
      if (!isNodeError(error, 'ENOSPC', 'EDQUOT')) throw error;
    }
  }

  async drop(name: string): Promise<void> {
    // Another process was sooner.
    await unlink(join(this.#directory, name)).catch(() => undefined);
  }
}
