/** The catalogue over the PostgreSQL face: what psql, Grafana and drivers ask of it, as PostgreSQL answers. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    `create table ticks (ts timestamptz not null, id int not null, price numeric(12,4) default 1.5, note varchar(20), primary key (id, ts));
     comment on column ticks.price is 'what it cost';
     create view dear as select * from ticks where price > 10;
     create table secrets (word text);
     create table pg_secrets (word text);
     create function leak() returns text language sql as 'select word from secrets'`,
  );
  daemon = await startFaceDaemon(database, { datasets: '  ticks: { time_column: ts }' });
});

afterAll(() => endHttpDaemon(daemon));

describeOn('pg_dump', 'psql', () => {
  it.each([
    '\\d',
    '\\dt',
    '\\d ticks',
    '\\d+ ticks',
    '\\d+ dear',
    '\\dn',
    '\\dT',
    '\\df public.*',
    '\\di+ ticks_pkey',
  ])('%s shows what it shows of PostgreSQL', async (command) => {
    const expected = await psqlAt(database.url, ['-c', command]);
    expect(expected.code).toBe(0);
    expect(await psql(daemon, ['-c', command])).toEqual(expected);
  });
});

async function both<T>(ask: (client: pg.Client) => Promise<T>): Promise<readonly [T, T]> {
  const direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  const client = await connectTo(daemon, { types: pg.types });
  try {
    return [await ask(client), await ask(direct)];
  } finally {
    await Promise.all([client.end(), direct.end()]);
  }
}

const told = ({ rows, fields, rowCount, command }: pg.QueryResult) => ({
  rows,
  fields,
  rowCount,
  command,
});

describe('the catalogue', () => {
  it.each([
    ['select relname, relkind from pg_catalog.pg_class where relname = $1', ['ticks']],
    ['select $1::regclass::oid as oid, pg_table_is_visible($1::regclass) as seen', ['ticks']],
    [
      'select column_name, data_type, numeric_precision from information_schema.columns where table_name = $1 order by ordinal_position',
      ['ticks'],
    ],
    ['select version()', []],
    ['select current_database(), current_schema()', []],
    ["select 1, -1 as less, 'it''s' as b, '', null as c", []],
    ["values (1, 'a'), (2, null)", []],
    ["select 7 / 2, 1.0 / 3, 'Straße' ~* '^strasse$', E'a\\tb'", []],
    ["select regexp_replace('foobarbaz', 'b(..)', 'X\\1Y', 'g'), to_char(0.1, '9.90')", []],
    ['select pg_advisory_unlock_all()', []],
    ["select name from pg_cursors where name = 'c'", []],
    ["select set_config('jit', 'off', false)", []],
    ['select $1::int + 1 as n, $2::text[] as list', [41, '{a,"b c"}']],
    ['with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) table t', []],
    [
      "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'ticks'::regclass and attnum > 0 order by attnum",
      [],
    ],
    [
      'select oid, typname, typarray from pg_type where oid = any($1::oid[]) order by oid',
      ['{23,1700}'],
    ],
  ])('%s is answered as PostgreSQL does', async (sql, values) => {
    const [given, expected] = await both((client) => client.query(sql, values).then(told));
    expect(given).toEqual(expected);
  });

  it('has the settings of the session, whatever those of the server are', async () => {
    const client = await connectTo(daemon);
    await client.query("set timezone = 'Asia/Tokyo'");
    const asked =
      "select '2024-01-02 03:04:05+00'::timestamptz as t, interval '26 hours 1 day' as i";
    expect((await client.query(asked)).rows).toEqual([
      { t: '2024-01-02 12:04:05+09', i: '1 day 26:00:00' },
    ]);
    await client.end();
  });

  it('is read some rows at a time, and by a cursor', async () => {
    const client = await connectTo(daemon);
    await client.query('begin');
    await client.query(
      'declare c cursor for select attname from pg_attribute where attrelid = 1259 and attnum between 1 and 3 order by attnum',
    );
    expect((await client.query('fetch 2 from c')).rows).toEqual([
      { attname: 'oid' },
      { attname: 'relname' },
    ]);
    expect((await client.query('fetch 2 from c')).rows).toEqual([{ attname: 'relnamespace' }]);
    await client.query('commit');
    await client.end();
  });

  it('tells what PostgreSQL says is wrong, and goes on', async () => {
    const client = await connectTo(daemon);
    await expect(client.query("select 'no_such'::regclass")).rejects.toMatchObject({
      code: '42P01',
    });
    await expect(client.query('select nothing from pg_class')).rejects.toMatchObject({
      code: '42703',
      position: '8',
    });
    expect((await client.query("select 'pg_class'::regclass::oid as oid")).rows).toEqual([
      { oid: '1259' },
    ]);
    await client.end();
  });

  it.each([
    ['select * from pg_catalog.pg_authid', '42501'],
    ['select passwd from pg_shadow', '42501'],
    ['select most_common_vals from pg_stats', '42501'],
    ['select * from pg_hba_file_rules()', '42501'],
    ['select * from pg_catalog.pg_hba_file_rules()', '42501'],
    ['select pg_stat_get_backend_activity(1)', '42501'],
    ['select query from pg_catalog.pg_stat_get_activity(null)', '42501'],
    ['select setting from pg_settings', '42501'],
    ["select current_setting('Primary_Conninfo')", '42501'],
    ["select current_setting('hba' || '_file')", '42501'],
    ['select * from pg_backend_memory_contexts', '42501'],
    ["select pg_read_file('/etc/passwd')", '0A000'],
    ["select query_to_xml('select * from secrets', true, true, '') from pg_class", '0A000'],
    ['select pg_sleep(10)', '0A000'],
    ["select repeat('x', 100000000)", '54000'],
    ["select 1, set_config('search_path', 'x', false)", '0A000'],
    ['select pg_terminate_backend(pid) from pg_locks', '0A000'],
    ['select c.relname from pg_class c, ticks', '0A000'],
    ["select set_config('search_path', 'x', false)", '0A000'],
  ])('gives nobody %s', async (sql, code) => {
    const client = await connectTo(daemon);
    await expect(client.query(sql)).rejects.toMatchObject({ code });
    await client.end();
  });

  it('tells what is no secret', async () => {
    const client = await connectTo(daemon);
    const { rows } = await client.query(
      "select current_setting('search_path') is null as path, pg_catalog.pg_table_is_visible(1259) as visible",
    );
    expect(rows).toEqual([{ path: 'f', visible: 't' }]);
    await client.end();
  });

  it('lets nobody read another table through it', async () => {
    const client = await connectTo(daemon);
    await expect(client.query('select s.word from pg_class c, secrets s')).rejects.toMatchObject(
      {},
    );
    await expect(client.query('select word from secrets')).rejects.toMatchObject({ code: '42P01' });
    await client.end();
  });
});
