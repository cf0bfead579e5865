/**
 * A line to PostgreSQL that can be cut at a chosen moment: it forwards bytes both ways and knows
 * enough of the protocol to see each statement go by.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * What becomes of a statement and of its connection. `cut before`: the server never gets it.
 * `cut at once`: the server gets it and nobody waits for the answer. `cut after`: the server has
 * answered, and the answer is lost. `stall`: the connection stays, and no byte passes any more.
 */
export type Verdict = 'pass' | 'cut before' | 'cut at once' | 'cut after' | 'stall';

export interface TcpProxy {
  /** The URL that was given, through the proxy. */
  readonly url: string;
  /** Judges each statement from now on. */
  onStatement(judge: Judge): void;
}

/** `sql` is as `pg` sent it; connections are numbered as they come. */
export type Judge = (sql: string, connection: number) => Verdict;

/** A proxy in front of the server of `url`; gone when the test has finished. */
export async function openProxy(url: string): Promise<TcpProxy> {
  const target = new URL(url);
  let judge: Judge = () => 'pass';
  let connections = 0;
  const sockets = new Set<Socket>();
  // Without a delay: `pg` sends a statement in several small packets and waits for the answer.
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({
      port: Number(target.port),
      host: target.hostname,
      noDelay: true,
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    connections += 1;
    const connection = connections;
    link(client, upstream, (sql) => judge(sql, connection));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as { port: number };
  const through = new URL(url);
  through.port = String(port);
  return {
    url: through.href,
    onStatement: (wanted) => {
      judge = wanted;
    },
  };
}

function link(client: Socket, upstream: Socket, judge: (sql: string) => Verdict): void {
  let pending = Buffer.alloc(0);
  let isStartup = true;
  let verdict: Verdict = 'pass';
  const cut = (): void => {
    client.destroy();
    upstream.destroy();
  };
  for (const socket of [client, upstream]) {
    socket.on('error', cut);
  }
  client.on('close', cut);
  // On a line that went silent not even the server's goodbye arrives.
  upstream.on('close', () => {
    if (verdict !== 'stall') cut();
  });
  upstream.on('data', (chunk) => {
    if (verdict === 'pass') client.write(chunk);
    // The server is ready for the next statement: this one has taken effect.
    if (verdict === 'cut after' && endsReady(chunk)) cut();
  });
  client.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const length = messageLength(pending, isStartup);
      if (length === null || pending.length < length) return;
      const message = pending.subarray(0, length);
      pending = pending.subarray(length);
      const sql = isStartup ? null : statementOf(message);
      isStartup = false;
      if (verdict === 'pass' && sql !== null) verdict = judge(sql);
      if (verdict === 'cut before') cut();
      if (verdict === 'cut before' || verdict === 'stall') return;
      upstream.write(message);
      // Flushed first, or the statement would be lost with the line.
      if (verdict === 'cut at once' && endsStatement(message)) upstream.end(() => client.destroy());
    }
  });
}

/** The startup packet has no type byte before its length; every later message has. */
function messageLength(bytes: Buffer, isStartup: boolean): number | null {
  if (isStartup) return bytes.length < 4 ? null : bytes.readInt32BE(0);
  return bytes.length < 5 ? null : 1 + bytes.readInt32BE(1);
}

/** The text of a Query or Parse message; null for any other. */
function statementOf(message: Buffer): string | null {
  const type = String.fromCharCode(message[0] ?? 0);
  if (type === 'Q') return message.toString('utf8', 5, message.length - 1);
  if (type !== 'P') return null;
  const text = message.indexOf(0, 5) + 1;
  return message.toString('utf8', text, message.indexOf(0, text));
}

/** A Query is whole by itself; what begins with Parse ends with Sync. */
function endsStatement(message: Buffer): boolean {
  return message[0] === 0x51 || message[0] === 0x53;
}

/** ReadyForQuery, the last message of an answer, is `Z`, its length 5, and one byte. */
function endsReady(chunk: Buffer): boolean {
  return chunk.length >= 6 && chunk[chunk.length - 6] === 0x5a;
}
