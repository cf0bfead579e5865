/**
 * Footers and chunks of segments, kept on this machine: each in a file of its own under the hash of its segment's
 * content, with a checksum, for a part that was lost inside of a chunk may be read as other values without a word.
 * Several processes share them: an entry gets its name when it is whole, and one that is not what its checksum says,
 * as after a power cut, is as good as none.
 *
 * Its steps are not left to another thread: of a month of days there are a thousand, each of which takes some
 * microseconds, and a tenth of a millisecond to leave. The process is the question's own, and waits for them anyway.
 */
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  readFileSync,
  renameSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
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
  get(name: string): Buffer | null {
    const path = join(this.#directory, name);
    // Mostly it is not, and an error would be made to say so.
    const entry = existsSync(path) ? unlessGone(() => readFileSync(path)) : null;
    if (entry === null) return null;
    const end = entry.length - CHECKSUM_BYTES;
    if (end < 0 || crc32(entry.subarray(0, end)) !== entry.readUInt32LE(end)) {
      this.drop(name);
      return null;
    }
    const now = new Date();
    // Evicted meanwhile: then only its age is not worth noting any more.
    passing(() => utimesSync(path, now, now));
    return entry.subarray(0, end);
  }

  /** Whether something is kept by the name; only `get` tells whether it is whole. */
  has(name: string): boolean {
    return existsSync(join(this.#directory, name));
  }

  /** What can't be kept is only not there for the next query. */
  put(name: string, bytes: Uint8Array): void {
    const path = join(this.#directory, name);
    const part = `${path}.${randomUUID()}`;
    const checksum = Buffer.alloc(CHECKSUM_BYTES);
    checksum.writeUInt32LE(crc32(bytes));
    try {
      writeFileSync(part, Buffer.concat([bytes, checksum]), { flag: 'wx' });
      renameSync(part, path);
    } catch (error) {
      passing(() => unlinkSync(part));
      if (!isNodeError(error, 'ENOSPC', 'EDQUOT')) throw error;
    }
  }

  drop(name: string): void {
    // Another process was sooner.
    passing(() => unlinkSync(join(this.#directory, name)));
  }
}

function unlessGone<Found>(look: () => Found): Found | null {
  try {
    return look();
  } catch (error) {
    if (isNodeError(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Nothing depends on whether it could be done. */
export function passing(step: () => void): void {
  try {
    step();
  } catch {
    // By another process meanwhile, or not at all.
  }
}
