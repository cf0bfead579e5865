/** One query, from its turn to the end of its answer. Each runs in a process of its own. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { type ErrorCode, TierdError } from '../../domain/errors.ts';
import { linkSignals } from '../../domain/linked-signal.ts';
import type { Answer, Asked } from '../route.ts';
import { FORMATS } from './formats.ts';
import {
  type AskedQuery,
  type QueryDesk,
  type QueryEnd,
  type QueryHead,
  resultTooLarge,
} from './query-desk.ts';

/** Waits for its turn, and resolves with the first rows or with what is wrong. */
export async function answerQuery(
  desk: QueryDesk,
  asked: Pick<Asked, 'gone'>,
  query: AskedQuery,
): Promise<Answer> {
  const linked = linkSignals(asked.gone, desk.stopped);
  const refusal = await desk.gate.enter(linked.signal).catch(() => 'closed' as const);
  if (refusal !== null) {
    linked.release();
    const problem =
      refusal === 'full' ? 'As many queries run and wait as may: ask again.' : 'This daemon stops.';
    return { status: 503, problem, headers: { 'retry-after': '1' } };
  }
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort();
    linked.abort();
  }, desk.timeoutMs);
  const begun = begin(desk, query, linked.signal, () => {
    clearTimeout(timer);
    linked.release();
  });
  try {
    return { status: 200, ...(await begun), type: FORMATS[query.format] };
  } catch (error) {
    return late.signal.aborted ? tookTooLong(desk.timeoutMs) : problemOf(error);
  }
}

/** Short answers are told whole, with their headers: what goes wrong with them has a status of its own. */
const HELD_BACK_BYTES = 64 * 1024;

/** Resolves with the first rows, or with all of them; rejects where it fails before. */
function begin(
  desk: QueryDesk,
  query: AskedQuery,
  signal: AbortSignal,
  onEnd: () => void,
): Promise<Pick<Answer, 'body' | 'headers'>> {
  return new Promise((resolve, reject) => {
    let head: QueryHead | undefined;
    let whole: QueryEnd | null = null;
    let held: Buffer[] = [];
    let bytes = 0;
    let stream: PassThrough | undefined;
    const write = async (part: Buffer): Promise<void> => {
      bytes += part.length;
      if (bytes > desk.maxResultBytes) throw resultTooLarge(desk.maxResultBytes);
      if (stream === undefined && bytes <= HELD_BACK_BYTES) {
        held.push(part);
        return;
      }
      if (stream === undefined) {
        stream = new PassThrough();
        // Its reader is gone: the signal of that ends the query.
        stream.on('error', () => undefined);
        for (const one of held) stream.write(one);
        held = [];
        resolve({ body: stream, headers: headersOf(head, whole) });
      }
      if (!stream.write(part)) await once(stream, 'drain', { signal });
    };
    const onHead = (found: QueryHead): void => {
      head = found;
      desk.gate.fetched.requests += found.fetched?.requests ?? 0;
      desk.gate.fetched.bytes += found.fetched?.bytes ?? 0;
    };
    const onWhole = (end: QueryEnd): void => {
      whole = end;
    };
    desk
      .run(query, { onHead, onWhole, write, signal })
      .then(
        (end) => {
          desk.gate.leave('answered');
          if (stream === undefined) {
            resolve({ body: Buffer.concat(held), headers: headersOf(head, end) });
          } else stream.end();
        },
        (error: unknown) => {
          desk.gate.leave('failed');
          reject(error instanceof Error ? error : new Error(String(error)));
          // Without its last chunk no client takes what it got for the whole.
          stream?.destroy(error as Error);
        },
      )
      .finally(onEnd);
  });
}

function headersOf(head: QueryHead | undefined, end: QueryEnd | null): Record<string, string> {
  return {
    ...(head === undefined
      ? {}
      : {
          'tierd-snapshot': head.version,
          'tierd-segments-read': String(head.segmentsRead),
          'tierd-segments': String(head.segmentsLive),
          ...skippedHeaders(head.segmentsSkipped),
          'tierd-cold-rows': String(head.coldRows),
          'tierd-hot-rows': String(head.hotRows),
          ...fetchedHeaders(head.fetched),
          ...(head.liveRows === null ? {} : { 'tierd-live-rows': String(head.liveRows) }),
          'tierd-cache': head.isCached ? 'hit' : 'miss',
        }),
    ...(end === null
      ? {}
      : {
          'tierd-rows': String(end.rows),
          'tierd-elapsed-ms': String(Math.round(end.elapsedMs)),
          ...(end.nextCursor === null ? {} : { 'tierd-next-cursor': end.nextCursor }),
        }),
  };
}

function fetchedHeaders(fetched: QueryHead['fetched']): Record<string, string> {
  return fetched === null
    ? {}
    : {
        'tierd-fetched-bytes': String(fetched.bytes),
        'tierd-fetch-requests': String(fetched.requests),
      };
}

/** More in a header, and something on the way may refuse all of them. */
const MAX_NAMED = 10;

function skippedHeaders(keys: readonly string[]): Record<string, string> {
  if (keys.length === 0) return {};
  return {
    'tierd-segments-skipped': String(keys.length),
    // A header has no letters beyond ASCII.
    'tierd-skipped': keys.slice(0, MAX_NAMED).map(encodeURI).join(', '),
  };
}

/** What the asker can mend is the asker's; the rest is the server's. */
const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  DATASET_NOT_FOUND: 404,
  TABLE_NOT_FOUND: 404,
  QUERY_INVALID: 400,
  QUERY_NOT_ALLOWED: 403,
  QUERY_FAILED: 422,
  QUERY_TOO_LARGE: 422,
  HOT_ROWS_EXCEEDED: 422,
  LIVE_ROWS_EXCEEDED: 422,
  LIVE_ROWS_REFUSED: 422,
  COLUMN_TYPE_CHANGED: 422,
  TIME_COLUMN_CHANGED: 422,
};

/** @throws what is nothing that a query ends with */
function problemOf(error: unknown): Answer {
  if (!(error instanceof TierdError)) throw error;
  const { code, message: problem, hint } = error;
  const status = STATUS[code] ?? (error.retry ? 503 : 500);
  return { status, problem, code, ...(hint === undefined ? {} : { hint }) };
}

function tookTooLong(timeoutMs: number): Answer {
  const problem = `It took longer than query.timeout, ${String(timeoutMs / 1000)} s, and was ended. Ask for less at once.`;
  return { status: 504, problem };
}
