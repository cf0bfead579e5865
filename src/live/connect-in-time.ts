/** Waiting for a client of ioredis to be connected: never without a limit. */
import type { Cluster, Redis } from 'ioredis';

/**
 * What ioredis makes of a failure is not always a rejection: some only end the client, and some leave
 * it as it is, without a word. Rejects with what is most telling, and has then closed the client.
 */
export async function connectInTime(
  client: Redis | Cluster,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let last: unknown;
  // Every command tells of its own failure; without a listener ioredis writes to stderr.
  client.on('error', (error: unknown) => {
    last = error;
  });
  const listening = new AbortController();
  try {
    await Promise.race([client.connect(), givenUp(client, limitMs, signal, listening.signal)]);
  } catch (error) {
    client.disconnect();
    // "Connection is closed." says less than what closed it.
    throw causeOf(last) ?? error;
  } finally {
    listening.abort();
  }
}

/** Rejects when there is nothing more to wait for, until `over`. */
function givenUp(
  client: Redis | Cluster,
  limitMs: number,
  signal: AbortSignal | undefined,
  over: AbortSignal,
): Promise<never> {
  return new Promise((_, reject) => {
    const give = (reason: string) => (): void => {
      reject(new Error(reason));
    };
    const timer = setTimeout(give(`not connected within ${String(limitMs / 1000)} s`), limitMs);
    const onEnd = give('Connection is closed.');
    const onAbort = give('interrupted while connecting');
    client.once('end', onEnd);
    signal?.addEventListener('abort', onAbort, { once: true, signal: over });
    if (signal?.aborted === true) onAbort();
    over.addEventListener('abort', () => {
      clearTimeout(timer);
      client.off('end', onEnd);
    });
  });
}

/**
 * A cluster tells that no node answered as it should, and keeps what the last one said: which is nothing more than that
 * its line is closed where there never was one.
 */
function causeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  const { lastNodeError } = error as { readonly lastNodeError?: unknown };
  const isTelling =
    lastNodeError instanceof Error && !lastNodeError.message.startsWith('Connection is closed');
  return isTelling ? lastNodeError : error;
}
