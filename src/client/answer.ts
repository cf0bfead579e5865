/** The rows of a query, as they come. */
import { TierdProblem } from './problem.ts';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Values are as docs/query.md says: what no number of JSON holds exactly is a text. */
export type Row = Readonly<Record<string, JsonValue>>;

/** What is known of an answer before its first row. */
export interface AnswerHead {
  /** The version of the snapshot that it is of. */
  readonly snapshot: string;
  readonly segmentsRead: number;
  readonly segments: number;
  /** Damaged ones that were left out; 0 unless that was asked for. */
  readonly segmentsSkipped: number;
  /** Rows that were copied from PostgreSQL. */
  readonly hotRows: number;
  /** That wait in Redis, read beside the snapshot and not within it; null where it was not read. */
  readonly liveRows: number | null;
}

/**
 * To be iterated over once. The query is sent with the first row that is asked for, or with `head`; it ends
 * when whoever iterates leaves the loop.
 */
export class Answer<R = Row> implements AsyncIterable<R> {
  readonly #ask: () => Promise<Response>;
  #asked: Promise<Response> | null = null;

  constructor(ask: () => Promise<Response>) {
    this.#ask = ask;
  }

  /** @throws TierdProblem; the signal's reason */
  async head(): Promise<AnswerHead> {
    const { headers } = await this.#response();
    const figure = (name: string): number => Number(headers.get(name) ?? 0);
    const live = headers.get('tierd-live-rows');
    return {
      snapshot: headers.get('tierd-snapshot') ?? '',
      segmentsRead: figure('tierd-segments-read'),
      segments: figure('tierd-segments'),
      segmentsSkipped: figure('tierd-segments-skipped'),
      hotRows: figure('tierd-hot-rows'),
      liveRows: live === null ? null : Number(live),
    };
  }

  /** @throws TierdProblem, also where the answer breaks off after some rows; the signal's reason */
  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    const { body } = await this.#response();
    if (body === null) return;
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    let rest = '';
    let rows = 0;
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          throw brokenOff(error, rows);
        });
        if (done) return;
        const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          rows += 1;
          yield JSON.parse(line) as R;
        }
      }
    } finally {
      // Whoever leaves early wants no more. That it had ended already is no news.
      await reader.cancel().catch(() => undefined);
    }
  }

  #response(): Promise<Response> {
    return (this.#asked ??= this.#ask());
  }
}

/** An abort keeps its own reason: whoever aborted knows it by that. */
function brokenOff(error: unknown, rows: number): unknown {
  if (!(error instanceof TypeError)) return error;
  return new TierdProblem(
    `The answer broke off after ${String(rows)} rows, which are a part of it and not the whole.`,
    {
      hint: 'It grew larger than query.max_result, took longer than query.timeout, or failed on its way: ask for less at once.',
    },
    error,
  );
}
