/** Which files are brought in together: their rows lie in PostgreSQL's temporary tables until the last of them is committed. */
import type pg from 'pg';
import { findIngested } from '../../ledger/ingested-files.ts';
import { readingOfFile } from './find-files.ts';
import type { IngestRequest } from './rooms.ts';
import type { FileToBring } from './stage-files.ts';

export interface FileLeftOut {
  readonly path: string;
  readonly bytes: number;
  readonly why: string;
}

export interface Batch {
  readonly files: readonly FileToBring[];
  readonly leftOut: readonly FileLeftOut[];
}

/** Reads each file once, to know it by its content. What the ledger has brought in before is left out, and so is a second copy. */
export async function lookAtFiles(
  db: pg.Client,
  dataset: string,
  { files, reading, onConflict }: IngestRequest,
): Promise<Batch> {
  const readings: Omit<FileToBring, 'before'>[] = [];
  for (const file of files) {
    readings.push({ file, reading: await readingOfFile(file, reading, onConflict) });
  }
  const ids = readings.map((one) => one.reading.reading);
  const known = await findIngested(db, dataset, ids);
  const first = new Map<string, string>();
  const bring: FileToBring[] = [];
  const leftOut: FileLeftOut[] = [];
  for (const { file, reading: read } of readings) {
    const { path, bytes } = read;
    const same = first.get(read.reading);
    const before = known.get(read.reading) ?? null;
    if (before?.isEnded === true) {
      leftOut.push({ path, bytes, why: `ingested before, as ${before.path}` });
    } else if (same !== undefined) {
      leftOut.push({ path, bytes, why: `it is the same as ${same}` });
    } else {
      first.set(read.reading, path);
      bring.push({ file, reading: read, before });
    }
  }
  return { files: bring, leftOut };
}

/** Of Parquet and packed files, which become several times as large. */
const BATCH_BYTES = 512 * 1024 * 1024;
const GROWS = 4;

/** In the files' order; at least one, which tells what is left out. */
export function batchesOf({ files, leftOut }: Batch): readonly Batch[] {
  const batches: FileToBring[][] = [[]];
  let bytes = 0;
  for (const one of files) {
    const { kind } = one.file;
    const isSmall = kind.packing === 'none' && kind.format !== 'parquet';
    const size = one.reading.bytes * (isSmall ? 1 : GROWS);
    if (bytes > 0 && bytes + size > BATCH_BYTES) {
      batches.push([]);
      bytes = 0;
    }
    bytes += size;
    batches.at(-1)?.push(one);
  }
  return batches.map((batch, index) => ({ files: batch, leftOut: index === 0 ? leftOut : [] }));
}
