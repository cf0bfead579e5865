/** The server that the page came from, asked with the token that the person entered. */
import type { AccessDocument } from './documents.ts';
import { clockOffsetMs } from './server-clock.ts';

const TOKEN_KEY = 'tierd-token';
const PATIENCE_MS = 10_000;

/** An answer that is no. Its message is the server's, for a person. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
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
    return this.#storage.getItem(TOKEN_KEY) !== null;
  }

  keepToken(token: string): void {
    this.#storage.setItem(TOKEN_KEY, token);
  }

  forgetToken(): void {
    this.#storage.removeItem(TOKEN_KEY);
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
    throw new Refusal(response.status, wordsOf(body, response.status));
  }
}

/** Of Problem Details. */
function wordsOf(body: unknown, status: number): string {
  const { title, detail } = (body ?? {}) as { readonly title?: unknown; readonly detail?: unknown };
  const words = [detail, title].find((text) => typeof text === 'string' && text !== '');
  return typeof words === 'string' ? words : `The server answered ${String(status)}.`;
}

/** For a person, of whatever was thrown. */
export function explain(error: unknown): string {
  return error instanceof Refusal ? error.message : 'The daemon does not answer.';
}
