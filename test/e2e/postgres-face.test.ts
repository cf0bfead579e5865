/** A real daemon asked in PostgreSQL's protocol by real clients: what they get, and what is refused. */
import { createConnection } from 'node:net';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { connectTo, type FaceDaemon, psql, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { describeOn } from '../support/servers.ts';

let database: TestDatabase;
let daemon: FaceDaemon;
const clients: pg.Client[] = [];

const ENDLESS =
  'select count(*) from generate_series(1, 1000000) a(i), generate_series(1, 1000000) b(j) where i + j = -1';

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    'create table ticks (ts timestamptz not null, id int not null, price numeric(12,4), note varchar(20))',
  );
  await database.query(
    `insert into ticks
     select date_trunc('day', now(), 'UTC') - d * interval '24 hours' + n * interval '1 minute', n, n / 8.0, 'n' || n
     from unnest(array[3, 40, 41]) d, generate_series(1, 100) n`,
  );
  daemon = await startFaceDaemon(database, {
    datasets: '  ticks: { time_column: ts }',
    query: '{ concurrency: 2, queue: 4, timeout: 1min, max_memory: 600MB }',
  });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
});

afterAll(() => endHttpDaemon(daemon));

async function connect(config: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = await connectTo(daemon, config);
  clients.push(client);
  return client;
}

describe('the simple protocol', () => {
  it('answers over hot and cold, as PostgreSQL describes and writes it', async () => {
    const client = await connect();
    const { rows, fields, command, rowCount } = await client.query(
      'select ts, id, price, note, price as p, count(*) over () from ticks order by ts, id limit 2',
    );
    const day = new Date(Date.now() - 41 * 86_400_000).toISOString().slice(0, 10);
    expect(rows).toEqual([
      { ts: `${day} 00:01:00+00`, id: '1', price: '0.1250', note: 'n1', p: '0.1250', count: '300' },
      { ts: `${day} 00:02:00+00`, id: '2', price: '0.2500', note: 'n2', p: '0.2500', count: '300' },
    ]);
    expect({ command, rowCount }).toEqual({ command: 'SELECT', rowCount: 2 });
    const numeric = ((12 << 16) | 4) + 4;
    expect(
      fields.map(({ name, dataTypeID, dataTypeSize, dataTypeModifier }) => [
        name,
        dataTypeID,
        dataTypeSize,
        dataTypeModifier,
      ]),
    ).toEqual([
      ['ts', 1184, 8, -1],
      ['id', 23, 4, -1],
      ['price', 1700, -1, numeric],
      ['note', 1043, -1, 24],
      ['p', 1700, -1, numeric],
      ['count', 20, 8, -1],
    ]);
  });

  it('runs several statements of a text, up to the first that fails', async () => {
    const client = await connect();
    const all = (await client.query(
      'select 1 as a; show timezone; select 2',
    )) as unknown as pg.QueryResult[];
    expect(all.map(({ rows }) => rows)).toEqual([
      [{ a: '1' }],
      [{ TimeZone: 'UTC' }],
      [{ '?column?': '2' }],
    ]);
    await expect(
      client.query("select '🙂';  select nothing from ticks; select 2"),
    ).rejects.toMatchObject({ code: '42703', position: '21' });
    expect((await client.query('')).rows).toEqual([]);
    expect((await client.query(' -- nothing\n;;')).rows).toEqual([]);
    expect((await client.query('select 3 as c')).rows).toEqual([{ c: '3' }]);
  });

  it.each([
    ['select * from no_such', '42P01'],
    ['selec 1', '42601'],
    ["select 'abc'::int", '22P02'],
    ['insert into ticks values (now(), 1)', '25006'],
    ['update ticks set id = 1', '25006'],
    ['create table t (a int)', '25006'],
    ['listen x', '0A000'],
    ["select 'no end", '42601'],
    ["select * from read_csv('/etc/passwd')", '0A000'],
    ['select id / 0 from ticks', '22012'],
    ['select count(*) from ticks where id like 1', '42883'],
    ['show no_such_setting', '42704'],
  ])('refuses %s with %s, and goes on', async (sql, code) => {
    const client = await connect();
    await expect(client.query(sql)).rejects.toMatchObject({ code, severity: 'ERROR' });
    expect((await client.query('select 1 as a')).rows).toEqual([{ a: '1' }]);
    const { rows } = await database.query('select count(*)::int as n from ticks');
    expect(rows).toEqual([{ n: 100 }]);
  });

  it('explains what would be read, and runs nothing', async () => {
    const client = await connect();
    const explained = await client.query<{ 'QUERY PLAN': string }>(
      'explain (verbose) select id / 0 from ticks',
    );
    const [first = '', ...more] = explained.rows.map((row) => row['QUERY PLAN']);
    expect(explained.command).toBe('EXPLAIN');
    // As postgres_fdw reads it.
    expect(first).toMatch(/\(cost=\d+\.\d\d\.\.\d+\.\d\d rows=\d+ width=\d+\)$/);
    expect(more.join('\n')).toMatch(/Cold: ticks, \d+ of \d+ segments, at most \d+ rows/);
    expect(more.join('\n')).toContain('Hot: public.ticks');
    for (const sql of ['explain analyze table ticks', 'explain (format json) table ticks']) {
      await expect(client.query(sql)).rejects.toMatchObject({ code: '0A000' });
    }
  });

  it('gives a large answer whole, and no more of it than is read', async () => {
    const client = await connect();
    const { rows } = await client.query(
      "select i, repeat('x', 100) as x from generate_series(1, 300000) r(i) order by i",
    );
    expect(rows).toHaveLength(300_000);
    expect(rows.at(-1)).toEqual({ i: '300000', x: 'x'.repeat(100) });
  });

  it('ends what is cancelled, and what takes longer than statement_timeout, and the session goes on', async () => {
    const client = await connect();
    await client.query('set statement_timeout = 300');
    expect((await client.query('show statement_timeout')).rows).toEqual([
      { statement_timeout: '300ms' },
    ]);
    await expect(client.query(ENDLESS)).rejects.toMatchObject({
      code: '57014',
      message: 'canceling statement due to statement timeout',
    });
    await client.query('reset statement_timeout');
    const asked = client.query(ENDLESS);
    await cancel(client, asked);
    await expect(asked).rejects.toMatchObject({
      code: '57014',
      message: 'canceling statement due to user request',
    });
    expect((await client.query('select 1 as a')).rows).toEqual([{ a: '1' }]);
  });

  it('holds a transaction’s failure until it ends', async () => {
    const client = await connect();
    await client.query('begin');
    await expect(client.query('select nothing')).rejects.toMatchObject({ code: '42703' });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    expect((await client.query('commit')).command).toBe('ROLLBACK');
    await client.query("begin; set local timezone = 'Asia/Tokyo'");
    expect((await client.query('show timezone')).rows).toEqual([{ TimeZone: 'Asia/Tokyo' }]);
    expect((await client.query('commit')).command).toBe('COMMIT');
    expect((await client.query('show timezone')).rows).toEqual([{ TimeZone: 'UTC' }]);
  });
});

describe('the extended protocol', () => {
  it('takes values, and gives rows', async () => {
    const client = await connect();
    const { rows } = await client.query(
      'select id, price from ticks where id = $1 and price > $2 and note = $3 limit $4',
      [7, '0.5', 'n7', 2],
    );
    expect(rows).toEqual([
      { id: '7', price: '0.8750' },
      { id: '7', price: '0.8750' },
    ]);
    const none = await client.query('select id from ticks where note = $1', [null]);
    expect(none.rows).toEqual([]);
    expect(none.fields.map(({ dataTypeID }) => dataTypeID)).toEqual([23]);
  });

  it('keeps a prepared statement, and refuses what there is not', async () => {
    const client = await connect();
    const named = (id: number) =>
      client.query({
        name: 'by id',
        text: 'select count(*) from ticks where id = $1',
        values: [id],
      });
    expect((await named(1)).rows).toEqual([{ count: '3' }]);
    expect((await named(1000)).rows).toEqual([{ count: '0' }]);
    await client.query('deallocate "by id"');
    await expect(named(1)).rejects.toMatchObject({ code: '26000' });
  });
});

describeOn('pg_dump', 'psql', () => {
  it('shows rows, and what is wrong with a statement', async () => {
    const shown = await psql(daemon, [
      '-c',
      'select id, price from ticks where id < 3 order by ts limit 2',
    ]);
    expect(shown).toEqual({
      code: 0,
      stderr: '',
      stdout: ' id | price  \n----+--------\n  1 | 0.1250\n  2 | 0.2500\n(2 rows)\n\n',
    });
    const refused = await psql(daemon, ['-c', 'delete from ticks']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^ERROR: {2}cannot execute DELETE in a read-only transaction\nHINT: {2}tierd answers questions only\./,
    );
  });
});

/** As libpq does, on connections of their own; again until it is answered, for the question may not have begun. */
async function cancel(client: pg.Client, asked: Promise<unknown>): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const request = Buffer.alloc(16);
  for (const [at, value] of [16, 80_877_102, processID, secretKey].entries()) {
    request.writeInt32BE(value, at * 4);
  }
  let isAnswered = false;
  void asked.catch(() => {
    isAnswered = true;
  });
  await expect
    .poll(async () => {
      const socket = createConnection({ host: '127.0.0.1', port: daemon.port });
      await new Promise((resolve) => socket.end(request, () => socket.once('close', resolve)));
      return isAnswered;
    })
    .toBe(true);
}
