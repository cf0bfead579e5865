/** Whether a server speaks the other of TLS and cleartext: then no try will ever do. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { TierdError } from '../domain/errors.ts';
import type { LiveTarget } from '../domain/live/live-target.ts';

/** A server that answers at all answers a PING or a hello by then; one that does not is told as before. */
const PATIENCE_MS = 2_000;

/** What `connecting` failed with, where it is that; null where it is not, or can't be found out. */
export async function otherProtocol(
  { topology, tls, connectTimeoutMs }: LiveTarget,
  place: string,
): Promise<TierdError | null> {
  if (topology.kind !== 'single' || topology.node.host.startsWith('/')) return null;
  const { host, port } = topology.node;
  const speaks =
    tls === null
      ? // Nothing but a hello is sent, so that nobody needs to be known.
        connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: [] })
      : connect({ host, port });
  const limitMs = Math.min(PATIENCE_MS, connectTimeoutMs);
  if (!(await answers(speaks, tls === null ? null : 'PING\r\n', limitMs))) return null;
  const [found, hint] =
    tls === null
      ? [
          'the server speaks TLS at this port',
          'connect by rediss://, or say redis.tls: verify-full',
        ]
      : [
          'the server speaks no TLS at this port',
          'give redis its TLS port (tls-port of redis.conf), or connect without TLS: redis.tls: disable',
        ];
  return new TierdError({
    code: 'TLS_FAILED',
    message: `connecting to Redis at ${place} failed: ${found}`,
    hint,
  });
}

/** Whether a secure line comes about, or something is answered to what is said. */
function answers(socket: Socket, say: string | null, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (result: boolean) => (): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(limitMs, end(false));
    socket.once('error', end(false));
    socket.once('close', end(false));
    if (say === null) {
      socket.once('secureConnect', end(true));
      return;
    }
    // `+PONG`, or that somebody unknown may not ask.
    socket.once('data', (reply: Buffer) => {
      end(/^[+-]/.test(reply.toString('latin1')))();
    });
    socket.once('connect', () => socket.write(say));
  });
}
