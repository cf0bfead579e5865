/** The messages of a COPY OUT, as a server sends them. */
import { type BinaryRow, binaryRow, COPY_HEADER, COPY_TRAILER, int32 } from './copy-in.ts';

export function message(type: string, payload: Uint8Array = new Uint8Array()): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(payload.length + 4), payload]);
}

/** Whole, from CopyOutResponse to ReadyForQuery; the header travels with the first row, as there. */
export function copyOutMessages(rows: readonly BinaryRow[], columns: number): Buffer[] {
  const formats = Buffer.alloc(3 + columns * 2, 1);
  formats.writeUInt8(1, 0);
  formats.writeInt16BE(columns, 1);
  for (let column = 0; column < columns; column += 1) formats.writeInt16BE(1, 3 + column * 2);
  const payloads = [...rows.map(binaryRow), COPY_TRAILER];
  return [
    message('H', formats),
    ...payloads.map((row, index) =>
      message('d', index === 0 ? Buffer.concat([COPY_HEADER, row]) : row),
    ),
    message('c'),
    message('C', Buffer.from(`COPY ${rows.length}\0`)),
    message('Z', Buffer.from('T')),
  ];
}
