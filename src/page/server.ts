/** The server that the page came from, asked with the token that the person entered. */
import type { AccessDocument } from './documents.ts';
import { clockOffsetMs } from './server-clock.ts';

const TOKEN_KEY = 'tierd-token';
/** Apart: whoever commands may ask as well, each with a token of its own. */
const QUERY_TOKEN_KEY = 'tierd-query-token';
const PATIENCE_MS = 10_000;

/** An answer that is no. Its message is the server's, for a person. */
export class Refusal extends Error {
  readonly status: number;

  /** Of the catalogue. */
  readonly code: string | null;
  /** What to do next. */
  readonly hint: string | null;

  constructor(status: number, message: string, more: Partial<Pick<Refusal, 'code' | 'hint'>> = {}) {
    super(message);
    this.status = status;
    this.code = more.code ?? null;
    this.hint = more.hint ?? null;
  }
}

export class Server {
  readonly #storage: Storage;
  #offsetMs: number | null = null;

  /** @param storage forgets with the tab: the token is nowhere else. */
  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** By the server's clock; this machine's may be wrong. */
  now(): number {
    return Date.now() + (this.#offsetMs ?? 0);
  }

  hasToken(): boolean {
    return this.#storage.getItem(TOKEN_KEY) !== null || this.hasQueryToken();
  }

  hasQueryToken(): boolean {
    return this.#storage.getItem(QUERY_TOKEN_KEY) !== null;
  }

  keepQueryToken(token: string): void {
    this.#storage.setItem(QUERY_TOKEN_KEY, token);
  }

  forgetQueryToken(): void {
    this.#storage.removeItem(QUERY_TOKEN_KEY);
  }

  keepToken(token: string): void {
    this.#storage.setItem(TOKEN_KEY, token);
  }

  forgetToken(): void {
    this.#storage.removeItem(TOKEN_KEY);
    this.forgetQueryToken();
  }

  /**
   * A query, with the token for queries alone, or, where none was entered, with the one that there is.
   * Its rows come as they are found: a query may take as long as the server lets it.
   *
   * @throws as `get`
   */
  async query(question: Question | Path, signal: AbortSignal): Promise<Response> {
    const token = this.#storage.getItem(QUERY_TOKEN_KEY) ?? this.#storage.getItem(TOKEN_KEY);
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    const request: RequestInit =
      'path' in question
        ? { headers: authorization }
        : {
            method: 'POST',
            body: JSON.stringify(question),
            headers: { 'content-type': 'application/json', ...authorization },
          };
    const url = 'path' in question ? question.path : '/v1/query';
    const response = await fetch(url, { ...request, cache: 'no-store', signal });
    if (response.ok) return response;
    throw refusalOf(await response.json().catch(() => null), response.status);
  }

  /** Throws Refusal, or what fetch throws when nobody answers. */
  async get<Document>(path: string, signal: AbortSignal): Promise<Document> {
    return (await this.#ask('GET', path, signal, this.#storage.getItem(TOKEN_KEY))) as Document;
  }

  async post(path: string): Promise<unknown> {
    return this.#ask('POST', path, null, this.#storage.getItem(TOKEN_KEY));
  }

  /** What a token allows that is not kept yet. */
  async accessOf(token: string): Promise<AccessDocument> {
    return (await this.#ask('GET', '/v1/access', null, token)) as AccessDocument;
  }

  async #ask(
    method: string,
    path: string,
    signal: AbortSignal | null,
    token: string | null,
  ): Promise<unknown> {
    const askedMs = Date.now();
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(path, {
      method,
      cache: 'no-store',
      signal: signal === null ? patience : AbortSignal.any([signal, patience]),
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
    this.#offsetMs = clockOffsetMs(
      this.#offsetMs,
      response.headers.get('date'),
      askedMs,
      Date.now(),
    );
    const body = (await response.json()) as unknown;
    if (response.ok) return body;
    throw refusalOf(body, response.status);
  }
}

/** What is asked for with `query`. */
export interface Question {
  readonly sql: string;
  readonly params: readonly (string | null)[];
  readonly format: 'ndjson' | 'json' | 'csv' | 'parquet';
  /** A dataset's name means what waits in Redis as well. */
  readonly live: boolean;
}

/** A question that is no SQL: the address of a route that answers rows. */
export interface Path {
  readonly path: string;
}

/** Of Problem Details. */
function refusalOf(body: unknown, status: number): Refusal {
  const { title, detail, code, hint } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const words = [detail, title].find((text) => typeof text === 'string' && text !== '');
  return new Refusal(
    status,
    typeof words === 'string' ? words : `The server answered ${String(status)}.`,
    {
      code: typeof code === 'string' ? code : null,
      hint: typeof hint === 'string' ? hint : null,
    },
  );
}

/** For a person, of whatever was thrown. */
export function explain(error: unknown): string {
  return error instanceof Refusal ? error.message : 'The daemon does not answer.';
}
