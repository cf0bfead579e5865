import { createHash } from 'node:crypto';

export interface Checksum {
  readonly bytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

export async function checksumOf(chunks: AsyncIterable<Uint8Array>): Promise<Checksum> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** What is in memory already, for those that take a stream. */
export async function* chunkOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
