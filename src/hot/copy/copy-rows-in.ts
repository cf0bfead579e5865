/** `COPY … FROM STDIN` from a stream, no faster than the server takes it. */
import type { Client, Connection, Submittable } from 'pg';

/** What `pg` has and its types don't say. */
interface CopyConnection {
  readonly stream: NodeJS.WritableStream & {
    readonly writableNeedDrain: boolean;
    readonly destroyed: boolean;
  };
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

/**
 * Sends all of `pieces`, each of which is copied before the next is asked for. Throws what the
 * server answers, or what `pieces` threw; the transaction is then of no more use.
 */
export async function copyRowsIn(
  client: Client,
  copySql: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    let failure: { readonly error: Error } | null = null;
    let pumping: Promise<void> = Promise.resolve();
    const pump = async (connection: CopyConnection): Promise<void> => {
      try {
        for await (const piece of pieces) {
          if (failure !== null) return;
          connection.sendCopyFromChunk(piece);
          if (connection.stream.writableNeedDrain) await drained(connection);
        }
        connection.endCopyFrom();
      } catch (error) {
        failure ??= { error: error as Error };
        connection.sendCopyFail('tierd gave up');
      }
    };
    const query = {
      text: copySql,
      submit(connection: Connection) {
        connection.query(copySql);
      },
      handleCopyInResponse(connection: CopyConnection) {
        pumping = pump(connection);
      },
      handleCommandComplete() {
        // The server is ready for more only a message later.
      },
      handleError(error: Error) {
        // What made us give up is the reason, not the server's word that we did.
        failure ??= { error };
        const { error: reason } = failure;
        // The next query waits by itself until the server is ready.
        void pumping.finally(() => reject(reason));
      },
      handleReadyForQuery() {
        void pumping.finally(() => resolve());
      },
    };
    client.query(query as Submittable);
  });
}

function drained({ stream }: CopyConnection): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close', 'error']) stream.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) stream.on(event, done);
    if (stream.destroyed) done();
  });
}
