/** Between tierd and an object store, with something to say to each request. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is said in the store's place, which has heard nothing. */
const REFUSALS = {
  refuse: [503, 'SlowDown'],
  'internal-error': [500, 'InternalError'],
  'bad-gateway': [502, null],
  denied: [403, 'AccessDenied'],
  expired: [403, 'ExpiredToken'],
  skewed: [403, 'RequestTimeTooSkewed'],
  'no-bucket': [404, 'NoSuchBucket'],
} as const satisfies Readonly<Record<string, readonly [status: number, code: string | null]>>;

type Refusal = keyof typeof REFUSALS;

/**
 * - `pass`: as if nobody stood between.
 * - `cut-before`: the connection ends before the store has heard anything.
 * - `cut-after`: the store has done it, and its answer is lost.
 * - `stall`: the store has done it, and its answer never comes.
 * - `cut-body`: the answer's head comes, and half of its body.
 * - `slow-body`: the answer's body comes in small pieces.
 * - `short-body`: half of the answer's body comes, as if it were all.
 * - `error-in-200`: the store has done it, and says 200 with an error in its body, as S3 may of a completion.
 * - a refusal: the status and the code, and the store has heard nothing.
 */
export type Verdict =
  | 'pass'
  | 'cut-before'
  | 'cut-after'
  | 'stall'
  | 'cut-body'
  | 'slow-body'
  | 'short-body'
  | 'error-in-200'
  | Refusal;

export interface S3Request {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export interface SeenRequest extends S3Request {
  readonly verdict: Verdict;
  /** Of the clock that nobody sets back. */
  readonly atMs: number;
  /** Of the answer's body, as far as it has passed. */
  readonly bytes: number;
}

export interface S3Proxy {
  readonly url: string;
  /** Every request, in order, with what became of it. */
  readonly seen: readonly SeenRequest[];
  judge(verdict: (asked: S3Request) => Verdict): void;
  /** From now on each answer that passes comes so much later than the store gave it. */
  delay(ms: number): void;
  close(): Promise<void>;
}

export async function openS3Proxy(upstream: string): Promise<S3Proxy> {
  const seen: (SeenRequest & { bytes: number })[] = [];
  let judge: (asked: S3Request) => Verdict = () => 'pass';
  let delayMs = 0;
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const asked = { method, path: url, headers };
    const verdict = judge(asked);
    const request = { ...asked, verdict, atMs: performance.now(), bytes: 0 };
    seen.push(request);
    const count = (bytes: number): void => {
      request.bytes += bytes;
    };
    if (verdict === 'cut-before') incoming.socket.destroy();
    else if (isRefusal(verdict)) refuse(incoming, outgoing, verdict);
    else forward(upstream, incoming, outgoing, { verdict, delayMs, count });
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

function isRefusal(verdict: Verdict): verdict is Refusal {
  return Object.hasOwn(REFUSALS, verdict);
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, verdict: Refusal): void {
  const [status, code] = REFUSALS[verdict];
  incoming.resume();
  if (code === null) {
    outgoing.writeHead(status, { 'content-type': 'text/html' });
    outgoing.end('<html><body>made by the test</body></html>');
    return;
  }
  outgoing.writeHead(status, { 'content-type': 'application/xml' });
  // Of a HEAD nothing of it is sent.
  outgoing.end(errorBody(code));
}

const errorBody = (code: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>made by the test</Message></Error>`;

interface Passing {
  readonly verdict: Exclude<Verdict, Refusal>;
  readonly delayMs: number;
  readonly count: (bytes: number) => void;
}

function forward(
  upstream: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  passing: Passing,
): void {
  const { hostname, port } = new URL(upstream);
  // The host's name is signed, so the store is shown the one that was asked.
  const options = { hostname, port, method: incoming.method, path: incoming.url };
  const asking = request({ ...options, headers: incoming.headers }, (answer) => {
    answerBy(passing, incoming, outgoing, answer);
  });
  asking.on('error', () => incoming.socket.destroy());
  incoming.pipe(asking);
}

function answerBy(
  { verdict, delayMs, count }: Passing,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: IncomingMessage,
): void {
  const status = answer.statusCode ?? 502;
  switch (verdict) {
    case 'cut-before':
    case 'cut-after':
    case 'stall':
      answer.resume();
      answer.on('end', () => {
        if (verdict !== 'stall') incoming.socket.destroy();
      });
      return;
    case 'pass':
      later(delayMs, () => {
        outgoing.writeHead(status, answer.headers);
        answer.on('data', (chunk: Buffer) => count(chunk.byteLength));
        answer.pipe(outgoing);
      });
      return;
    case 'error-in-200':
      answer.resume();
      answer.on('end', () => {
        outgoing.writeHead(200, { 'content-type': 'application/xml' });
        outgoing.end(errorBody('InternalError'));
      });
      return;
    case 'cut-body':
    case 'short-body':
    case 'slow-body':
      void collect(answer).then((body) => {
        const half = body.subarray(0, Math.floor(body.byteLength / 2));
        if (verdict === 'cut-body') {
          outgoing.writeHead(status, answer.headers);
          outgoing.write(half, () => incoming.socket.destroy());
        } else if (verdict === 'short-body') {
          const length = { 'content-length': String(half.byteLength) };
          outgoing.writeHead(status, { ...answer.headers, ...length });
          outgoing.end(half);
        } else {
          outgoing.writeHead(status, answer.headers);
          void trickle(body, outgoing);
        }
      });
  }
}

function later(ms: number, step: () => void): void {
  if (ms === 0) step();
  else setTimeout(step, ms);
}

async function collect(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const PIECES = 20;
const BETWEEN_PIECES_MS = 100;

async function trickle(body: Buffer, outgoing: ServerResponse): Promise<void> {
  const bytes = Math.max(1, Math.ceil(body.byteLength / PIECES));
  for (let at = 0; at < body.byteLength; at += bytes) {
    outgoing.write(body.subarray(at, at + bytes));
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_PIECES_MS));
  }
  outgoing.end();
}
