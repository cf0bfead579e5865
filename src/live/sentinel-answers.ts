/** What sentinels said that led to no master: ioredis tells it as events, and in the end that none is reachable. */
import type { Cluster, Redis } from 'ioredis';
import { TierdError } from '../domain/errors.ts';
import { prefixOf } from './redis-error.ts';

/** ioredis' words for one sentinel. */
const FAILED = /^failed to connect to sentinel (\S+) because (.*)$/s;

const REFUSALS: Readonly<Record<string, string>> = {
  NOAUTH: 'asks for a password, and none is given (NOAUTH)',
  WRONGPASS: 'refuses this user or its password (WRONGPASS)',
  NOPERM: 'lets this user ask nothing (NOPERM): it needs +@connection and +sentinel',
};

/**
 * From now on. What comes back tells what to make of it once connecting has failed: a sentinel that refused us,
 * whose certificate is none, or that knows no such master; null where none of them answered.
 */
export function hearSentinels(
  client: Redis | Cluster,
  place: string,
  master: string,
): () => TierdError | null {
  const said: string[] = [];
  client.on('sentinelError', (error: Error) => said.push(error.message));
  return () => {
    const verdicts = said.flatMap((text) => verdictOn(text, place, master) ?? []);
    // Whoever does not let us in may know the master.
    return verdicts.find(({ code }) => code !== 'CONFIG_INVALID') ?? verdicts[0] ?? null;
  };
}

function verdictOn(text: string, place: string, master: string): TierdError | null {
  const [, sentinel, reason = ''] = FAILED.exec(text) ?? [];
  if (sentinel === undefined) return null;
  const found = `connecting to Redis at ${place} failed: the sentinel at ${sentinel}`;
  if (reason.startsWith('ERR No such master')) {
    return new TierdError({
      code: 'CONFIG_INVALID',
      message: `${found} knows no master "${master}"`,
      hint: 'set redis.sentinel.master to a name that `SENTINEL MASTERS` tells there',
    });
  }
  const refusal = REFUSALS[prefixOf(reason)];
  if (refusal !== undefined) {
    return new TierdError({
      code: 'PERMISSION_DENIED',
      message: `${found} ${refusal}`,
      hint: 'correct redis.sentinel.username and redis.sentinel.password, which are not those of the servers',
    });
  }
  // ioredis keeps no code, only the words of Node and of OpenSSL.
  if (!/certificate|SSL routines/i.test(reason)) return null;
  return new TierdError({
    code: 'TLS_FAILED',
    message: `${found} can't be asked over TLS: ${reason}`,
    hint: 'sentinels are asked over TLS as the servers are: give them a certificate that redis.tls_ca_file vouches for',
  });
}
