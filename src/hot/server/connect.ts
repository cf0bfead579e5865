/** Opening a connection to the hot store. */
import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { tellNeed } from '../../domain/connections.ts';
import { TierdError } from '../../domain/errors.ts';
import { createReadSocket } from '../copy/read-socket.ts';
import { postgresError } from '../postgres-error.ts';
import { quoteName } from '../quote.ts';
import { USUAL_WAIT_LIMIT_MS, type WaitRules, watchCommits } from './standby-wait.ts';

export interface PostgresTarget {
  /** `postgres://…`, or empty to take everything from the PG* environment variables. */
  readonly url: string;
  /** What the connection is for: `rotate`, `drain`; seen as `tierd/rotate` in pg_stat_activity. */
  readonly job: string;
  readonly connectTimeoutMs?: number;
  /** For each statement's answer; without it only the server's own statement_timeout counts. */
  readonly answerTimeoutMs?: number;
  /** For commits that wait for a synchronous standby. */
  readonly waits?: WaitRules;
}

/** Long enough for a server that is failing over to answer, short enough to be told about it. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * A connected client. Nothing is sent in the startup packet but what PgBouncer lets through;
 * every session setting is made per transaction by `inTransaction`.
 *
 * Throws POSTGRES_UNREACHABLE, PERMISSION_DENIED, CONNECTIONS_EXHAUSTED, or CONFIG_INVALID for a database that is not
 * there, naming host, port and database, never the password. A connection that breaks while idle is noticed by the next query, not as a crash.
 */
export async function connect(target: PostgresTarget): Promise<pg.Client> {
  const client = await connectUnwatched(target);
  watchCommits(client, target.waits ?? { limitMs: USUAL_WAIT_LIMIT_MS }, () =>
    connectUnwatched({ url: target.url, job: 'look', answerTimeoutMs: LOOK_TIMEOUT_MS }),
  );
  return client;
}

/** A look at what another connection waits for. */
const LOOK_TIMEOUT_MS = 5_000;

async function connectUnwatched(target: PostgresTarget): Promise<pg.Client> {
  const client = newClient(target);
  // Without a listener Node would end the process when the server closes an idle connection.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const place = describeClient(client);
    await disconnect(client);
    if (isExhausted(error)) throw exhausted(error, place, target.job);
    const told = postgresError(error, `connecting to PostgreSQL at ${place}`);
    throw isShut(error) ? withHint(told, grantConnect(client)) : told;
  }
  return client;
}

/** Whether the role is known and may not use this database. */
function isShut(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '42501';
}

const grantConnect = ({ database = '', user = '' }: pg.Client): string =>
  `grant connect on database ${quoteName(database)} to ${quoteName(user)}`;

function withHint({ code, message, context, cause }: TierdError, hint: string): TierdError {
  return new TierdError({ code, message, hint, context, cause });
}

/** SQLSTATE of a server, a database or a role that has no connection left. */
const TOO_MANY_CONNECTIONS = '53300';

function isExhausted(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && error.code === TOO_MANY_CONNECTIONS;
}

function exhausted(error: pg.DatabaseError, place: string, job: string): TierdError {
  return new TierdError({
    code: 'CONNECTIONS_EXHAUSTED',
    message: `PostgreSQL at ${place} has no connection left for tierd, and ${tellNeed(job)}; what was under way was given up, nothing was lost (${error.message})`,
    hint: '`tierd doctor` counts the connections that tierd needs and that the role, the database and the server allow; end sessions that are idle, or raise that limit',
    context: { sqlstate: error.code, job },
    cause: error,
  });
}

/**
 * A server that has gone without a word is found out after this long without a byte, plus ten probes
 * a second apart; the system's own default is two hours.
 */
const KEEP_ALIVE_DELAY_MS = 30_000;

/** How long a server may take to see that we are leaving. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Closes the connection; one that is broken already counts as closed. */
export async function disconnect(client: pg.Client): Promise<void> {
  const closed = new AbortController();
  // Nothing can be lost here: whatever had to be committed has been answered before this.
  const closing = client.end().catch(() => undefined);
  // A line that has gone silent would hold us up until TCP gives up, a quarter of an hour later.
  const impatience = pause(CLOSE_TIMEOUT_MS, undefined, { signal: closed.signal });
  await Promise.race([closing, impatience.then(() => cut(client))]);
  closed.abort();
  await impatience.catch(() => undefined);
}

/** On a connection of its own, which is closed whatever comes of it. */
export async function withClient<Result>(
  open: () => Promise<pg.Client>,
  work: (db: pg.Client) => Promise<Result>,
): Promise<Result> {
  const db = await open();
  try {
    return await work(db);
  } finally {
    await disconnect(db);
  }
}

/** Ends the connection here and now, whatever is under way; who waits for an answer gets an error. */
export function cut(client: pg.Client): void {
  // `end` would wait for the server.
  socketOf(client).destroy();
}

/** pg has it and its types don't. */
export function socketOf(client: pg.Client): Socket {
  const { connection } = client as unknown as { readonly connection: { readonly stream: Socket } };
  return connection.stream;
}

/** `db.example:5432/market as tierd`, for messages. */
export function describeClient(client: pg.Client): string {
  const { host, port, database = '', user = '' } = client;
  return `${host}:${String(port)}/${database} as ${user === '' ? 'nobody (no user is named)' : user}`;
}

/** `db.example:5432/market`: where `url` and what the environment adds to it lead, for messages. */
export function describeDatabase(url: string): string {
  const { host, port, database } = newClient({ url, job: 'describe' });
  return `${host}:${String(port)}/${database ?? ''}`;
}

function newClient(target: PostgresTarget): pg.Client {
  try {
    return new pg.Client({
      ...(target.url === '' ? {} : { connectionString: target.url }),
      application_name: `tierd/${target.job}`,
      connectionTimeoutMillis: target.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      ...(target.answerTimeoutMs === undefined ? {} : { query_timeout: target.answerTimeoutMs }),
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
      stream: socketFor,
      types: { getTypeParser: parserOf },
    });
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && 'code' in error) {
      // Of a folder Node does not say which.
      const file = 'path' in error ? `the file ${String(error.path)}` : 'a file';
      throw new TierdError({
        code: 'CONFIG_INVALID',
        message: `${file}, named for TLS to PostgreSQL, can't be read (${String(error.code)})`,
        hint: 'correct postgres.ssl_ca_file (or sslrootcert, sslcert and sslkey in the URL), or the permissions of the file',
      });
    }
    throw new TierdError({
      code: 'CONFIG_INVALID',
      message: 'postgres.url can not be read as a connection URL',
      hint: 'write it as postgres://user:password@host:5432/database, with special characters percent-encoded',
      // The cause's own message may quote the URL, password and all.
      context: { reason: error instanceof Error ? error.name : 'unknown' },
    });
  }
}

/** pg passes the connection's own settings; its types know nothing of them. */
function socketFor(settings?: { readonly ssl?: unknown }): Socket {
  // TLS takes a socket's reads over below Node's streams, and is read as Node reads it.
  return settings?.ssl ? new Socket() : createReadSocket();
}

/**
 * Types that JavaScript would round or shift: they stay the text that PostgreSQL sent. int8 and
 * numeric are text in pg already; date, timestamp, timestamptz, interval and their arrays are not.
 */
const KEPT_AS_TEXT: ReadonlySet<number> = new Set([1082, 1114, 1184, 1186, 1182, 1115, 1185, 1187]);

type Parser = (value: string) => unknown;

/** As pg declares it, but for the oids that its list of built-in types does not have. */
const standardParsers: { getTypeParser(oid: number, format: 'text' | 'binary'): Parser } = pg.types;

function parserOf(oid: number, format?: string): Parser {
  if (KEPT_AS_TEXT.has(oid)) return (value) => value;
  return standardParsers.getTypeParser(oid, format === 'binary' ? 'binary' : 'text');
}
