/**
 * What Grafana's PostgreSQL data source sends, over the face and to PostgreSQL, which has all rows in a table that was never
 * split. It asks by the simple protocol and makes its frames of the texts and types that come back: where these are
 * equal, its frames are.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  connectTo,
  type FaceDaemon,
  PASSWORD,
  startFaceDaemon,
  USER,
} from '../support/face-daemon.ts';
import { expandMacros, type Panel } from '../support/grafana-macros.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { describeOn, servers } from '../support/servers.ts';

const COLUMNS = `ts timestamptz not null, at timestamp, epoch bigint, id int not null, sensor text collate "C",
  "Room No" varchar(20) collate "C", price numeric(12,4), ratio float8, part real, volume bigint, small int2, ok bool, day date,
  clock time, span interval, u uuid, by bytea, j json, jb jsonb, ia int[], ta text[], ip inet, note text collate "C", c char(4)`;

/** Forty days up to yesterday: about a quarter of them goes to the lake. */
const ROWS = `
  select t, t at time zone 'UTC', extract(epoch from t)::bigint, n, 's' || n % 4, 'room ' || n % 3, n * 0.125, n / 7.0, n / 3.0,
    n * 1000000, n % 100, n % 3 = 0, t::date, '12:00'::time + n * interval '1 second', n * interval '1 minute', md5(n::text)::uuid,
    decode(md5(n::text), 'hex'), json_build_object('n', n), jsonb_build_object('n', n), array[n, null], array['a', null, 'b c'], '10.0.0.1',
    case when n % 5 > 0 then 'it''s ' || n end, 'c' || n % 9
  from (
    select n, date_trunc('day', now(), 'UTC') - interval '960 hours' + n * interval '37 minutes 1.25 seconds' as t
    from generate_series(1, 1560) n
  ) x`;

/** As the face has them. */
const SESSION =
  'timezone=UTC datestyle=ISO intervalstyle=postgres extra_float_digits=1 bytea_output=hex'
    .split(' ')
    .map((setting) => `-c ${setting}`)
    .join(' ');

const DAY = 86_400_000;
const PANEL: Panel = {
  from: new Date(Date.now() - 38 * DAY),
  to: new Date(Date.now() - DAY),
  intervalMs: 3 * 3_600_000,
  timescale: false,
};

let database: TestDatabase;
let daemon: FaceDaemon;
let face: pg.Client;
let postgres: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase({ timescale: servers().timescale });
  await database.query(`create table ticks (${COLUMNS}); insert into ticks ${ROWS}`);
  await database.query('create table whole as table ticks');
  daemon = await startFaceDaemon(database, { datasets: '  ticks: { time_column: ts }' });
  const { rows } = await database.query('select count(*)::int as left from ticks');
  expect(rows).not.toEqual([{ left: 0 }]);
  expect(rows).not.toEqual([{ left: 1560 }]);
  const types = { getTypeParser: () => (value: unknown) => value } as never;
  postgres = new pg.Client({ connectionString: database.url, options: SESSION, types });
  await postgres.connect();
  face = await connectTo(daemon);
});

afterAll(async () => {
  await Promise.all([postgres.end(), face.end()]);
  await endHttpDaemon(daemon);
});

/** All that a driver sees of an answer. */
async function ask(client: pg.Client | pg.Pool, text: string): Promise<unknown> {
  const config: pg.QueryArrayConfig = { text, rowMode: 'array' };
  const answer: unknown = await client.query(config);
  const results = (Array.isArray(answer) ? answer : [answer]) as readonly pg.QueryArrayResult[];
  return results.map(({ fields, rows, command }) => ({
    command,
    rows,
    fields: fields.map(({ name, dataTypeID, dataTypeSize, dataTypeModifier, format }) => ({
      name,
      dataTypeID,
      dataTypeSize,
      dataTypeModifier,
      format,
    })),
  }));
}

async function expectAlike(sql: string): Promise<void> {
  const expected = await ask(postgres, sql.replaceAll('ticks', 'whole'));
  expect(await ask(face, sql)).toEqual(expected);
  if (!sql.endsWith('/* of none */')) {
    expect(expected, 'nothing is compared').not.toEqual([expect.objectContaining({ rows: [] })]);
  }
}

/** Time goes by TimescaleDB's buckets where the data source is told that it is there. */
const BY_TIME = [
  `select $__timeGroupAlias(ts,'1h'), avg(price) as value from ticks where $__timeFilter(ts) group by 1 order by 1`,
  `select $__timeGroupAlias(ts,$__interval), sensor as metric, avg(price) as value, max(volume) from ticks where $__timeFilter(ts) group by 1, 2 order by 1, 2`,
  `select $__timeGroup("ts", '1d') as time, avg(price) from ticks where $__timeFilter("ts") group by 1 order by 1`,
  "select $__timeGroup(ts,'5m'), sum(price) as price from ticks where $__timeFilter(ts) group by time order by time",
  `select $__timeGroup(ts, '1h', 0), sum(ratio) from ticks where $__timeFilter(ts) group by time order by time`,
  'select $__timeGroupAlias(ts, 1h, NULL), min(ratio), max(part), sum(small) from ticks where $__timeFilter(ts) group by 1 order by 1',
  'select $__timeGroupAlias(ts, 1d, previous), count(*) from ticks group by 1 order by 1',
  `select $__timeGroupAlias(ts, '30d'), count(*) from ticks group by 1 order by 1`,
  `select $__timeGroupAlias(ts, '2w'), count(*) from ticks group by 1 order by 1`,
  `select $__timeGroupAlias(ts, '200ms'), count(*) from ticks group by 1 order by 1`,
  `select $__timeGroupAlias(at, '1h'), count(*) from ticks where $__timeFilter(at) group by 1 order by 1`,
  `select $__timeGroupAlias(day, '1d'), count(*) from ticks where $__timeFilter(day) group by 1 order by 1`,
  `select $__timeGroupAlias(ts,'1d'), sum(volume) filter (where sensor = 's1') as s1, sum(case when sensor = 's2' then price else 0 end) as s2 from ticks where $__timeFilter(ts) group by 1 order by 1`,
  `with a as (select $__timeGroupAlias(ts,'1d'), sum(price) as price from ticks where $__timeFilter(ts) group by 1) select time, price, sum(price) over (order by time) as running from a order by time`,
  `select max(price), $__timeGroupAlias(ts,'1d') from ticks where $__timeFilter(ts) and sensor = 'none' group by time order by time /* of none */`,
  'SELECT AVG(price), $__timeGroupAlias(ts, $__interval) FROM ticks WHERE $__timeFilter(ts) GROUP BY time ORDER BY time ASC LIMIT 50 ',
];

const PANELS = [
  `select $__unixEpochGroupAlias(epoch, '1h'), count(*) from ticks where $__unixEpochFilter(epoch) group by 1 order by 1`,
  'select $__unixEpochGroup(epoch, $__interval) as time, count(*) from ticks where epoch between $__unixEpochFrom() and $__unixEpochTo() group by 1 order by 1',
  `select $__unixEpochGroupAlias(epoch, '30d'), count(*) from ticks group by 1 order by 1`,
  `select $__unixEpochGroupAlias(epoch, '200ms'), count(*) from ticks group by 1 order by 1`,
  'select epoch * 1000000000 as time, price from ticks where $__unixEpochNanoFilter(epoch * 1000000000) order by 1',
  'select $__timeEpoch(ts), price from ticks where $__timeFilter(ts) order by 1',
  'select $__time(ts), price, note, sensor from ticks where $__timeFilter(ts) order by 1',
  'select ts as time, ratio from ticks where ts >= $__timeFrom()::timestamptz and ts < $__timeTo()::timestamptz order by time desc limit 10',
  'select (extract(epoch from ts)/300)::bigint*300 as time, avg(price) from ticks group by 1 order by 1',
  'select to_timestamp(floor(extract(epoch from ts)/($__interval_ms/1000.0))*($__interval_ms/1000.0)) as time, count(*) from ticks group by 1 order by 1',
  `select g as time, count(t.id) from generate_series($__timeFrom()::timestamptz, $__timeTo()::timestamptz, '1 day'::interval) g left join ticks t on t.ts >= g and t.ts < g + interval '1 day' group by g order by g`,
  'select * from ticks order by ts',
  'SELECT price, ts FROM ticks LIMIT 0 /* of none */',
];

/** The time of an alert is that of the server, in nanoseconds. */
const ALERTS = [
  `select count(*) from ticks where ts between '${PANEL.from.toISOString().replace('Z', '456789Z')}' and '${PANEL.to.toISOString().replace('Z', '9996Z')}'`,
  'select sensor, avg(price) as value from ticks where $__timeFilter(ts) group by sensor order by 1',
  `select count(*) from ticks where ts >= now() - '20 days'::interval`,
  `select coalesce(sum(price), 0) as value, max(ts) > now() - interval '2 d' as fresh from ticks where sensor = 's1'`,
];

/** What the editor writes of what was chosen in it. */
const BUILT = [
  `SELECT AVG(price) AS "avg price", sensor FROM public.ticks WHERE (price > 5 AND sensor = 's1') GROUP BY sensor ORDER BY sensor DESC LIMIT 50 `,
  `SELECT "Room No", COUNT(id) FROM "public"."ticks" WHERE "Room No" IN ('room 1', 'room 2') GROUP BY "Room No" ORDER BY "Room No" ASC LIMIT 50 `,
  `SELECT MAX(price), MIN(price), SUM(price), COUNT(*) FROM ticks WHERE (note LIKE '%1%' AND NOT (note LIKE '%2%') AND price BETWEEN 5 AND 100 AND note IS NOT NULL AND ok = true AND sensor NOT IN ('s3') AND price <> 6) `,
  `SELECT id FROM ticks WHERE ((note IS NULL OR ok = false) AND COALESCE(note, '') = '' AND ts >= '2020-01-01 00:00:00' AND clock > '12:00:05') ORDER BY id LIMIT 50 `,
];

const VARIABLES = [
  'select distinct sensor from ticks where $__timeFilter(ts) order by sensor',
  'select distinct "Room No" as __text, sensor as __value from ticks order by 1, 2',
  `select sensor from ticks where sensor like 's%' and sensor in ('s1','s2') group by 1 order by 1 limit 100`,
  `select distinct note from ticks where note ilike '%IT''S 1%' and id < 30 order by 1`,
];

const ANNOTATIONS = [
  'select extract(epoch from ts) as time, note as text, sensor as tags from ticks where $__timeFilter(ts) and id % 100 = 0 order by 1',
  `select extract(epoch from ts) as time, extract(epoch from ts + interval '1 hour') as timeend, note as text, concat_ws(',', sensor, "Room No") as tags from ticks where $__timeFilter(ts) and id % 100 = 0 order by 1`,
  `select floor(extract(epoch from ts) * 1000) as time, note as text from ticks where $__timeFilter(ts) and id % 100 = 0 order by 1`,
];

/** Beside the query itself: what it is closed with, what is noted in it, and several of them. */
const AROUND = [
  '-- what is there\nselect count(*) /* all */ from ticks;',
  `select count(*) from ticks /*application='grafana',dashboard='a%20b'*/`,
  'select id from ticks where id < 3 order by id; select id from ticks where id between 10 and 11 order by id',
  'select 1 as value',
  `select $__timeFrom()::timestamp as time, 1 as value, true as ok, null as none, 3.5 as number, 'x' as text`,
];

describe('a query of Grafana', () => {
  const all = [...BY_TIME, ...PANELS, ...ALERTS, ...BUILT, ...VARIABLES, ...ANNOTATIONS, ...AROUND];
  it.each(all)('%s', (sql) => expectAlike(expandMacros(sql, PANEL)));

  it.each(['-- ping', ';', ''])(
    'to see whether all is well, %j, has an empty answer',
    async (sql) => {
      expect(await ask(face, sql)).toEqual(await ask(postgres, sql));
    },
  );

  it.each([
    ['select nothing from ticks', '42703'],
    ['select 1 / 0 from ticks', '22012'],
    ['select from where', '42601'],
    ['select 1 from no_such_table', '42P01'],
  ])('%s is told as PostgreSQL tells it, and the session goes on', async (sql, code) => {
    const [ours, theirs] = await Promise.all(
      [face, postgres].map((client) =>
        client.query(sql.replaceAll('ticks', client === face ? 'ticks' : 'whole')).then(
          () => null,
          (error: unknown) => error as pg.DatabaseError,
        ),
      ),
    );
    expect(ours).toMatchObject({ code, message: theirs?.message });
    expect(await ask(face, 'select 1')).toEqual(await ask(postgres, 'select 1'));
  });
});

describeOn('timescale', 'a query of Grafana that knows of TimescaleDB', () => {
  const own = [
    `select time_bucket('1 day', ts, 'Europe/Berlin') as time, count(*) from ticks group by 1 order by 1`,
    `select time_bucket('1 month', ts) as time, time_bucket('1h', ts, '30m'::interval) as shifted, count(*) from ticks group by 1, 2 order by 1, 2`,
    `select time_bucket('$__interval', ts) as time, avg(price) from ticks group by time order by time`,
    `select time_bucket('1h', ts) as time, first(price, ts) as open, max(price) as high, min(price) as low, last(price, ts) as close from ticks where $__timeFilter(ts) group by 1 order by 1`,
  ];
  it.each([...BY_TIME, ...own])('%s', (sql) =>
    expectAlike(expandMacros(sql, { ...PANEL, timescale: true })),
  );
});

/** Which schemas a bare name is looked for in. */
const IN_PATH = `quote_ident(table_schema) in (
  select case when trim(path[n]) = '"$user"' then user else trim(path[n]) end
  from string_to_array(current_setting('search_path'), ',') path,
    generate_series(array_lower(string_to_array(current_setting('search_path'), ','), 1), array_upper(string_to_array(current_setting('search_path'), ','), 1)) as n)`;

const columnsOf = (table: string): string => `
  select quote_ident(column_name) as "column", data_type as "type" from information_schema.columns
  where case when array_length(parse_ident('${table}'), 1) = 2
    then quote_ident(table_schema) = (parse_ident('${table}'))[1] and quote_ident(table_name) = (parse_ident('${table}'))[2]
    else quote_ident(table_name) = '${table}' and ${IN_PATH} end
  order by ordinal_position`;

describe("what Grafana's editor asks", () => {
  it.each([
    ['the version', `select current_setting('server_version_num')::int / 100 as version`],
    [
      'TimescaleDB',
      `select count(*), max(extversion) from pg_extension where extname = 'timescaledb'`,
    ],
    [
      'databases',
      `select datname from pg_database where datistemplate = false and datname in ('postgres', current_database()) order by datname`,
    ],
    [
      'schemas',
      `select schema_name from information_schema.schemata where schema_name not in ('information_schema', 'pg_catalog', 'pg_toast') order by schema_name`,
    ],
    [
      'tables',
      `select case when ${IN_PATH} then quote_ident(table_name) else quote_ident(table_schema) || '.' || quote_ident(table_name) end as "table" from information_schema.tables where quote_ident(table_schema) not in ('information_schema', 'pg_catalog') order by case when ${IN_PATH} then 0 else 1 end, 1`,
    ],
    [
      'tables of a schema',
      `select quote_ident(table_name) as "table" from information_schema.tables where quote_ident(table_schema) = quote_ident('public') order by 1`,
    ],
    ['columns', columnsOf('ticks')],
    ['columns of a table of a schema', columnsOf('public.ticks')],
  ])('%s', async (_, sql) => {
    const expected = await ask(postgres, sql);
    expect(await ask(face, sql)).toEqual(expected);
    expect(expected).not.toEqual([expect.objectContaining({ rows: [] })]);
  });
});

it('all panels of a dashboard at once are answered, each over a connection of its own: those that are too many wait for their turn', async () => {
  // query.concurrency is 2 unless it is configured, and server.postgres.max_connections 64.
  const pool = new pg.Pool({
    host: '127.0.0.1',
    port: daemon.port,
    user: USER,
    password: PASSWORD,
    database: 'tierd',
    max: 48,
    types: { getTypeParser: () => (value: unknown) => value },
  });
  const panels = [...BY_TIME, ...BY_TIME, ...BY_TIME].map((sql) => expandMacros(sql, PANEL));
  const given = await Promise.all(panels.map((sql) => ask(pool, sql)));
  await pool.end();
  for (const [n, sql] of panels.entries()) {
    expect(given[n], sql).toEqual(await ask(postgres, sql.replaceAll('ticks', 'whole')));
  }
});
