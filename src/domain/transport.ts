/** How the lines to the stores are protected, and what is wrong with those that are not. */

import type { Check } from './check.ts';
import { countOf } from './count.ts';
import { DAY_MS, type EpochMs } from './time/time-range.ts';

export interface Transport {
  /** Of who answers; null for a Unix socket. */
  readonly address: string | null;
  readonly isEncrypted: boolean;
  /** When the certificate of who answers runs out; null where it showed none. */
  readonly certificateUntil: EpochMs | null;
}

/** What a socket of Node tells of itself; a plain one has neither of the last two. */
interface SocketFacts {
  readonly remoteAddress?: string | undefined;
  readonly encrypted?: boolean;
  readonly getPeerCertificate?: () => { readonly valid_to?: string };
}

export function transportOf(socket: SocketFacts): Transport {
  // Empty where a session was resumed or nobody showed one.
  const until = socket.getPeerCertificate?.().valid_to;
  return {
    address: socket.remoteAddress ?? null,
    isEncrypted: socket.encrypted === true,
    certificateUntil: until === undefined ? null : Date.parse(until),
  };
}

/** Nothing where what is said and asked stays on this machine, or is encrypted. */
export function judgeCleartext(
  name: string,
  { address, isEncrypted }: Transport,
  advice: string,
): readonly Check[] {
  if (isEncrypted || address === null || isLoopback(address)) return [];
  const found = `the line to ${address} is not encrypted: passwords and rows can be read and changed on the way`;
  return [{ name, status: 'warning', found, advice }];
}

/** Long enough for somebody to come back from a holiday. */
const WARN_DAYS = 30;

/** Nothing while it holds for long, or where there is none. */
export function judgeCertificate(
  name: string,
  what: string,
  until: EpochMs | null,
  now: EpochMs,
): readonly Check[] {
  if (until === null || Number.isNaN(until)) return [];
  const days = Math.floor((until - now) / DAY_MS);
  if (days >= WARN_DAYS) return [];
  const date = new Date(until).toISOString().slice(0, 10);
  const advice = 'renew it before that: from then on nobody connects who checks it';
  return until <= now
    ? [{ name, status: 'error', found: `${what} ran out on ${date}`, advice: 'renew it' }]
    : [
        {
          name,
          status: 'warning',
          found: `${what} runs out in ${countOf(days, 'day')}, on ${date}`,
          advice,
        },
      ];
}

function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\./.test(address) || address === '::1';
}
