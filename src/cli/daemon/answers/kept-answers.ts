/** Answers that were given over HTTP, as long as memory allows. Whether one is still true is asked each time. */
import { LRUCache } from 'lru-cache';
import type { AskedQuery, QueryEnd, QueryHead } from '../../../http/queries/query-desk.ts';
import type { Repeatable } from '../../../query/cache/standing.ts';

export interface KeptAnswer {
  readonly head: QueryHead;
  readonly end: QueryEnd;
  readonly body: Buffer;
  readonly repeatable: Repeatable;
}

/** One answer may take so much of it, or a large one would drive out all others. */
const SHARE_OF_ONE = 1 / 8;

export class KeptAnswers {
  readonly #cache: LRUCache<string, KeptAnswer>;
  readonly maxBytesOfOne: number;

  /** @param maxBytes at least 1 */
  constructor(maxBytes: number) {
    this.maxBytesOfOne = Math.floor(maxBytes * SHARE_OF_ONE);
    this.#cache = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ body, repeatable }, question) =>
        body.length + question.length + JSON.stringify(repeatable).length + 1_024,
    });
  }

  find(question: string): KeptAnswer | undefined {
    return this.#cache.get(question);
  }

  keep(question: string, answer: KeptAnswer): void {
    this.#cache.set(question, answer);
  }

  forget(question: string): void {
    this.#cache.delete(question);
  }

  clear(): void {
    this.#cache.clear();
  }
}

/** Two questions of one text are one question. The format is a part of it: what is kept are its bytes. */
export function questionText(asked: AskedQuery): string {
  return JSON.stringify(asked);
}

/** Collects an answer on its way, up to a size. */
export class AnswerCopy {
  #parts: Buffer[] = [];
  #bytes = 0;
  #isTooLarge = false;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#maxBytes) {
      this.#isTooLarge = true;
      this.#parts = [];
    }
    if (!this.#isTooLarge) this.#parts.push(part);
  }

  /** Null where it was too large. */
  body(): Buffer | null {
    return this.#isTooLarge ? null : Buffer.concat(this.#parts);
  }
}
