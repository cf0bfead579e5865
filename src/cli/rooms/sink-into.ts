import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { AnswerSink } from '../../query/answer/write-rows.ts';
import { safeText } from '../terminal/safe-text.ts';

/**
 * Waits when the reader is slower than the query, so that nothing piles up in memory.
 *
 * @param terminal null where the rows go to none: to one, nothing is sent that would steer it
 */
export function sinkInto(
  rows: Writable,
  signal: AbortSignal,
  terminal: { readonly isColorSupported: boolean } | null,
): AnswerSink {
  return {
    async write(part) {
      // The end of a line of CSV, which a terminal shows well enough without its first half.
      const shown =
        terminal === null || typeof part !== 'string'
          ? part
          : safeText(part.replaceAll('\r\n', '\n'), terminal);
      if (!rows.write(shown)) await once(rows, 'drain', { signal });
    },
  };
}
