/** `tierd/client`: a daemon asked from a program. It needs nothing but `fetch`. */
import { Answer, type Row } from './answer.ts';
import { problemOf, TierdProblem } from './problem.ts';
import type { StatusDocument } from './status-document.ts';

export { Answer, type AnswerHead, type JsonValue, type Row } from './answer.ts';
export { TierdProblem } from './problem.ts';
export type { StatusDocument } from './status-document.ts';

export interface ClientOptions {
  /** Of the daemon: what it says at its start, `http://127.0.0.1:8321/`. */
  readonly url: string | URL;
  /** `server.query_token`, which may also read the status. */
  readonly token?: string;
}

/** A bigint and a Date are sent as exact texts. */
export type Parameter = string | number | bigint | boolean | Date | null;

export interface QueryOptions {
  /** Of `$1`, `$2`, … */
  readonly params?: readonly Parameter[];
  /** `skip`: an answer without damaged segments, whose number `head` tells. `fail` unless given. */
  readonly onBadSegment?: 'fail' | 'skip';
  /** Counts what waits in Redis to each dataset; `head` tells how many rows. */
  readonly live?: boolean;
  readonly signal?: AbortSignal;
}

export class TierdClient {
  readonly #base: URL;
  readonly #token: string | null;

  /** @throws TypeError where the URL is none */
  constructor({ url, token }: ClientOptions) {
    this.#base = new URL(url);
    if (!this.#base.pathname.endsWith('/')) this.#base.pathname += '/';
    this.#token = token ?? null;
  }

  /**
   * One SELECT over hot and cold rows: `for await (const row of client.query('select …'))`.
   *
   * @throws RangeError where a parameter is a number that JSON can't hold exactly
   */
  query<R = Row>(
    sql: string,
    { params = [], onBadSegment, live, signal }: QueryOptions = {},
  ): Answer<R> {
    const body = JSON.stringify({
      sql,
      params: params.map(parameterOf),
      format: 'ndjson',
      on_bad_segment: onBadSegment,
      live,
    });
    return new Answer<R>(() => this.#send('POST', 'v1/query', body, signal));
  }

  /** All rows at once: for answers that fit into memory. @throws as iterating over `query` does */
  async queryToArray<R = Row>(sql: string, options: QueryOptions = {}): Promise<R[]> {
    const rows: R[] = [];
    for await (const row of this.query<R>(sql, options)) rows.push(row);
    return rows;
  }

  /** How the daemon is. @throws TierdProblem; the signal's reason */
  async status({ signal }: Pick<QueryOptions, 'signal'> = {}): Promise<StatusDocument> {
    const response = await this.#send('GET', 'status', null, signal);
    return (await response.json()) as StatusDocument;
  }

  async #send(
    method: string,
    path: string,
    body: string | null,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const response = await fetch(new URL(path, this.#base), {
      method,
      body,
      // The token is for this server and for none that it points to.
      redirect: 'error',
      signal: signal ?? null,
      headers: {
        ...(body === null ? {} : { 'content-type': 'application/json' }),
        ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
      },
    }).catch((error: unknown) => {
      throw this.#unreachable(error);
    });
    if (response.ok) return response;
    throw await problemOf(response);
  }

  /** What `fetch` throws says nothing of whom; an abort keeps its own reason. */
  #unreachable(error: unknown): unknown {
    if (!(error instanceof TypeError)) return error;
    return new TierdProblem(
      `No daemon answers at ${this.#base.origin}.`,
      { hint: 'Look whether `tierd run` runs there, and at server.port and server.host.' },
      error,
    );
  }
}

function parameterOf(value: Parameter): string | number | boolean | null {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'number') return value;
  // JSON would make null of it, or its neighbour: another question.
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    throw new RangeError(
      `${String(value)} is no exact number of JSON: send it as a bigint or a text.`,
    );
  }
  return value;
}
