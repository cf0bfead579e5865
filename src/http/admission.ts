/** Who may ask, and how often. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../domain/time/clock.ts';
import type { EpochMs } from '../domain/time/time-range.ts';

export type Scope = 'open' | Right;
type Right = 'status' | 'query' | 'control';

/** Null: there is none. Without one for `status` everybody may read; without another nobody may do that. */
export type Tokens = Readonly<Record<Right, string | null>>;

/** What each token allows: who may query or command may see how it goes. */
const ALLOWS: Readonly<Record<Right, readonly Right[]>> = {
  status: ['status'],
  query: ['status', 'query'],
  control: ['status', 'control'],
};

/** What is wrong with a request, as an HTTP status; null when it may pass. */
export function admit(
  scope: Scope,
  tokens: Tokens,
  authorization: string | undefined,
): 401 | 403 | null {
  if (scope === 'open') return null;
  if (tokens[scope] === null) return scope === 'status' ? null : 403;
  const shown = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
  if (shown === undefined) return 401;
  // Each is compared, whichever it is, so that the time tells nothing.
  const rights = Object.keys(ALLOWS) as Right[];
  const known = rights.filter((right) => isEqual(shown, tokens[right]));
  if (known.some((right) => ALLOWS[right].includes(scope))) return null;
  return known.length > 0 ? 403 : 401;
}

/** Whether it shows a token that is none of those that there are: somebody guesses, or has an old one. */
export function showsWrongToken(tokens: Tokens, authorization: string | undefined): boolean {
  const shown = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
  if (shown === undefined) return authorization !== undefined;
  const rights = Object.keys(ALLOWS) as Right[];
  return rights.filter((right) => isEqual(shown, tokens[right])).length === 0;
}

/** Whom a request is counted for: an address, apart for each token that it shows rightly. */
export function clientOf(
  address: string,
  tokens: Tokens,
  authorization: string | undefined,
): string {
  const shown = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
  const rights = Object.keys(ALLOWS) as Right[];
  const known = shown === undefined ? [] : rights.filter((right) => isEqual(shown, tokens[right]));
  return `${address} ${known.join('+')}`;
}

/** Takes as long whatever is different: the digests have one length. */
function isEqual(shown: string, token: string | null): boolean {
  if (token === null) return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(shown), digest(token));
}

/**
 * Of a page that asks for no token, a web site could make its reader's browser ask: under a name of
 * its own that leads to 127.0.0.1. Such a request carries that name.
 */
export function isLocalName(host: string | undefined): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(host ?? '');
}

const WINDOW_MS = 60_000;

/** So many requests of one client in a minute. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perMinute: number;
  #windowMs: EpochMs = 0;
  #counts = new Map<string, number>();

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Counts the request. @returns seconds to wait when it is one too many, else null. */
  count(client: string): number | null {
    const now = this.#clock.now();
    const window = Math.floor(now / WINDOW_MS) * WINDOW_MS;
    if (window !== this.#windowMs) {
      this.#windowMs = window;
      this.#counts = new Map();
    }
    const count = (this.#counts.get(client) ?? 0) + 1;
    this.#counts.set(client, count);
    return count > this.#perMinute ? Math.ceil((window + WINDOW_MS - now) / 1000) : null;
  }
}
