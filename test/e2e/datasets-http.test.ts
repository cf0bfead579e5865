/** `GET /v1/datasets…` of a real daemon: what it answers, in which words, and what nobody gets out of it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
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

const SYMBOL = `b'; drop table "ticks"; --`;

let daemon: HttpDaemon;
let directory: string;
let origin: string;

beforeAll(async () => {
  const database = await createTestDatabase();
  await database.query(
    `create table ticks (ts timestamptz not null, symbol text not null, price numeric(20,8), volume bigint,
                         "limit" int, note jsonb, primary key (symbol, ts));
     create table "we""ird / ?" ("t i" timestamptz not null, "a,b" text)`,
  );
  await database.query(
    `insert into ticks
     select date_trunc('day', now(), 'UTC') - d * interval '24 hours' + n * interval '1 minute', s, n, n * 10, n % 7, '{"n": 1}'
     from unnest(array[3, 40, 41]) d, generate_series(1, 100) n, unnest(array['a', $1]) s`,
    [SYMBOL],
  );
  await database.query(`insert into "we""ird / ?" values (now(), 'x,y')`);
  daemon = await startHttpDaemon(database, {
    sections: `
query: { concurrency: 2, queue: 8, timeout: 20s, max_result: 4MB, max_memory: 600MB }
${WITH_TOKENS}`,
    datasets: `
  ticks: { time_column: ts, sort_by: [symbol, ts] }
  weird: { table: 'public."we""ird / ?"', time_column: t i }
  gone: { table: public.never_was, time_column: ts }
`,
    rotated: ['ticks'],
  });
  ({ origin, directory } = daemon);
});

afterAll(() => endHttpDaemon(daemon));

const get = (path: string, headers: Record<string, string> = {}): Promise<Answered> =>
  fetchWithToken(`${origin}${path}`, { headers });

const search = (parameters: Record<string, string>): string =>
  new URLSearchParams(parameters).toString();

const day = (ago: number): string =>
  new Date(Math.floor(Date.now() / 86_400_000 - ago) * 86_400_000).toISOString();

describe('what can be asked', () => {
  it('is listed with both types of each column, the key, and where the rows are', async () => {
    const { status, text, headers } = await get('/v1/datasets');
    expect(status, text).toBe(200);
    expect(headers.get('tierd-snapshot')).toMatch(/^\d+\.\d+\./);
    const { datasets } = JSON.parse(text) as { datasets: Record<string, unknown>[] };
    expect(datasets).toHaveLength(3);
    expect(datasets.find(({ dataset }) => dataset === 'ticks')).toMatchObject({
      error: null,
      time_column: 'ts',
      time_kind: 'timestamptz',
      unique_key: ['symbol', 'ts'],
      columns: expect.arrayContaining([
        { name: 'price', postgres_type: 'numeric(20,8)', type: 'DECIMAL(20,8)' },
        { name: 'note', postgres_type: 'jsonb', type: 'JSON' },
      ]) as unknown,
      hot: { rows: 200, oldest: day(3).replace('00:00.000Z', '01:00.000Z') },
      cold: { rows: 400, segments: 2, oldest: day(41).replace('00:00.000Z', '01:00.000Z') },
    });
    expect(datasets.find(({ dataset }) => dataset === 'gone')).toMatchObject({
      error: expect.stringContaining('never_was') as unknown,
      columns: [],
    });
  });
});

describe('rows', () => {
  it('come page by page, with where the next one begins', async () => {
    const first = await get(`/v1/datasets/ticks/rows?symbol=a&limit=250&columns=ts,price`);
    expect(first.status, first.text).toBe(200);
    const rows = JSON.parse(first.text) as Record<string, unknown>[];
    expect(rows).toHaveLength(250);
    expect(Object.keys(rows[0] ?? {})).toEqual(['ts', 'price']);
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'tierd-rows': '250',
      'tierd-segments-read': '2',
      'tierd-segments': '2',
      'tierd-cold-rows': '400',
      'tierd-hot-rows': '100',
    });
    const cursor = first.headers.get('tierd-next-cursor') ?? '';
    const next = await get(
      `/v1/datasets/ticks/rows?symbol=a&limit=250&columns=ts,price&cursor=${cursor}`,
    );
    expect(JSON.parse(next.text)).toHaveLength(50);
    expect(next.headers.get('tierd-next-cursor')).toBeNull();
  });

  it('of a column that is called as a parameter is, and of a value that looks like SQL', async () => {
    const { text, status } = await get(
      `/v1/datasets/ticks/rows?${search({ symbol: SYMBOL, 'eq.limit': '3', limit: '1', from: day(5), to: day(1) })}`,
    );
    expect(status, text).toBe(200);
    expect(JSON.parse(text)).toEqual([expect.objectContaining({ symbol: SYMBOL, limit: 3 })]);
    const weird = await get(`/v1/datasets/weird/rows?${search({ 'a,b': 'x,y' })}`);
    expect(JSON.parse(weird.text)).toHaveLength(1);
  });

  it.each([
    ['csv', 'text/csv', 'price\r\n1.00000000\r\n'],
    ['ndjson', 'application/x-ndjson', '{"price":1.00000000}\n'],
    ['json', 'application/json', '[\n{"price":1.00000000}\n]\n'],
    ['parquet', 'application/vnd.apache.parquet', 'PAR1'],
    ['arrow', 'application/vnd.apache.arrow.stream', '\uFFFD\uFFFD\uFFFD\uFFFD'],
  ])(
    'come as %s, by ?format or by Accept, and so say their next page',
    async (format, type, begin) => {
      const path = `/v1/datasets/ticks/rows?columns=price&limit=1`;
      const chosen = await get(`${path}&format=${format}`, { accept: 'text/html' });
      const accepted = await get(path, {
        accept: `image/png, ${type};q=0.9, application/json;q=0.1`,
      });
      for (const { status, headers, text } of [chosen, accepted]) {
        expect(status, text).toBe(200);
        expect(headers.get('content-type')).toContain(type);
        expect(text.startsWith(begin)).toBe(true);
        expect(headers.get('tierd-next-cursor')).not.toBeNull();
      }
      expect(chosen.headers.get('tierd-next-cursor')).toBe(
        accepted.headers.get('tierd-next-cursor'),
      );
    },
  );

  it('that nobody can write are not promised', async () => {
    const { status, text } = await get('/v1/datasets/ticks/rows', { accept: 'text/html' });
    expect(status).toBe(406);
    expect(text).toContain('application/x-ndjson');
  });
});

describe('the other questions', () => {
  it('the latest rows, the newest first', async () => {
    const { text } = await get('/v1/datasets/ticks/latest?symbol=a&limit=2&columns=price');
    expect(JSON.parse(text)).toEqual([{ price: 100 }, { price: 99 }]);
  });

  it('bars of one column, and of half-open times', async () => {
    const { text, status } = await get(
      `/v1/datasets/ticks/bars?${search({ symbol: 'a', price: 'price', timeframe: '1h', from: day(3), to: day(2) })}`,
    );
    expect(status, text).toBe(200);
    expect(JSON.parse(text)).toEqual([
      expect.objectContaining({ open: 1, high: 59, low: 1, close: 59, rows: 59 }),
      expect.objectContaining({ open: 60, high: 100, low: 60, close: 100, rows: 41 }),
    ]);
  });

  it('figures of groups', async () => {
    const { text, status } = await get(
      '/v1/datasets/ticks/aggregate?by=symbol&fn=count,sum(volume)&fn=max(price)&symbol=a',
    );
    expect(status, text).toBe(400);
    const apart = await get(
      '/v1/datasets/ticks/aggregate?by=symbol&fn=count,sum(volume),max(price)&symbol=a',
    );
    expect(JSON.parse(apart.text)).toEqual([
      { symbol: 'a', count: 300, sum_volume: 151500, max_price: 100 },
    ]);
  });
});

describe('whoever means harm, or is wrong', () => {
  it.each<[string, number, RegExp]>([
    ['/v1/datasets/tiks/rows', 404, /Did you mean ticks\? There are ticks, weird, gone/],
    ['/v1/datasets/gone/rows', 404, /no table/],
    ['/v1/datasets/ticks/rows?symbl=a', 400, /Did you mean symbol\?/],
    ['/v1/datasets/ticks/rows?columns=nothing', 400, /Its columns are ts, symbol/],
    ['/v1/datasets/ticks/rows?order=sideways', 400, /asc/],
    ['/v1/datasets/ticks/rows?format=xml', 400, /parquet/],
    ['/v1/datasets/ticks/rows?limit=100001', 400, /limit/],
    ['/v1/datasets/ticks/rows?limit=0', 400, /limit/],
    ['/v1/datasets/ticks/rows?limit=1e99', 400, /limit/],
    ['/v1/datasets/ticks/rows?limit=all', 400, /limit/],
    ['/v1/datasets/ticks/rows?limit=5&limit=6', 400, /limit/],
    ['/v1/datasets/ticks/latest?limit=10001', 400, /limit/],
    ['/v1/datasets/ticks/bars?symbol=a&timeframe=7m&price=price', 400, /15m/],
    ['/v1/datasets/ticks/bars?symbol=a', 400, /price=/],
    ['/v1/datasets/ticks/aggregate', 400, /fn/],
    ['/v1/datasets/ticks/aggregate?fn=median(price)', 400, /count_distinct/],
    ['/v1/datasets/ticks', 404, /openapi/],
  ])('is told what there is: %s', async (path, status, expected) => {
    const answer = await get(path);
    expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(expected)]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('is refused with 4xx, and the lake stays as it is to the byte', async () => {
    const before = lakeDigest(daemon);
    const segment = readdirSync(join(directory, 'lake'), { recursive: true })
      .map(String)
      .find((name) => name.endsWith('.parquet'));
    const names = [
      '..',
      '../..',
      '../../etc/passwd',
      '/etc/passwd',
      `${directory}/lake/${String(segment)}`,
      'ticks"; drop table ticks; --',
      "ticks' or '1'='1",
      'main"."ticks',
      'hot.ticks',
      'read_text(\u0027/etc/passwd\u0027)',
      'pg_catalog.pg_authid',
      '\u0000',
      '\u202e',
      '__proto__',
      'constructor',
      'x'.repeat(90),
    ];
    const paths = names.flatMap((name, index) => {
      const hostile = encodeURIComponent(name);
      return [
        `/v1/datasets/${hostile}/rows`,
        `/v1/datasets/ticks/rows?${hostile}=1`,
        `/v1/datasets/ticks/rows?eq.${hostile}=1`,
        `/v1/datasets/ticks/rows?columns=${hostile}`,
        `/v1/datasets/ticks/aggregate?fn=sum(${hostile})`,
        `/v1/datasets/ticks/rows?from=${hostile}`,
        `/v1/datasets/ticks/rows?cursor=${hostile}`,
        `/v1/datasets/ticks/rows?volume=${hostile}`,
        `/v1/datasets/ticks/bars?symbol=a&price=${hostile}`,
        `/v1/datasets/ticks/bars?symbol=a&price=price&timeframe=1d&tz=${hostile}`,
      ].filter((_, at) => at === 1 || (at + index) % 4 === 0);
    });
    // Two at a time, as may run.
    const work = async (mine: readonly string[]): Promise<void> => {
      for (const path of mine) {
        const { status, text } = await get(path);
        expect(
          [400, 403, 404, 414, 422],
          `${path}: ${String(status)} ${text.slice(0, 200)}`,
        ).toContain(status);
        expect(text).not.toContain(SECRET);
        expect(text).not.toContain('root:');
        expect(text).not.toMatch(/\n\s+at /);
      }
    };
    const half = Math.ceil(paths.length / 2);
    await Promise.all([work(paths.slice(0, half)), work(paths.slice(half))]);
    // A value is a value, whatever it says.
    for (const name of names.filter((one) => one !== '\u0000')) {
      const { status, text } = await get(`/v1/datasets/ticks/rows?${search({ symbol: name })}`);
      expect([status, text]).toEqual([200, '[]\n']);
    }
    expect(lakeDigest(daemon)).toBe(before);
    const { text } = await get('/v1/datasets/ticks/aggregate?fn=count');
    expect(JSON.parse(text)).toEqual([{ count: 600 }]);
  }, 300_000);

  it('gets nothing without the right token, by whatever header', async () => {
    const tricks: [Record<string, string>, number][] = [
      [{ authorization: '' }, 401],
      [{ authorization: `Bearer ${TOKENS.query}x` }, 401],
      [{ authorization: `Basic ${TOKENS.query}` }, 401],
      [{ authorization: `Bearer ${TOKENS.status}` }, 403],
      [{ authorization: `Bearer ${TOKENS.control}` }, 403],
      [{ authorization: `Bearer ${TOKENS.status}`, 'x-http-method-override': 'POST' }, 403],
      [{ authorization: `Bearer ${TOKENS.status}`, 'x-original-url': '/healthz' }, 403],
      [{ authorization: `Bearer ${TOKENS.status}`, 'x-forwarded-for': '127.0.0.1' }, 403],
      [{ authorization: `Bearer ${TOKENS.status}`, cookie: `token=${TOKENS.query}` }, 403],
    ];
    for (const path of [
      '',
      '/ticks/rows',
      '/ticks/latest',
      '/ticks/bars',
      '/ticks/aggregate?fn=count',
    ]) {
      for (const [headers, status] of tricks) {
        const answer = await get(`/v1/datasets${path}`, headers);
        expect([path, headers, answer.status]).toEqual([path, headers, status]);
      }
      expect(
        (await get(`/v1/datasets${path}?token=${TOKENS.query}`, { authorization: '' })).status,
      ).toBe(401);
      const posted = await fetch(`${origin}/v1/datasets${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKENS.query}` },
      });
      expect(posted.status).toBe(404);
    }
  });
});

it('all of it is described', async () => {
  const { paths } = (await (await fetch(`${origin}/openapi.json`)).json()) as {
    paths: Record<string, { get: { parameters: { name: string; required: boolean }[] } }>;
  };
  const parameters = paths['/v1/datasets/{dataset}/aggregate']?.get.parameters ?? [];
  expect(parameters.filter(({ required }) => required).map(({ name }) => name)).toEqual([
    'dataset',
    'fn',
  ]);
  expect(parameters.map(({ name }) => name)).toContain('equals');
  expect(paths['/v1/datasets']?.get).toMatchObject({ security: [{ token: ['query'] }] });
});
