/** One SELECT over hot and cold, answered as it comes. Each runs in a process of its own. */

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { z } from 'zod';
import { type ErrorCode, TierdError } from '../../domain/errors.ts';
import { linkSignals } from '../../domain/linked-signal.ts';
import type { QueryGate } from '../query-gate.ts';
import type { Answer, Asked, Route } from '../route.ts';

const FORMATS = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
} as const;

const MAX_PARAMETERS = 1_000;

/** Reading JSON has rounded a larger one to its neighbour, which may be the key of another row. */
const isExact = (value: unknown): boolean =>
  typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value);

const queryBody = z.strictObject({
  sql: z.string().min(1).meta({
    description: 'One SELECT in the SQL of DuckDB; every dataset is a table of its name.',
  }),
  params: z
    .array(
      z
        .union([z.string(), z.number(), z.boolean(), z.null()])
        .refine(
          isExact,
          'an integer beyond 2^53 is not exact as a number of JSON: send it as a text',
        ),
    )
    .max(MAX_PARAMETERS)
    .default([])
    .meta({
      description:
        'The values of $1, $2 and so on. A text has the type of what it is compared with.',
    }),
  format: z.enum(['json', 'ndjson', 'csv', 'parquet']).default('json'),
});

export type AskedQuery = z.output<typeof queryBody>;

/** What is known before the first row. */
export interface QueryHead {
  readonly version: string;
  readonly segmentsRead: number;
  readonly segmentsLive: number;
  readonly hotRows: number;
}

export interface QueryEnd {
  readonly rows: number;
  readonly elapsedMs: number;
}

export interface QueryHandler {
  readonly onHead: (head: QueryHead) => void;
  /** Resolves when there may be more. */
  readonly write: (part: Buffer) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What queries over HTTP are answered with. */
export interface QueryDesk {
  readonly gate: QueryGate;
  readonly timeoutMs: number;
  readonly maxResultBytes: number;
  /** Aborted when the daemon stops and has waited long enough. */
  readonly stopped: AbortSignal;
  /** @throws TierdError */
  readonly run: (query: AskedQuery, handler: QueryHandler) => Promise<QueryEnd>;
}

export function queryRoutes(desk: QueryDesk): readonly Route[] {
  return [
    {
      method: 'POST',
      url: '/v1/query',
      scope: 'query',
      summary:
        'Run one SELECT over hot and cold rows. Headers say which snapshot it saw and what was read; where the answer is short, its rows and how long it took. An answer that breaks off has no end.',
      body: queryBody,
      success: { status: 200, types: Object.values(FORMATS) },
      answer: (asked) => answerQuery(desk, asked),
    },
  ];
}

async function answerQuery(desk: QueryDesk, asked: Asked): Promise<Answer> {
  const query = queryBody.parse(asked.body);
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
        resolve({ body: stream, headers: headersOf(head, null) });
      }
      if (!stream.write(part)) await once(stream, 'drain', { signal });
    };
    const onHead = (found: QueryHead): void => {
      head = found;
    };
    desk
      .run(query, { onHead, write, signal })
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
          'tierd-hot-rows': String(head.hotRows),
        }),
    ...(end === null
      ? {}
      : { 'tierd-rows': String(end.rows), 'tierd-elapsed-ms': String(Math.round(end.elapsedMs)) }),
  };
}

/** What the asker can mend is the asker's; the rest is the server's. */
const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  QUERY_INVALID: 400,
  QUERY_NOT_ALLOWED: 403,
  QUERY_FAILED: 422,
  QUERY_TOO_LARGE: 422,
  HOT_ROWS_EXCEEDED: 422,
  COLUMN_TYPE_CHANGED: 422,
};

/** @throws what is nothing that a query ends with */
function problemOf(error: unknown): Answer {
  if (!(error instanceof TierdError)) throw error;
  const problem = `${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}`;
  return { status: STATUS[error.code] ?? (error.retry ? 503 : 500), problem, code: error.code };
}

function tookTooLong(timeoutMs: number): Answer {
  const problem = `It took longer than query.timeout, ${String(timeoutMs / 1000)} s, and was ended. Ask for less at once.`;
  return { status: 504, problem };
}

export function resultTooLarge(maxBytes: number): TierdError {
  return new TierdError({
    code: 'QUERY_TOO_LARGE',
    message: `The answer is larger than query.max_result, ${String(Math.round(maxBytes / 1024 ** 2))}MB.`,
    hint: 'Ask for less at once, or use `tierd query --output`, which has no such limit.',
  });
}
