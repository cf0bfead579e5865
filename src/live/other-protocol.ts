/** Whether a server speaks the other of TLS and cleartext: then no try will ever do. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { TierdError } from '../domain/errors.ts';
import type { LiveTarget, RedisNode } from '../domain/live/live-target.ts';

/** A server that answers at all answers a PING or a hello by then; one that does not is told as before. */
const PATIENCE_MS = 2_000;

/** Until then most hellos are answered, and nobody is asked in cleartext at a port of TLS. */
const SILENCE_MS = 1_000;

/**
 * Rejects, while a secure line is still waited for until `over`, where a server speaks no TLS: Redis answers a hello with
 * nothing, for it takes it for the beginning of a line. Stays pending otherwise.
 */
export function refuseSilence(
  target: LiveTarget,
  place: string,
  over: AbortSignal,
): Promise<never> {
  return new Promise((_, reject) => {
    if (target.tls === null) return;
    const timer = setTimeout(() => {
      void otherProtocol(target, place).then((told) => {
        if (told !== null) reject(told);
      });
    }, SILENCE_MS);
    const onOver = (): void => {
      clearTimeout(timer);
    };
    over.addEventListener('abort', onOver, { once: true });
  });
}

/** What `connecting` failed with, where it is that; null where it is not, or can't be found out. */
export async function otherProtocol(
  { topology, tls, connectTimeoutMs }: LiveTarget,
  place: string,
): Promise<TierdError | null> {
  const named = topology.kind === 'single' ? [topology.node] : topology.nodes;
  const nodes = named.filter(({ host }) => !host.startsWith('/'));
  const limitMs = Math.min(PATIENCE_MS, connectTimeoutMs);
  const answered = await Promise.all(nodes.map((node) => speaksOther(node, tls !== null, limitMs)));
  const node = nodes.find((_, index) => answered[index] === true);
  if (node === undefined) return null;
  const who =
    topology.kind === 'single'
      ? 'the server'
      : `${topology.kind === 'sentinel' ? 'the sentinel' : 'the node'} ${node.host}:${String(node.port)}`;
  const [speaks, hint] =
    tls === null
      ? ['speaks TLS', 'connect by rediss://, or say redis.tls: verify-full']
      : [
          'speaks no TLS',
          'give redis its TLS port (tls-port of redis.conf), or connect without TLS: redis.tls: disable',
        ];
  return new TierdError({
    code: 'TLS_FAILED',
    message: `connecting to Redis at ${place} failed: ${who} ${speaks} at this port`,
    hint,
  });
}

function speaksOther(
  { host, port }: RedisNode,
  isAskedByTls: boolean,
  limitMs: number,
): Promise<boolean> {
  if (isAskedByTls) return answers(connect({ host, port }), 'PING\r\n', limitMs);
  // Nothing but a hello is sent, so that nobody needs to be known.
  const hello = connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: [] });
  return answers(hello, null, limitMs);
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
