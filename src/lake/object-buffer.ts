/** An object as hyparquet wants it: of what is asked for, nothing else is read. */
import type { AsyncBuffer } from 'hyparquet';
import type { ReadableStore } from './object-store.ts';

export function objectBuffer(
  store: Pick<ReadableStore, 'read'>,
  key: string,
  bytes: number,
): AsyncBuffer {
  return {
    byteLength: bytes,
    async slice(start, end = bytes) {
      const whole = new Uint8Array(end - start);
      let at = 0;
      for await (const chunk of store.read(key, { fromInclusive: start, toExclusive: end })) {
        whole.set(chunk.subarray(0, whole.length - at), at);
        at += chunk.length;
      }
      return whole.buffer;
    },
  };
}
