/** Asking the server to stop a query that another connection runs. */
import { connect } from 'node:net';
import type { Client } from 'pg';

const CANCEL_REQUEST_CODE = 80_877_102;

/** What `pg` knows of a connection and its types don't say. */
interface BackendKey {
  readonly processID: number | null;
  readonly secretKey: number | null;
}

/**
 * Sends a CancelRequest; whether and when the query stops shows on its own connection. Resolves
 * when the server has closed the request's connection: from then on a late cancel can't hit the
 * connection's next query. Resolves to false where it could not be sent (a server that wants TLS,
 * one that is gone).
 */
export async function requestCancel(client: Client, timeoutMs: number): Promise<boolean> {
  const { processID, secretKey } = client as unknown as BackendKey;
  if (client.ssl || processID === null || secretKey === null) return false;
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(CANCEL_REQUEST_CODE, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = client.host.startsWith('/')
    ? connect(`${client.host}/.s.PGSQL.${client.port}`)
    : connect(client.port, client.host);
  let sent = false;
  // Not events.once, which rejects at an error. A failure ends in 'close' as well.
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.setTimeout(timeoutMs, () => socket.destroy());
  socket.on('connect', () => socket.write(request, () => (sent = true)));
  socket.on('error', () => undefined);
  socket.resume();
  await closed;
  return sent;
}
