/** What writes a result, and where to. */
import type { RowSource } from './row-source.ts';

/** Takes parts of an answer in order; resolves when it may be given more. */
export interface AnswerSink {
  write(part: string | Uint8Array): Promise<void>;
}

/** Writes a whole result and tells how many rows it had. */
export type WriteRows = (source: RowSource, sink: AnswerSink) => Promise<number>;
