/**
 * The way of a request's body to the store: piece by piece, held to `max_upload_per_second`, and given up only when the
 * store takes nothing for as long as an answer may be waited for. The SDK's own limit is on all of it together: a part of
 * 8 MiB could never be sent over a line that takes longer for it.
 */
import { Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import { linkSignals } from '../../domain/linked-signal.ts';
import type { Allowance } from './allowance.ts';

type Handler = Sdk.S3Client['config']['requestHandler'];
type Answer = Awaited<ReturnType<Handler['handle']>>;
type Handle = (request: Sent, options?: SendOptions) => Promise<Answer>;

interface Sent {
  body?: unknown;
}

interface SendOptions {
  readonly abortSignal?: AbortSignal;
  readonly requestTimeout?: number;
}

const PIECE_BYTES = 64 * 1024;

/** What is read while it is sent. Copied: a chunk is written over while its last piece waits for the socket. */
export function readableOf(chunks: AsyncIterable<Uint8Array>): Readable {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) for (const piece of cut(chunk)) yield Buffer.from(piece);
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: PIECE_BYTES });
}

function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    yield bytes.subarray(at, at + PIECE_BYTES);
  }
}

/** Puts itself between the client and what sends its requests, which are signed by then. */
export function sendBodiesInPieces(handler: Handler, uploads: Allowance, silenceMs: number): void {
  const whole = handler.handle.bind(handler) as Handle;
  const send: Handle = async (request, options = {}) =>
    request.body instanceof Uint8Array
      ? inPieces(whole, [request, options], cut(request.body), uploads, silenceMs)
      : request.body instanceof Readable
        ? inPieces(whole, [request, options], request.body, uploads, silenceMs)
        : whole(request, options);
  handler.handle = send as Handler['handle'];
}

async function inPieces(
  whole: Handle,
  [request, options]: [Sent, SendOptions],
  source: Iterable<Uint8Array> | Readable,
  uploads: Allowance,
  silenceMs: number,
): Promise<Answer> {
  const { abortSignal } = options;
  const linked = linkSignals(...(abortSignal === undefined ? [] : [abortSignal]));
  let silence = null as Error | null;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const listen = (): void => {
    clearTimeout(timer);
    if (isOver) return;
    timer = setTimeout(() => {
      silence = Object.assign(
        new Error(`nothing was taken, or said, for ${String(silenceMs)} ms`),
        {
          code: 'ETIMEDOUT',
        },
      );
      linked.abort(silence);
    }, silenceMs);
  };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for await (const piece of source as Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
      // Our own waiting is no silence of the store.
      clearTimeout(timer);
      await uploads.take(piece.byteLength, linked.signal);
      listen();
      yield piece;
    }
    listen();
  }
  const body = Readable.from(pieces(), { objectMode: false, highWaterMark: PIECE_BYTES });
  // Only what aborts the request itself, which tells it.
  body.on('error', () => undefined);
  try {
    listen();
    request.body = body;
    return await whole(request, { ...options, abortSignal: linked.signal, requestTimeout: 0 });
  } catch (error) {
    body.destroy();
    throw silence ?? error;
  } finally {
    isOver = true;
    clearTimeout(timer);
    linked.release();
    // A file that nobody reads on is closed.
    if (source instanceof Readable) source.destroy();
  }
}
