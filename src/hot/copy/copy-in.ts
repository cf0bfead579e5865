/** `COPY … FROM STDIN` in text form, from rows that are in memory. */
import type { Client, Connection, Submittable } from 'pg';
import { CopyText, type TextRow } from './copy-text.ts';

/** As PostgreSQL's text format has it; with `numbered`, the row's place as a last column. */
export function encodeRows(rows: readonly TextRow[], numbered = false): Buffer {
  const text = new CopyText(rows.length);
  for (const [place, row] of rows.entries()) text.append(row, numbered ? place : null);
  return text.written();
}

/** What `pg` has and its types don't say. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
}

/**
 * Sends all of `pieces` as the data of `copySql`. Throws what the server answers; the connection is
 * then as after any failed statement.
 *
 * @returns how many rows the table took: without those that a trigger kept out
 */
export async function copyIn(
  client: Client,
  copySql: string,
  pieces: readonly Buffer[],
): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    let taken = 0;
    const query = {
      text: copySql,
      submit(connection: Connection) {
        connection.query(copySql);
      },
      handleCopyInResponse(connection: CopyConnection) {
        for (const piece of pieces) connection.sendCopyFromChunk(piece);
        connection.endCopyFrom();
      },
      handleCommandComplete({ text }: { readonly text: string }) {
        // The server is ready for more only a message later.
        taken = Number(text.slice('COPY '.length));
      },
      handleError(error: Error) {
        // The next query waits by itself until the server is ready.
        reject(error);
      },
      handleReadyForQuery() {
        resolve(taken);
      },
    };
    client.query(query as Submittable);
  });
}
