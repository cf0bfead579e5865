/** `COPY … FROM STDIN` in text form, from rows that are in memory. */
import type { Client, Connection, Submittable } from 'pg';

export type TextRow = readonly (string | null)[];

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

/** What a row takes at first; the buffer grows where rows are longer. */
const ROW_BYTES = 128;
/** UTF-8 has at most so many bytes for each of JavaScript's characters. */
const BYTES_PER_CHARACTER = 3;

/** As PostgreSQL's text format has it; with `numbered`, the row's place as a last column. */
export function encodeRows(rows: readonly TextRow[], numbered = false): Buffer {
  let bytes: Buffer = Buffer.allocUnsafe(rows.length * ROW_BYTES);
  let at = 0;
  for (let row = 0; row < rows.length; row += 1) {
    // Written out row by row: one long text would be a million pieces that live until its end.
    const text = encodeRow(rows[row] ?? [], numbered ? row : null);
    const mostBytes = text.length * BYTES_PER_CHARACTER;
    if (at + mostBytes > bytes.length) bytes = grown(bytes, at, mostBytes);
    at += bytes.write(text, at);
  }
  return bytes.subarray(0, at);
}

function encodeRow(values: TextRow, place: number | null): string {
  let text = '';
  for (let column = 0; column < values.length; column += 1) {
    if (column > 0) text += '\t';
    const value = values[column] ?? null;
    if (value === null) text += '\\N';
    else text += SPECIAL.test(value) ? escapeText(value) : value;
  }
  return place === null ? `${text}\n` : `${text}\t${String(place)}\n`;
}

function grown(bytes: Buffer, used: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafe(bytes.length * 2 + needed);
  bytes.copy(larger, 0, 0, used);
  return larger;
}

function escapeText(value: string): string {
  return value.replaceAll(/[\\\t\n\r]/g, (sign) => ESCAPES[sign] ?? sign);
}

/** What `pg` has and its types don't say. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
}

/**
 * Sends all of `pieces` as the data of `copySql`. Throws what the server answers; the connection is
 * then as after any failed statement.
 */
export async function copyIn(
  client: Client,
  copySql: string,
  pieces: readonly Buffer[],
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const query = {
      text: copySql,
      submit(connection: Connection) {
        connection.query(copySql);
      },
      handleCopyInResponse(connection: CopyConnection) {
        for (const piece of pieces) connection.sendCopyFromChunk(piece);
        connection.endCopyFrom();
      },
      handleCommandComplete() {
        // The server is ready for more only a message later.
      },
      handleError(error: Error) {
        // The next query waits by itself until the server is ready.
        reject(error);
      },
      handleReadyForQuery() {
        resolve();
      },
    };
    client.query(query as Submittable);
  });
}
