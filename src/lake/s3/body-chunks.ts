import type { Allowance } from './allowance.ts';
import { failureOf } from './sdk-failure.ts';

export interface BodyOptions {
  /** Of this answer. */
  readonly bytes: number;
  readonly silenceMs: number;
  readonly allowance: Allowance;
  readonly signal: AbortSignal | undefined;
}

/**
 * An answer's body, whole or not at all: a body that ends early, or says nothing for `silenceMs`,
 * fails. Left early, its connection is closed.
 */
export async function* bodyChunks(
  body: unknown,
  { bytes, silenceMs, allowance, signal }: BodyOptions,
): AsyncGenerator<Uint8Array> {
  const stream = body as NodeJS.ReadableStream & { destroy(error?: Error): void };
  let timer: NodeJS.Timeout | undefined;
  const listen = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      stream.destroy(new Error(`the store said nothing for ${String(silenceMs)} ms`));
    }, silenceMs);
  };
  let left = bytes;
  try {
    listen();
    for await (const chunk of stream) {
      const part = chunk as Uint8Array;
      left -= part.byteLength;
      // Not while the reader is busy with it: that silence is ours.
      clearTimeout(timer);
      await allowance.take(part.byteLength, signal);
      yield part;
      listen();
    }
    if (left !== 0) throw new Error(`the answer ended ${String(left)} bytes early`);
  } catch (error) {
    signal?.throwIfAborted();
    throw failureOf(error);
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}
