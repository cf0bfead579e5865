/** The bytes of a file that may be packed. One that ends too early fails here, and is never read as a shorter one. */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { unreadable } from '../../lake/table-file.ts';
import type { FoundFile } from './find-files.ts';

/** @throws TierdError USAGE where it can't be unpacked */
export async function* unpacked({ path, kind }: FoundFile): AsyncGenerator<Uint8Array> {
  try {
    switch (kind.packing) {
      case 'none':
        yield* createReadStream(path);
        return;
      case 'gzip': {
        const source = createReadStream(path);
        const gunzip = createGunzip();
        source.on('error', (error) => gunzip.destroy(error));
        yield* source.pipe(gunzip);
        return;
      }
      case 'zstd':
        yield* unpackZstd(createReadStream(path));
    }
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error));
  }
}

async function* unpackZstd(pieces: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const unpacking = new Decompress((bytes) =>
    ready.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
  );
  const taken = (): readonly Uint8Array[] => {
    const all = ready;
    ready = [];
    return all;
  };
  for await (const piece of pieces) {
    unpacking.push(new Uint8Array(piece as Buffer));
    yield* taken();
  }
  unpacking.push(new Uint8Array(), true);
  yield* taken();
}
