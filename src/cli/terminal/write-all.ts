import { once } from 'node:events';
import type { Output } from './style.ts';

/** Waits when the reader is slower than what is written, so that nothing piles up in memory. */
export async function writeAll(
  stream: Output,
  part: Buffer | string,
  signal: AbortSignal,
): Promise<void> {
  if (!stream.write(part)) await once(stream, 'drain', { signal });
}
