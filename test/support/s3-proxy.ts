/** Between tierd and an object store, with something to say to each request. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * - `pass`: as if nobody stood between.
 * - `cut-before`: the connection ends before the store has heard anything.
 * - `cut-after`: the store has done it, and its answer is lost.
 * - `stall`: the store has done it, and its answer never comes.
 * - `cut-body`: the answer's head comes, and half of its body.
 * - `refuse`: 503 SlowDown, and the store has heard nothing.
 */
export type Verdict = 'pass' | 'cut-before' | 'cut-after' | 'stall' | 'cut-body' | 'refuse';

export interface S3Request {
  readonly method: string;
  /** With its query. */
  readonly path: string;
}

export interface SeenRequest extends S3Request {
  readonly verdict: Verdict;
  /** Of the answer's body, as far as it has passed. */
  readonly bytes: number;
}

export interface S3Proxy {
  readonly url: string;
  /** Every request, in order, with what became of it. */
  readonly seen: readonly SeenRequest[];
  judge(verdict: (asked: S3Request) => Verdict): void;
  /** Every answer that passes begins so much later. */
  delay(ms: number): void;
  close(): Promise<void>;
}

export async function openS3Proxy(upstream: string): Promise<S3Proxy> {
  const seen: (S3Request & { verdict: Verdict; bytes: number })[] = [];
  let judge: (asked: S3Request) => Verdict = () => 'pass';
  let delayMs = 0;
  const server = createServer((incoming, outgoing) => {
    const asked = { method: incoming.method ?? '', path: incoming.url ?? '' };
    const verdict = judge(asked);
    const request = { ...asked, verdict, bytes: 0 };
    seen.push(request);
    if (verdict === 'cut-before') {
      incoming.socket.destroy();
    } else if (verdict === 'refuse') {
      incoming.resume();
      outgoing.writeHead(503, { 'content-type': 'application/xml' });
      outgoing.end('<Error><Code>SlowDown</Code><Message>made by the test</Message></Error>');
    } else {
      const count = (bytes: number): void => {
        request.bytes += bytes;
      };
      forward(upstream, incoming, outgoing, { verdict, delayMs, count });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    seen,
    judge: (verdict) => {
      judge = verdict;
    },
    delay: (ms) => {
      delayMs = ms;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

interface Passing {
  readonly verdict: Verdict;
  readonly delayMs: number;
  readonly count: (bytes: number) => void;
}

function forward(
  upstream: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { verdict, delayMs, count }: Passing,
): void {
  const { hostname, port } = new URL(upstream);
  // The host's name is signed, so the store is shown the one that was asked.
  const options = { hostname, port, method: incoming.method, path: incoming.url };
  const asking = request({ ...options, headers: incoming.headers }, (answer) => {
    if (verdict === 'cut-after' || verdict === 'stall') {
      answer.resume();
      answer.on('end', () => {
        if (verdict === 'cut-after') incoming.socket.destroy();
      });
      return;
    }
    if (verdict === 'pass') {
      const pass = (): void => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.on('data', (chunk: Buffer) => count(chunk.byteLength));
        answer.pipe(outgoing);
      };
      if (delayMs === 0) pass();
      else setTimeout(pass, delayMs);
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    const half = Math.floor(Number(answer.headers['content-length'] ?? 0) / 2);
    let sent = 0;
    answer.on('data', (chunk: Buffer) => {
      if (sent >= half) return;
      sent += chunk.byteLength;
      outgoing.write(chunk.subarray(0, half), () => {
        if (sent >= half) incoming.socket.destroy();
      });
    });
  });
  asking.on('error', () => incoming.socket.destroy());
  incoming.pipe(asking);
}
