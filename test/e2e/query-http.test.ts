/** `POST /v1/query` of a real daemon: what it answers, whom, and what nobody gets out of it. */
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TIERD } from '../support/cli.ts';
import { directoryWith } from '../support/config-file.ts';
import { PATIENCE, whenServing } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  type Answered,
  endHttpDaemon,
  fetchWithToken,
  type HttpDaemon,
  lakeDigest,
  SECRET,
  startHttpDaemon,
  TOKENS,
  WITH_TOKENS,
} from '../support/http-daemon.ts';
import { startTierd } from '../support/workspace.ts';

let database: TestDatabase;
let daemon: HttpDaemon;
let directory: string;
let origin: string;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz not null, id int not null, note text)');
  await database.query('create index on ticks (ts)');
  await database.query(
    `insert into ticks
     select date_trunc('day', now(), 'UTC') - d * interval '24 hours' + n * interval '1 minute', n, 'n' || n
     from unnest(array[3, 40, 41]) d, generate_series(1, 100) n`,
  );
  daemon = await startHttpDaemon(database, {
    sections: `
query: { concurrency: 1, queue: 1, timeout: 8s, max_result: 4MB, max_memory: 600MB }
${WITH_TOKENS}`,
    datasets: '  ticks: { time_column: ts }',
  });
  ({ origin, directory } = daemon);
});

afterAll(() => endHttpDaemon(daemon));

const post = (body: unknown, headers: Record<string, string> = {}): Promise<Answered> =>
  fetchWithToken(`${origin}/v1/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const ask = (
  sql: string,
  more: object = {},
  headers: Record<string, string> = {},
): Promise<Answered> => post({ sql, ...more }, headers);

const ENDLESS = 'select count(*) from range(1000000) a(i), range(1000000) b(j) where hash(i+j) = 0';

async function figure(name: string): Promise<number> {
  const response = await fetch(`${origin}/metrics`, {
    headers: { authorization: `Bearer ${TOKENS.status}` },
  });
  const line = (await response.text()).split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}

const running = (): Promise<number> => figure('tierd_queries{state="running"}');

describe('a query over HTTP', () => {
  it('is answered over hot and cold, and says of what', async () => {
    const { status, headers, text } = await ask('select count(*) as n from ticks where id > $1', {
      params: ['50'],
    });
    expect({ status, text }).toEqual({ status: 200, text: '[\n{"n":150}\n]\n' });
    expect(headers.get('tierd-snapshot')).toMatch(/^\d+\.\d+\./);
    expect(headers.get('tierd-segments-read')).toBe('2');
    // So few are brought over as they are.
    expect(headers.get('tierd-hot-rows')).toBe('50');
    expect(headers.get('tierd-rows')).toBe('1');
    expect(Number(headers.get('tierd-elapsed-ms'))).toBeGreaterThan(0);
  });

  it.each([
    ['csv', 'text/csv', 'id\r\n7\r\n'],
    ['ndjson', 'application/x-ndjson', '{"id":7}\n'],
    ['parquet', 'application/vnd.apache.parquet', 'PAR1'],
    // What each message of a stream begins with, read as UTF-8.
    ['arrow', 'application/vnd.apache.arrow.stream', '\uFFFD\uFFFD\uFFFD\uFFFD'],
  ])('comes as %s, by its name or by Accept', async (format, type, begin) => {
    const sql = 'select id from ticks where id = 7 limit 1';
    const chosen = await ask(sql, { format }, { accept: 'text/html' });
    const accepted = await ask(sql, {}, { accept: `image/png, ${type};q=0.9` });
    for (const { status, headers, text } of [chosen, accepted]) {
      expect(status, text).toBe(200);
      expect(headers.get('content-type')).toContain(type);
      expect(text.startsWith(begin)).toBe(true);
    }
  });

  it('that nobody can write is not promised', async () => {
    const { status, text } = await ask('select 1', {}, { accept: 'text/html' });
    expect(status).toBe(406);
    expect(text).toContain('application/vnd.apache.arrow.stream');
  });

  it('comes whole, however long, or visibly not', async () => {
    const { text } = await ask('select i from range(300000) t(i)', { format: 'csv' });
    expect(text.split('\r\n')).toHaveLength(300_002);
    await expect(ask('select i from range(3000000) t(i)', { format: 'csv' })).rejects.toThrow();
    await expect(
      ask("select case when i = 400000 then error('late') else i end from range(500000) t(i)"),
    ).rejects.toThrow();
  });

  it('that takes too long, or too much, is ended with the key that bounds it', async () => {
    const late = await ask(ENDLESS);
    expect(late.status).toBe(504);
    expect(late.text).toContain('query.timeout');
    const large = await ask("select length(repeat('x', 1000000000))");
    expect(large.status).toBe(422);
    expect(JSON.parse(large.text)).toMatchObject({ code: 'QUERY_TOO_LARGE', status: 422 });
    const parquet = await ask(
      'select repeat(i::varchar || hash(i)::varchar, 9) from range(300000) t(i)',
      {
        format: 'parquet',
      },
    );
    expect(parquet.text).toContain('query.max_result');
    // While it is written, not once it is whole: this one never is.
    const endless = await ask('select hash(i) as h, hash(-i) as g from range(1000000000000) t(i)', {
      format: 'parquet',
    });
    expect(endless.text).toContain('query.max_result');
  });

  it('waits for its turn, and is sent away where too many wait', async () => {
    const first = ask(ENDLESS);
    await expect.poll(running, PATIENCE).toBe(1);
    const second = ask('select 2 as n');
    await expect.poll(() => figure('tierd_queries{state="waiting"}'), PATIENCE).toBe(1);
    const third = await ask('select 3');
    expect(third.status).toBe(503);
    expect(third.headers.get('retry-after')).toBe('1');
    expect((await first).status).toBe(504);
    expect(await second).toMatchObject({ status: 200, text: '[\n{"n":2}\n]\n' });
    expect(await running()).toBe(0);
  });

  it('ends when whoever asked is gone', async () => {
    const url = new URL(origin);
    const socket = connect(Number(url.port), url.hostname);
    const body = JSON.stringify({ sql: ENDLESS });
    socket.write(
      `POST /v1/query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer ${TOKENS.query}\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`,
    );
    await expect.poll(running, PATIENCE).toBe(1);
    const failed = await figure('tierd_queries_total{outcome="failed"}');
    socket.destroy();
    await expect.poll(running, { timeout: 5_000, interval: 50 }).toBe(0);
    expect(await figure('tierd_queries_total{outcome="failed"}')).toBe(failed + 1);
  });

  it('is answered from memory as long as the answer is the same, and says so', async () => {
    for (let n = 0; n < 2; n += 1) {
      const { headers } = await ask('select count(*) as n from ticks where ts < now()');
      expect(headers.get('tierd-cache')).toBe('miss');
    }
    // Of a time that has no hot rows: what is written elsewhere does not change it.
    const still = async (format: string): Promise<Answered> =>
      ask('select count(*) as n, min(id) as a from ticks where ts < $1', {
        params: [new Date(Date.now() - 20 * 86_400_000).toISOString().slice(0, 10)],
        format,
      });
    const first = await still('json');
    expect(first).toMatchObject({ status: 200, text: '[\n{"n":200,"a":1}\n]\n' });
    expect(first.headers.get('tierd-cache')).toBe('miss');
    await database.query('create table elsewhere as select 1 as n');
    const again = await still('json');
    expect(again.text).toBe(first.text);
    expect(again.headers.get('tierd-cache')).toBe('hit');
    for (const name of ['content-type', 'tierd-snapshot', 'tierd-segments-read', 'tierd-rows']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect((await still('parquet')).headers.get('tierd-cache')).toBe('miss');
    const parquet = await still('parquet');
    expect([parquet.headers.get('tierd-cache'), parquet.text.slice(0, 4)]).toEqual(['hit', 'PAR1']);
    await database.query("insert into ticks values (now() - interval '40 days', 0, 'late')");
    const changed = await still('json');
    expect(changed.text).toBe('[\n{"n":201,"a":0}\n]\n');
    expect(changed.headers.get('tierd-cache')).toBe('miss');
    await database.query('delete from ticks where id = 0');
    expect((await still('json')).text).toBe(first.text);
  });

  it('is described', async () => {
    const document = (await (await fetch(`${origin}/openapi.json`)).json()) as {
      paths: Record<string, { post: object }>;
    };
    expect(document.paths['/v1/query']?.post).toMatchObject({
      security: [{ token: ['query'] }],
      requestBody: {
        content: { 'application/json': { schema: { required: ['sql'], properties: { sql: {} } } } },
      },
      responses: { 200: { content: { 'application/vnd.apache.parquet': {} } } },
    });
  });
});

describe('whoever means harm', () => {
  const segment = (): string => join(directory, 'lake', 'cold_storage', segmentsOf()[0] ?? '');
  const segmentsOf = (): string[] =>
    readdirSync(join(directory, 'lake', 'cold_storage'), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.parquet'));

  it('is refused with 4xx, and the lake stays as it is to the byte', async () => {
    const before = lakeDigest(daemon);
    const link = join(directory, 'link.parquet');
    symlinkSync(segment(), link);
    const out = join(directory, 'lake', 'stolen');
    const attacks = [
      `copy (select 1) to '${out}'`,
      `copy ticks to '${out}' (format parquet)`,
      `attach '${out}' as a`,
      `attach '${database.url}' as p (type postgres)`,
      `export database '${out}'`,
      'install httpfs',
      'load httpfs',
      'pragma database_list',
      "set memory_limit = '100GB'",
      'reset memory_limit',
      'select 1; select 2',
      'select 1; drop view ticks',
      'create table t as select 1',
      'drop view ticks',
      'insert into ticks select 1',
      'delete from ticks',
      'update ticks set id = 1',
      'call pragma_version()',
      'checkpoint',
      'begin',
      'prepare p as select 1',
      'use hot_rows',
      'vacuum',
      `select * from read_text('/etc/passwd')`,
      `select * from read_blob('${segment()}')`,
      `select * from read_csv('/proc/self/environ')`,
      `select * from read_csv_auto('/etc/passwd')`,
      `select * from '/etc/passwd'`,
      `select * from read_parquet('${segment()}')`,
      `select * from parquet_scan('${segment()}')`,
      `select * from '${segment()}'`,
      `select * from "${link}"`,
      `select * from '${directory}/lake/../lake/cold_storage/**/*.parquet'`,
      `select * from '../../etc/passwd.csv'`,
      `select * from glob('/etc/*')`,
      `select * from query('select 1')`,
      `select * from query_table('${segment()}')`,
      `select * from read_json('http://127.0.0.1:1/x')`,
      `select * from 'http://127.0.0.1:1/x.parquet'`,
      `select * from 's3://bucket/x.parquet'`,
      `select * from sqlite_scan('/tmp/x', 't')`,
      `select * from duckdb_settings()`,
      `select * from duckdb_secrets()`,
      `select * from parquet_metadata('${segment()}')`,
      `select getenv('SECRET_OF_TESTS')`,
      `select * from nowhere."; drop table ticks; --"`,
      `select "${'x'.repeat(5_000)}" from ticks`,
      `with recursive r as (select 1 as i union all select i + 1 from r) select sum(i) from r`,
      '\u0000',
      ';'.repeat(1_000),
      `select ${'('.repeat(20_000)}1${')'.repeat(20_000)}`,
      `select ${'-'.repeat(3)}`,
    ];
    for (const sql of attacks) {
      const { status, text } = await ask(sql);
      const expected = sql.startsWith('with recursive') ? [422, 504] : [400, 403, 422];
      expect(expected, `${sql.slice(0, 120)}: ${String(status)} ${text.slice(0, 300)}`).toContain(
        status,
      );
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain('root:');
      expect(text).not.toMatch(/\n\s+at /);
    }
    expect(lakeDigest(daemon)).toBe(before);
    expect((await ask('select count(*) as n from ticks')).text).toBe('[\n{"n":300}\n]\n');
  });

  it('gets nothing without the right token', async () => {
    const body = { sql: 'select 1' };
    const shown: [string | undefined, number][] = [
      [undefined, 401],
      ['', 401],
      ['Bearer ', 401],
      [`Bearer ${TOKENS.query}x`, 401],
      [`Bearer ${TOKENS.query.slice(0, -1)}`, 401],
      [`Basic ${TOKENS.query}`, 401],
      [`Bearer ${TOKENS.status}`, 403],
      [`Bearer ${TOKENS.control}`, 403],
      [`Bearer ${TOKENS.status}, Bearer ${TOKENS.query}`, 401],
    ];
    for (const [authorization, status] of shown) {
      const response = await fetch(`${origin}/v1/query`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-forwarded-for': '127.0.0.1',
          'x-http-method-override': 'GET',
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: JSON.stringify(body),
      });
      expect([authorization, response.status]).toEqual([authorization, status]);
    }
    expect((await fetch(`${origin}/v1/query?sql=select+1`)).status).toBe(404);
  });

  it.each<[string, unknown, Record<string, string>, number]>([
    ['no JSON', '{"sql": ', {}, 400],
    ['no object', '"select 1"', {}, 400],
    ['a form', 'sql=select+1', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a text', 'select 1', { 'content-type': 'text/plain' }, 400],
    ['no query', {}, {}, 400],
    ['another key', { sql: 'select 1', file: '/etc/passwd' }, {}, 400],
    ['another format', { sql: 'select 1', format: 'table' }, {}, 400],
    ['a parameter that is no value', { sql: 'select $1', params: [{ a: 1 }] }, {}, 400],
    ['an integer that JSON rounds', '{"sql": "select $1", "params": [9007199254740993]}', {}, 400],
    ['a number beyond all', '{"sql": "select $1", "params": [1e400]}', {}, 400],
    ['a prototype', '{"sql": "select 1", "__proto__": {"format": "csv"}}', {}, 400],
    ['too much', { sql: `select '${'x'.repeat(300 * 1024)}'` }, {}, 413],
  ])('and sends %s is told so', async (_, body, headers, status) => {
    const answer = await post(body, headers);
    expect(answer.status, answer.text).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
});

it('the daemon lets a query come to its end before it stops', async () => {
  const other = directoryWith({
    'unified_config.yaml': readFileSync(daemon.config, 'utf8')
      .replace('path: lake', `path: ${daemon.lake}`)
      .replace('temp_dir: spill', `temp_dir: ${join(directory, 'spill')}`),
  });
  const second = startTierd(process.execPath, [TIERD, 'run'], other);
  const place = await whenServing(second);
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${TOKENS.query}`,
  };
  const asking = fetch(`${place}/v1/query`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ sql: 'select count(*) as n from ticks' }),
  });
  await expect
    .poll(async () => (await fetch(`${place}/metrics`, { headers })).text(), {
      ...PATIENCE,
      interval: 20,
    })
    .toMatch(/tierd_queries\{state="running"\} 1|outcome="answered"\} 1/);
  second.child.kill('SIGTERM');
  expect(await (await asking).text()).toBe('[\n{"n":300}\n]\n');
  expect(await second.ended, second.stderr()).toBe(0);
});
