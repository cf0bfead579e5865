/** What queries over HTTP are answered with. */
import type { StructuredAsk } from '../../domain/ask/structured-ask.ts';
import { TierdError } from '../../domain/errors.ts';
import type { QueryGate } from '../query-gate.ts';
import type { QueryFormat } from './formats.ts';

export type AskedQuery = {
  readonly format: QueryFormat;
  /** Unless given, a damaged segment ends the query. */
  readonly onBadSegment?: 'fail' | 'skip';
  /** Whether what waits in Redis counts as well. */
  readonly withLive?: true;
} & (
  | {
      readonly sql: string;
      readonly params: readonly (string | number | boolean | null)[];
      readonly structured?: never;
    }
  | { readonly structured: StructuredAsk }
);

/** What is known before the first row. */
export interface QueryHead {
  readonly version: string;
  readonly segmentsRead: number;
  readonly segmentsLive: number;
  /** Keys of damaged ones that were left out. */
  readonly segmentsSkipped: readonly string[];
  readonly coldRows: number;
  readonly hotRows: number;
  /** What came from the store for it; null where nothing had to, for segments are files of this machine. */
  readonly fetched: { readonly requests: number; readonly bytes: number } | null;
  /** That wait in Redis; null where it was not read. */
  readonly liveRows: number | null;
  /** That it was answered before, and is the same still. */
  readonly isCached: boolean;
}

export interface QueryEnd {
  readonly rows: number;
  readonly elapsedMs: number;
  /** Where the next page begins; null where there is none. */
  readonly nextCursor: string | null;
}

export interface QueryHandler {
  readonly onHead: (head: QueryHead) => void;
  /** Where the whole answer is there before the first of it is written. */
  readonly onWhole: (end: QueryEnd) => void;
  /** Resolves when there may be more. */
  readonly write: (part: Buffer) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface QueryDesk {
  readonly gate: QueryGate;
  readonly timeoutMs: number;
  readonly maxResultBytes: number;
  /** Aborted when the daemon stops and has waited long enough. */
  readonly stopped: AbortSignal;
  /** @throws TierdError */
  readonly run: (query: AskedQuery, handler: QueryHandler) => Promise<QueryEnd>;
}

export function resultTooLarge(maxBytes: number): TierdError {
  return new TierdError({
    code: 'QUERY_TOO_LARGE',
    message: `The answer is larger than query.max_result, ${String(Math.round(maxBytes / 1024 ** 2))}MB.`,
    hint: 'Ask for less at once, or use `tierd query --output`, which has no such limit.',
  });
}
