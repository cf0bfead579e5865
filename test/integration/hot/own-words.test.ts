/** What goes wrong is told in our own words, with what the server adds, and SQL that can be typed as it stands. */
import net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TierdError } from '../../../src/domain/errors.ts';
import type { TableHazard } from '../../../src/domain/plan/hazards.ts';
import { judgeHazards } from '../../../src/domain/plan/judge-hazards.ts';
import { postgresError } from '../../../src/hot/postgres-error.ts';
import { connect, disconnect } from '../../../src/hot/server/connect.ts';
import { connectLive } from '../../../src/live/connect.ts';
import { createTestDatabase } from '../../support/database.ts';
import { describePublic, writing } from '../../support/hot.ts';
import { targetOf } from '../../support/live-target.ts';
import { freePort } from '../../support/server-process.ts';

/** Words of Node, pg and ioredis that people can do nothing with. */
const RAW =
  /connect E|getaddrinfo|AggregateError|Connection is closed|Connection terminated|timeout expired/;

/** A line that is taken, and on which nothing is ever said. */
async function silentPort(): Promise<number> {
  const server = net.createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as net.AddressInfo).port;
}

/** A line that is cut as soon as it is taken. */
async function cuttingPort(): Promise<number> {
  const server = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as net.AddressInfo).port;
}

const failureOf = (work: Promise<unknown>): Promise<TierdError> =>
  work.then(
    () => {
      throw new Error('nothing failed');
    },
    (error: unknown) => error as TierdError,
  );

const UNREACHABLE: readonly (readonly [
  what: string,
  host: string,
  port: () => Promise<number>,
  words: string,
  advice: RegExp,
])[] = [
  ['refuses', '127.0.0.1', freePort, 'nothing listens there (ECONNREFUSED)', /host and port/],
  [
    'has a name that nobody knows',
    'no-such-host.invalid',
    () => Promise.resolve(6000),
    'host',
    /host|name server/,
  ],
  ['says nothing', '127.0.0.1', silentPort, 'nothing answered in time', /server/],
  ['cuts the line', '127.0.0.1', cuttingPort, 'the line', /server/],
];

describe.each(UNREACHABLE)('a server that %s', (_, host, port, words, advice) => {
  it('is told with its place, in words of ours, and with what to do: PostgreSQL', async () => {
    const at = `${host}:${String(await port())}`;
    const error = await failureOf(
      connect({ url: `postgres://me:secret@${at}/market`, job: 'test', connectTimeoutMs: 300 }),
    );
    expect(error).toMatchObject({
      code: 'POSTGRES_UNREACHABLE',
      message: expect.stringContaining(`PostgreSQL at ${at}/market as me failed: `) as string,
      hint: expect.stringMatching(advice) as string,
    });
    expect(error.message).toContain(words);
    expect(error.message).not.toMatch(RAW);
    expect(error.message).not.toContain('secret');
  });

  it('and Redis', async () => {
    const at = `${host}:${String(await port())}`;
    const target = { ...targetOf(`redis://${at}`), connectTimeoutMs: 300, commandTimeoutMs: 300 };
    const error = await failureOf(connectLive(target, 'test'));
    expect(error).toMatchObject({
      code: 'REDIS_UNREACHABLE',
      message: expect.stringContaining(at) as string,
    });
    expect(error.message).not.toMatch(RAW);
    expect(error.hint).not.toBe('');
  });
});

describe('a PostgreSQL that answers with a no', () => {
  it('is told whether it is the user, the database or the way in', async () => {
    const database = await createTestDatabase();
    const role = `own_words_${database.name.slice(-6)}`;
    await database.query(`create role ${role} nologin`);
    onTestFinished(async () => {
      await database.query(`drop role ${role}`);
    });
    const at = (change: (url: URL) => void): Promise<TierdError> => {
      const url = new URL(database.url);
      change(url);
      return failureOf(connect({ url: url.href, job: 'test' }));
    };
    const elsewhere = await at((url) => (url.pathname = '/No such "base"'));
    expect(elsewhere).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('the server has no database of that name: ') as string,
      hint: expect.stringContaining('postgres.url') as string,
    });
    const other = await at((url) => (url.username = role));
    expect(other).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('does not let this user in from here: ') as string,
      hint: expect.stringContaining('pg_hba.conf') as string,
    });
  });

  it('is told with its own hint and detail beside ours', async () => {
    const database = await createTestDatabase();
    const client = await connect({ url: database.url, job: 'test' });
    onTestFinished(() => disconnect(client));
    await client.query('create table public.once (id int primary key)');
    const failed = (sql: string): Promise<TierdError> =>
      writing(client, () => client.query(sql)).then(
        () => {
          throw new Error('nothing failed');
        },
        (error: unknown) => postgresError(error, 'writing'),
      );
    expect(await failed('insert into public.once values (1), (1)')).toMatchObject({
      code: 'POSTGRES_FAILED',
      message: expect.stringContaining('Key (id)=(1) already exists.') as string,
    });
    // As a lock table that is full answers.
    const full = await failed(
      `do $$ begin raise exception 'out of shared memory' using errcode = '53200', hint = 'You might need to increase "max_locks_per_transaction".'; end $$`,
    );
    expect(full.code).toBe('POSTGRES_OUT_OF_RESOURCES');
    expect(full.hint).toContain('hint: You might need to increase "max_locks_per_transaction".');
    expect(full.hint).not.toContain('disk');
    const disk = await failed(
      `do $$ begin raise exception 'no space' using errcode = '53100'; end $$`,
    );
    expect(disk.hint).toContain('disk');
  });
});

describe('SQL in a hint', () => {
  const NAMED = { schema: 'public', name: 'TS "Table"' };
  const HAZARDS: readonly TableHazard[] = [
    { kind: 'unlogged', tables: [NAMED] },
    { kind: 'no_default_partition' },
    { kind: 'no_time_index' },
    { kind: 'missing_privilege', privilege: 'select' },
    { kind: 'missing_privilege', privilege: 'usage' },
    { kind: 'publication', publication: 'My "Pub"', sendsDeletes: true, hasIdentity: false },
    { kind: 'publication', publication: 'My "Pub"', sendsDeletes: true, hasIdentity: true },
    { kind: 'delete_trigger', trigger: 'On "it"', on: NAMED, mayKeepRows: false },
  ];

  it.each(HAZARDS)('can be run as it stands for a table of any name: $kind', async (hazard) => {
    const database = await createTestDatabase();
    const client = await database.connect();
    await client.query(
      `create table "TS ""Table""" (ts timestamptz primary key) partition by range (ts);
       create function "of it"() returns trigger language plpgsql as 'begin return old; end';
       create trigger "On ""it""" after delete on "TS ""Table""" for each row execute function "of it"();
       create publication "My ""Pub""" for table "TS ""Table"""`,
    );
    const table = await describePublic(client, NAMED.name);
    const range = { fromInclusive: 0, toExclusive: 86_400_000 };
    const regions = (['delete', 'drop'] as const).map(
      (removal) => ({ lane: 'aged', removal, range, parts: [] }) as const,
    );
    const both = regions.map((region) => judgeHazards(table, [hazard], [region]));
    const told = both.flatMap(({ refusals, notes }) => [...refusals, ...notes]);
    const statements = told.flatMap(({ hint }) => statementsOf(hint));
    expect(statements).not.toEqual([]);
    for (const statement of statements) await client.query(statement);
    await client.end();
  });
});

/** With what stands for a name or a role put in. */
function statementsOf(hint: string): string[] {
  const found = /\b(alter|create|grant|select) [^;]*/.exec(hint);
  if (found === null) return [];
  const [whole] = found;
  const statement = whole
    .replace(/, or .*$/, '')
    .replace('tierd’s role', 'current_user')
    .replace('<name>', 'the_rest');
  return [statement];
}
