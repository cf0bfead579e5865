/** `COPY … TO STDOUT` into memory, for rows that go back where they came from. */
import type { Client, Connection, Submittable } from 'pg';

const PIECE_BYTES = 1024 * 1024;

/** @returns all of it, in pieces that `copyIn` sends as they are. Throws what the server answers. */
export async function copyOut(client: Client, copySql: string): Promise<readonly Buffer[]> {
  return new Promise<readonly Buffer[]>((resolve, reject) => {
    const pieces: Buffer[] = [];
    let lines: Buffer[] = [];
    let bytes = 0;
    const close = (): void => {
      if (lines.length > 0) pieces.push(Buffer.concat(lines));
      lines = [];
      bytes = 0;
    };
    const query = {
      text: copySql,
      submit(connection: Connection) {
        connection.query(copySql);
      },
      handleCopyData({ chunk }: { readonly chunk: Buffer }) {
        // The driver reads the next message into the same memory.
        lines.push(Buffer.from(chunk));
        bytes += chunk.length;
        if (bytes >= PIECE_BYTES) close();
      },
      handleCommandComplete() {
        close();
      },
      handleError(error: Error) {
        // The next query waits by itself until the server is ready.
        reject(error);
      },
      handleReadyForQuery() {
        resolve(pieces);
      },
    };
    client.query(query as Submittable);
  });
}
