/** Rows into PostgreSQL in binary form, which is the way in for bits that no text stands for. */
import type pg from 'pg';

export type BinaryRow = readonly (Uint8Array | null)[];

/** Runs `copy <target> from stdin (format binary)` with these rows. */
export async function copyIn(
  client: pg.Client,
  target: string,
  rows: readonly BinaryRow[],
): Promise<void> {
  const bytes = binaryCopy(rows);
  await new Promise<void>((resolve, reject) => {
    let failure: Error | null = null;
    client.query({
      submit: (connection: pg.Connection) =>
        connection.query(`copy ${target} from stdin (format binary)`),
      handleCopyInResponse: (connection: CopyConnection) => {
        connection.sendCopyFromChunk(bytes);
        connection.endCopyFrom();
      },
      handleCommandComplete: () => resolve(),
      handleError: (error: Error) => {
        failure = error;
        reject(error);
      },
      handleReadyForQuery: () => failure ?? resolve(),
    } as pg.Submittable);
  });
}

/** What `pg` has and its types don't say. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
}

export const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
export const COPY_TRAILER = Buffer.from([0xff, 0xff]);

export function binaryCopy(rows: readonly BinaryRow[]): Buffer {
  return Buffer.concat([COPY_HEADER, ...rows.map(binaryRow), COPY_TRAILER]);
}

export function binaryRow(row: BinaryRow): Buffer {
  const parts: Uint8Array[] = [int16(row.length)];
  for (const value of row) {
    parts.push(int32(value?.length ?? -1));
    if (value !== null) parts.push(value);
  }
  return Buffer.concat(parts);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
