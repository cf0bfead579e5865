/** What Redis or the line to it answered, as tierd's one kind of error. */
import { ReplyError } from 'ioredis';
import { type ErrorCode, TierdError } from '../domain/errors.ts';
import { lineFailureOf } from '../domain/line-failure.ts';
import { tlsHintFor, tlsWordsOf } from '../domain/tls-failure.ts';

/** `words` where those of the error are a library's, or speak of its protocol. */
type Verdict = readonly [code: ErrorCode, hint: string, words?: string | undefined];

const NOT_NOW = 'run again; the server can’t serve this at the moment';

/** The first word of a refusal → what it means. Source: redis.io, and server.c of Redis 8. */
const BY_PREFIX: Readonly<Record<string, Verdict>> = {
  LOADING: ['REDIS_UNREACHABLE', 'run again when the server has loaded its data'],
  BUSY: ['REDIS_UNREACHABLE', 'a script keeps the server busy; see SCRIPT KILL'],
  READONLY: ['REDIS_UNREACHABLE', 'this server is a replica now; run again to find the master'],
  MASTERDOWN: ['REDIS_UNREACHABLE', NOT_NOW],
  CLUSTERDOWN: ['REDIS_UNREACHABLE', 'a part of the cluster is down; see CLUSTER INFO'],
  TRYAGAIN: ['REDIS_UNREACHABLE', NOT_NOW],
  MOVED: ['REDIS_UNREACHABLE', 'slots of the cluster moved just now; run again'],
  ASK: ['REDIS_UNREACHABLE', 'slots of the cluster are moving; run again'],
  NOREPLICAS: ['REDIS_UNREACHABLE', 'too few replicas are connected (min-replicas-to-write)'],
  OOM: ['REDIS_UNREACHABLE', 'Redis is full (maxmemory): raise it, until the drain has made room'],
  MISCONF: ['REDIS_UNREACHABLE', 'Redis can’t save to its disk and so takes no writes'],
  NOGROUP: ['REDIS_UNREACHABLE', 'the stream or its group was removed just now; run again'],
  UNBLOCKED: ['REDIS_UNREACHABLE', NOT_NOW],
  NOAUTH: [
    'PERMISSION_DENIED',
    'set redis.password (or password_file), and redis.username for a user of its ACL',
    'the server asks for a password, and none is given (NOAUTH)',
  ],
  WRONGPASS: [
    'PERMISSION_DENIED',
    'correct redis.username and redis.password, or look with ACL LIST on the server whether the user is on',
    'the server refuses this user or its password (WRONGPASS)',
  ],
  NOPERM: ['PERMISSION_DENIED', 'config/redis.conf has the line with what the ACL user needs'],
};

/**
 * `error` as a TierdError; `doing` completes "… failed". A TierdError comes back as it is, so that
 * this may be called at every level.
 */
export function redisError(error: unknown, doing: string): TierdError {
  if (error instanceof TierdError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const [code, hint, words] = verdictOn(error, text);
  return new TierdError({
    code,
    message: `${doing} failed: ${words ?? text}`,
    hint,
    cause: error,
  });
}

/** What a script was told and passed on, where it is of the server's state or the user's rights; else null. */
export function serverRefusal(message: string, doing: string): TierdError | null {
  const verdict = BY_PREFIX[prefixOf(message)];
  if (verdict === undefined) return null;
  const [code, hint, words] = verdict;
  return new TierdError({ code, message: `${doing} failed: ${words ?? message}`, hint });
}

/** ioredis' own sentences, which have no code, and ours. */
const OF_THE_CLIENT: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/^Connection is closed/, 'the line to the server was cut'],
  [/^(Command timed out|connect ETIMEDOUT)/, 'nothing answered in time'],
  [/^All sentinels are unreachable/, 'none of the sentinels answers'],
  [
    /^(Failed to refresh slots cache|None of startup nodes|Cluster is ended)/,
    'none of the nodes that are named answers',
  ],
];

function verdictOn(error: unknown, text: string): Verdict {
  if (isRefusal(error)) {
    return BY_PREFIX[prefixOf(text)] ?? ['REDIS_FAILED', 'the message is Redis’ own'];
  }
  const tls = tlsHintFor(error);
  if (tls !== null) return ['TLS_FAILED', tls, tlsWordsOf(text)];
  const line = lineFailureOf(error);
  if (line !== null) return ['REDIS_UNREACHABLE', line.advice, line.what];
  const own = OF_THE_CLIENT.find(([pattern]) => pattern.test(text));
  return ['REDIS_UNREACHABLE', 'check that the server runs and can be reached', own?.[1]];
}

/** Runs `work`; what it throws becomes a TierdError. */
export async function doing<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw redisError(error, what);
  }
}

/** Whether Redis answered, and its answer was this kind of no: `NOGROUP`, `WRONGTYPE`. */
export function isRefusal(error: unknown, prefix?: string): error is Error {
  // ioredis exports the class untyped.
  const isReply = error instanceof (ReplyError as new () => Error);
  return isReply && (prefix === undefined || prefixOf(error.message) === prefix);
}

export function prefixOf(message: string): string {
  return /^[A-Z]+/.exec(message)?.[0] ?? '';
}
