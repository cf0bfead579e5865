/** What was found of a month, in files of this process, so that a lake of any size is held in little memory. */
import { join } from 'node:path';
import type { KeptSlice } from '../../domain/lake/lake-manifest.ts';
import type { ByteRange, FileSystem } from '../../lake/file-system.ts';
import { writing } from '../../lake/lake-failure.ts';
import { decodeSlices, encodeSlices } from '../../lake/manifest.ts';
import type { MonthFinding } from './rooms.ts';

type Spooled = 'taken' | 'setAside';

export async function writeSpooled(
  fs: FileSystem,
  directory: string,
  dataset: string,
  found: MonthFinding,
): Promise<void> {
  for (const what of ['taken', 'setAside'] as const) {
    const path = pathOf(directory, dataset, found.month, what);
    const bytes = await encodeSlices(found[what]);
    await writing(`write ${path}`, () => fs.writeNewFile(path, bytes));
  }
}

export async function readSpooled(
  fs: FileSystem,
  directory: string,
  dataset: string,
  month: string,
  what: Spooled,
): Promise<readonly KeptSlice[]> {
  const path = pathOf(directory, dataset, month, what);
  const slices = await decodeSlices(await readBytes(fs, path, null));
  if (slices === null) throw new RangeError(`${path} is not what was written into it`);
  return slices;
}

/** @param range all of the file where it is null */
export async function readBytes(
  fs: FileSystem,
  path: string,
  range: ByteRange | null,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of fs.read(path, range)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const pathOf = (directory: string, dataset: string, month: string, what: Spooled): string =>
  join(directory, `${dataset}-${month}-${what}`);
