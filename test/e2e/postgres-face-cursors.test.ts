/** Cursors, portals and COPY of the PostgreSQL face: rows that are read some at a time, or as the lines of a file. */
import type pg from 'pg';
import Cursor from 'pg-cursor';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  connectTo,
  type FaceDaemon,
  psql,
  psqlAt,
  startFaceDaemon,
} from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { describeOn } from '../support/servers.ts';

let database: TestDatabase;
let daemon: FaceDaemon;
const clients: pg.Client[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    `create table ticks (ts timestamptz not null, id int not null, price numeric(12,4), note text, raw bytea)`,
  );
  await database.query(
    `insert into ticks
     select date_trunc('day', now(), 'UTC') - d * interval '24 hours' + n * interval '1 minute', d * 1000 + n, n / 8.0,
       (array[null, '', 'NULL', E'a\\tb\\\\c', E'"q", x\\ny', '\\.', E'\\r🙂', E'\\x01|'])[1 + n % 8], decode(lpad(to_hex(n), 2, '0'), 'hex')
     from unnest(array[3, 40, 41]) d, generate_series(1, 100) n`,
  );
  await database.query('create table twin (like ticks); insert into twin select * from ticks');
  daemon = await startFaceDaemon(database, {
    datasets: '  ticks: { time_column: ts }',
    query: '{ concurrency: 2, queue: 4, timeout: 1min, max_memory: 600MB }',
  });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
});

afterAll(() => endHttpDaemon(daemon));

async function connect(): Promise<pg.Client> {
  const client = await connectTo(daemon);
  clients.push(client);
  return client;
}

/** What a driver asks of a statement that it prepares: what rows it will give. */
function describeStatement(client: pg.Client, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query({
      submit(connection: pg.Connection) {
        connection.parse({ text: sql, name: '', types: [] }, true);
        connection.describe({ type: 'S', name: '' }, true);
        connection.sync();
      },
      handleRowDescription: () => undefined,
      handleError: reject,
      handleReadyForQuery: () => {
        resolve();
      },
    } as pg.Submittable);
  });
}

const ids = (rows: readonly unknown[]): readonly number[] =>
  rows.map((row) => Number((row as { id: string }).id));

describe('a portal', () => {
  it('gives so many rows at a time, two of them in turns', async () => {
    const client = await connect();
    const other = await connect();
    const sql = 'select id from ticks where id > $1 order by id';
    const [first, second] = [
      client.query(new Cursor(sql, [3000])),
      other.query(new Cursor(sql, [40_000])),
    ];
    const seen: number[][] = [[], []];
    for (;;) {
      const [a, b] = [await first.read(7), await second.read(50)];
      if (a.length === 0 && b.length === 0) break;
      seen[0]?.push(...ids(a));
      seen[1]?.push(...ids(b));
    }
    expect(seen[0]).toHaveLength(300);
    expect(seen[1]).toHaveLength(200);
    expect(seen[0]).toEqual(seen[0]?.toSorted((x, y) => x - y));
    expect(seen[1]?.at(-1)).toBe(41_100);
  });

  it('that is closed before its end runs no longer', async () => {
    const client = await connect();
    const cursor = client.query(
      new Cursor("select i, repeat('x', 1000) from generate_series(1, 3000000) r(i)"),
    );
    expect(await cursor.read(2)).toHaveLength(2);
    await cursor.close();
    // Both turns are free again.
    const other = await connect();
    const [a, b] = await Promise.all([client.query('select 1 as a'), other.query('select 2 as b')]);
    expect([a.rows, b.rows]).toEqual([[{ a: '1' }], [{ b: '2' }]]);
  });
});

describe('a cursor', () => {
  it('is fetched from, beside another one, and ends with its transaction', async () => {
    const client = await connect();
    await client.query('begin');
    await client.query('declare c1 no scroll cursor for select id from ticks order by id');
    await client.query('declare "C 2" cursor for select id, note from ticks order by id desc');
    const first = await client.query('fetch 3 from c1');
    expect({ ids: ids(first.rows), tag: first.command, count: first.rowCount }).toEqual({
      ids: [3001, 3002, 3003],
      tag: 'FETCH',
      count: 3,
    });
    expect(ids((await client.query('fetch forward 2 from "C 2"')).rows)).toEqual([41_100, 41_099]);
    expect((await client.query('move 10 in c1')).rows).toEqual([]);
    expect(ids((await client.query('fetch next from c1')).rows)).toEqual([3014]);
    expect((await client.query('fetch all from c1')).rows).toHaveLength(286);
    expect((await client.query('fetch 5 from c1')).rows).toEqual([]);
    await client.query('close "C 2"');
    await client.query('commit');
    await expect(client.query('fetch 1 from c1')).rejects.toMatchObject({ code: '34000' });
  });

  it.each([
    ['outside of a transaction', ['declare c cursor for select 1'], '25P01'],
    [
      'that there is already',
      ['begin', 'declare c cursor for select 1', 'declare c cursor for select 2'],
      '42P03',
    ],
    [
      'that goes back',
      ['begin', 'declare c cursor for select 1', 'fetch backward 1 from c'],
      '55000',
    ],
    ['that scrolls', ['begin', 'declare c scroll cursor for select 1'], '0A000'],
    ['that there is not', ['begin', 'close c'], '34000'],
  ])('%s is refused', async (_, statements, code) => {
    const client = await connect();
    for (const sql of statements.slice(0, -1)) await client.query(sql);
    await expect(client.query(statements.at(-1) ?? '')).rejects.toMatchObject({ code });
  });

  it('that is held outlives its transaction, unless that is rolled back', async () => {
    const client = await connect();
    const declare = 'declare kept cursor with hold for select id from ticks order by id';
    for (const end of ['rollback', 'commit']) {
      await client.query('begin');
      await client.query(declare);
      await client.query(end);
    }
    expect(ids((await client.query('fetch 1 from kept')).rows)).toEqual([3001]);
    await client.query('discard all');
    await expect(client.query('fetch 1 from kept')).rejects.toMatchObject({ code: '34000' });
  });

  it('takes values, and gives rows in binary form, also after a MOVE that has none', async () => {
    const client = await connect();
    await client.query('begin');
    await client.query(
      'declare c cursor for select id from ticks where id > $1 order by id',
      [41_090],
    );
    const inBinary = (sql: string): Promise<pg.QueryResult> =>
      client.query({ text: sql, binary: true, queryMode: 'extended' } as pg.QueryConfig);
    // As pgx does, before it says in which form it wants what.
    await describeStatement(client, 'fetch 5 from c');
    const { rows, fields } = await inBinary('fetch 5 from c');
    expect(fields.map(({ dataTypeID, format }) => [dataTypeID, format])).toEqual([[23, 'binary']]);
    expect(rows).toHaveLength(5);
    expect(await client.query('move 2 in c')).toMatchObject({ command: 'MOVE', rowCount: 2 });
    expect((await inBinary('fetch all from c')).rows).toHaveLength(3);
  });
});

describeOn('pg_dump', 'psql', () => {
  it.each([
    'copy (select * from TABLE order by id) to stdout',
    "copy (select note, id from TABLE order by id) to stdout with (delimiter '|', null 'none', header)",
    'copy (select * from TABLE order by id) to stdout with csv header',
    `copy (select id, note, raw from TABLE order by id) to stdout (format csv, quote '''', escape '\\', force_quote *, delimiter ';')`,
    'copy (select note from TABLE order by id) to stdout (format csv, force_quote (note))',
    'copy (select id, note, ts, price, raw from TABLE order by id) to stdout (format binary)',
  ])('%s gives what PostgreSQL gives', async (sql) => {
    const zone = { PGTZ: 'America/New_York', PGOPTIONS: '-c datestyle=ISO -c bytea_output=hex' };
    const expected = await psqlAt(database.url, ['-c', sql.replace('TABLE', 'twin')], zone);
    const given = await psql(daemon, ['-c', sql.replace('TABLE', 'ticks')], zone);
    expect(expected.code).toBe(0);
    expect(given).toEqual(expected);
  });

  it('reads in portions and \\copy', async () => {
    const portions = await psql(daemon, [
      '-At',
      '-v',
      'FETCH_COUNT=7',
      '-c',
      'select id from ticks order by id',
    ]);
    expect(portions.stdout.trim().split('\n')).toHaveLength(300);
    const copied = await psql(daemon, ['-c', '\\copy (select count(*) from ticks) to stdout']);
    expect(copied).toEqual({ code: 0, stderr: '', stdout: '300\n' });
    expect((await psql(daemon, ['-c', 'copy ticks from stdin'])).stderr).toMatch(
      /cannot execute COPY FROM/,
    );
  });
});

it('sessions with a cursor each wait for a second one, but never in a circle: one of them is refused', async () => {
  // Of more than the megabyte that is read ahead; query.concurrency is 2.
  const large = 'select a.id, a.note, a.raw from ticks a cross join ticks b';
  const [one, other] = [await connect(), await connect()];
  for (const client of [one, other]) {
    await client.query(
      `begin; declare first cursor for ${large}; declare second cursor for ${large}`,
    );
    expect((await client.query('fetch 10 from first')).rowCount).toBe(10);
  }
  const second = one.query('fetch 10 from second');
  await expect(other.query('fetch 10 from second')).rejects.toMatchObject({
    code: '53300',
    message: expect.stringContaining('wait for another one') as string,
  });
  await other.query('rollback');
  expect((await second).rowCount).toBe(10);
  // Nobody else is in the way of one that waits for itself alone.
  await one.query(`declare third cursor for ${large}`);
  await expect(one.query('fetch 10 from third')).rejects.toMatchObject({ code: '53300' });
  await one.query('rollback');
  expect((await other.query('select count(*) from ticks')).rows).toEqual([{ count: '300' }]);
});
