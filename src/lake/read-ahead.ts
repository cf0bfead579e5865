/** Reading while nobody asks yet. */

/**
 * Begins at once to take pieces from `source`, until they are `maxBytes`; the rest are taken as they are asked for. Those
 * are copies, for `source` may only lend its own. What it throws is thrown to whoever asks.
 */
export function readAhead(
  source: AsyncGenerator<Uint8Array>,
  maxBytes: number,
): AsyncIterable<Uint8Array> {
  const taken: Uint8Array[] = [];
  const taking = takeFirst(source, maxBytes, taken);
  taking.catch(() => undefined);
  return {
    async *[Symbol.asyncIterator]() {
      await taking;
      yield* taken;
      yield* source;
    },
  };
}

async function takeFirst(
  source: AsyncGenerator<Uint8Array>,
  maxBytes: number,
  taken: Uint8Array[],
): Promise<void> {
  for (let bytes = 0; bytes < maxBytes; ) {
    const next = await source.next();
    if (next.done === true) return;
    taken.push(next.value.slice());
    bytes += next.value.byteLength;
  }
}
