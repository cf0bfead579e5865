import { describe, expect, it } from 'vitest';
import { TierdError } from '../../../src/domain/errors.ts';
import type { Survey } from '../../../src/domain/survey/survey.ts';
import type { ServerParts } from '../../../src/http/server.ts';
import { surveyOf } from '../../support/survey.ts';
import {
  AT,
  bearer,
  CONTROL,
  get,
  LEADING,
  open,
  post,
  QUERY,
  type Scene,
  SEEN,
  STATUS,
  TOKENS,
} from './scene.ts';

describe('reading', () => {
  it('/status shows who leads and what runs', async () => {
    const response = await get(open().server, '/status');
    expect(response.statusCode).toBe(200);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.json()).toMatchObject({
      version: '1.2.3',
      role: 'leader',
      leader: 'here:1',
      jobs: [
        {
          job: 'rotate',
          running: {
            run: '7',
            pid: 42,
            started_at: '1970-01-01T00:00:01.000Z',
            progress: { label: 'a day', done: 1, total: 2 },
          },
        },
      ],
    });
  });

  it('/status shows what is paused, since when and by whom', async () => {
    const pause = { since: AT, by: 'ann@here' };
    const paused = { jobs: { rotate: pause, gone: pause }, datasets: { ticks: pause } };
    const { server } = open([...LEADING, { kind: 'pauses', pauses: paused }]);
    expect((await get(server, '/status')).json()).toMatchObject({
      jobs: [{ job: 'rotate', paused: pause }],
      paused_datasets: [{ dataset: 'ticks', ...pause }],
    });
    expect((await get(open().server, '/status')).json()).toMatchObject({
      jobs: [{ paused: null }],
      paused_datasets: [],
    });
  });

  it('/readyz says no as long as nobody is known to lead, and what is missing', async () => {
    const ready = await get(open().server, '/readyz');
    expect(ready.statusCode).toBe(200);
    expect(ready.json()).toEqual({ ready: true, role: 'leader', leader: 'here:1', missing: [] });
    const starting = await get(open([]).server, '/readyz');
    expect(starting.statusCode).toBe(503);
    expect(starting.json()).toMatchObject({
      missing: ['the lease: not asked for yet', 'the stores: not looked at yet'],
    });
    const standby = open([SEEN, { kind: 'standing_by', leader: 'there:2' }]).server;
    expect((await get(standby, '/readyz')).json()).toMatchObject({
      ready: true,
      leader: 'there:2',
    });
    const lost = open([SEEN, { kind: 'lease_unknown', error: 'no answer', atMs: 4 }]).server;
    const refused = await get(lost, '/readyz');
    expect(refused.statusCode).toBe(503);
    expect(refused.json()).toMatchObject({ missing: ['the lease: no answer'] });
    expect((await get(lost, '/healthz')).statusCode).toBe(200);
  });

  it('/readyz says no when a store did not answer, or was not asked lately', async () => {
    const missing = async (survey: Survey): Promise<unknown> => {
      const { server } = open([
        { kind: 'surveyed', survey },
        { kind: 'leading', token: '3' },
      ]);
      const response = await get(server, '/readyz');
      expect(response.statusCode).toBe(503);
      return response.json<{ missing: unknown }>().missing;
    };
    const seen = surveyOf({ takenAt: 59_000 });
    const away = { reachable: false, error: 'refused' };
    expect(await missing({ ...seen, hot: { ...seen.hot, ...away } })).toEqual([
      'PostgreSQL: refused',
    ]);
    const live = seen.live === null ? null : { ...seen.live, ...away };
    expect(await missing({ ...seen, live })).toEqual(['Redis: refused']);
    expect(await missing({ ...seen, takenAt: 29_000 })).toEqual([
      'the stores: last looked at 31 s ago',
    ]);
  });

  it('/status has the last survey, and its error beside figures that stay', async () => {
    const { survey } = (await get(open().server, '/status')).json<{ survey: object }>();
    expect(survey).toMatchObject({
      taken_at: '1970-01-01T00:00:59.000Z',
      error: null,
      hot: { reachable: true, database_bytes: 1_000_000 },
      datasets: [{ dataset: 'ticks', hot: { rows: 10 }, cold: { rows: 70, bad_segments: 1 } }],
      sources: [{ source: 'trades', backlog_entries: 3, lag_seconds: 1.5 }],
    });
    const failed = open([...LEADING, { kind: 'survey_failed', error: 'it hangs' }]).server;
    expect((await get(failed, '/status')).json()).toMatchObject({
      survey: { error: 'it hangs', datasets: [{ hot: { rows: 10 } }] },
    });
    expect((await get(open([]).server, '/status')).json()).toMatchObject({ survey: null });
  });

  it('tells who showed a wrong token, once a minute and never the token', async () => {
    const told: string[] = [];
    let now = 60_000;
    const { server } = open(LEADING, {
      tokens: { status: 's'.repeat(32), query: null, control: null },
      clock: { now: () => now },
      onWrongToken: (found) => told.push(found),
    });
    const ask = async (url: string, authorization?: string): Promise<number> => {
      const headers = authorization === undefined ? {} : { authorization };
      return (await server.inject({ method: 'GET', url, headers })).statusCode;
    };
    expect(await ask('/status')).toBe(401);
    expect(await ask('/status', `Bearer ${'s'.repeat(32)}`)).toBe(200);
    expect(told, 'none, or the right one, is no wrong one').toEqual([]);
    expect(await ask('/v1/runs?token=guessed', 'Bearer guessed')).toBe(401);
    for (let n = 0; n < 5; n += 1) await ask('/status', `Bearer guess ${String(n)}`);
    expect(await ask('/healthz', 'Basic guessed')).toBe(200);
    expect(told).toEqual(['127.0.0.1 showed a wrong token: GET /v1/runs']);
    now += 60_000;
    await ask('/status', 'Bearer another');
    expect(told.slice(1)).toEqual([
      '6 more requests showed a wrong token before',
      '127.0.0.1 showed a wrong token: GET /status',
    ]);
    expect(told.join()).not.toContain('guess');
  });

  it('takes no name for a pause that would steer a terminal', async () => {
    const token = 'c'.repeat(32);
    const { server, commands } = open(LEADING, {
      tokens: { status: null, query: null, control: token },
    });
    const headers = { authorization: `Bearer ${token}`, host: 'localhost' };
    for (const by of ['\u001b[2J', 'a\u009b2J', 'a\u202eb', 'a\nb']) {
      const url = `/v1/jobs/rotate/pause?by=${encodeURIComponent(by)}`;
      expect((await server.inject({ method: 'POST', url, headers })).statusCode).toBe(400);
    }
    const url = `/v1/jobs/rotate/pause?by=${encodeURIComponent('Zoë (ops)')}`;
    expect((await server.inject({ method: 'POST', url, headers })).statusCode).toBe(202);
    expect(commands).toHaveLength(1);
  });

  it('/v1/calendar takes days, at most three years of them, of a dataset that there is', async () => {
    const { server } = open();
    const url = '/v1/calendar?dataset=ticks';
    expect((await get(server, `${url}&from=1970-01-01&to=1970-01-02`)).json()).toEqual({
      as_of: '1970-01-01T00:00:59.000Z',
      missing: [],
      stale: [],
      dataset: 'ticks',
      from: '1970-01-01T00:00:00.000Z',
      to: '1970-01-03T00:00:00.000Z',
      hot_rows_are_estimated: false,
      days: [
        {
          day: '1970-01-01',
          state: 'cold',
          hot_rows: 0,
          cold_rows: 7,
          segments: 1,
          is_pinned: false,
          is_held: true,
        },
      ],
    });
    const codes = async (query: string): Promise<number> => (await get(server, query)).statusCode;
    expect(await codes(url)).toBe(200);
    expect(await codes('/v1/calendar')).toBe(400);
    expect(await codes(`${url}&from=yesterday`)).toBe(400);
    expect(await codes(`${url}&from=1970-01-02&to=1970-01-01`)).toBe(400);
    expect(await codes(`${url}&from=2000-01-01&to=2010-01-01`)).toBe(400);
    expect(await codes('/v1/calendar?dataset=nothing')).toBe(404);
  });

  it('/v1/flow has the rotations and the drain of the last hours', async () => {
    const { server } = open();
    const flow = (await get(server, '/v1/flow?hours=1')).json<{
      moved: { rows: number }[];
      lag: unknown[];
    }>();
    expect(flow.moved.reduce((sum, { rows }) => sum + rows, 0)).toBe(5);
    expect(flow.lag).toMatchObject([{ source: 'trades', seconds: 1.5, backlog: 3 }]);
    expect((await get(server, '/v1/flow?hours=100000')).statusCode).toBe(400);
  });

  it('/v1/calendar and /v1/flow say which sources nobody could look at', async () => {
    const [trades] = surveyOf().sources;
    if (trades === undefined) throw new Error('the survey has one');
    const survey = surveyOf({
      takenAt: 59_000,
      sources: [
        trades,
        { ...trades, source: 'away', backlogEntries: null },
        { ...trades, source: 'other', dataset: 'other', backlogEntries: null },
        { ...trades, source: 'slow', error: 'it took too long' },
      ],
    });
    const { server } = open([{ kind: 'surveyed', survey }]);
    const as_of = '1970-01-01T00:00:59.000Z';
    const calendar = (await get(server, '/v1/calendar?dataset=ticks')).json();
    expect(calendar).toMatchObject({ as_of, missing: ['away'], stale: ['slow'] });
    const flow = (await get(server, '/v1/flow')).json();
    expect(flow).toMatchObject({ as_of, missing: ['away', 'other'], stale: ['slow'] });
    const cut = { ...survey, hot: { ...survey.hot, reachable: false } };
    const behind = open([{ kind: 'surveyed', survey: cut }]).server;
    expect((await get(behind, '/v1/calendar?dataset=ticks')).json()).toMatchObject({
      stale: ['trades', 'slow'],
    });
  });

  it('/metrics has the figures of each job', async () => {
    const { body, headers } = await get(open().server, '/metrics');
    expect(headers['content-type']).toContain('text/plain');
    expect(body).toContain('tierd_leader 1');
    expect(body).toContain('tierd_job_running{job="rotate"} 1');
    expect(body).toContain('tierd_info{version="1.2.3",owner="default"} 1');
    expect(body).toContain('process_resident_memory_bytes');
  });

  it('/v1/runs takes a job and a limit, and says what is wrong with them', async () => {
    const { server } = open();
    expect((await get(server, '/v1/runs')).json()).toEqual({
      runs: [{ id: '1', job: 'all', limit: 50 }],
    });
    expect((await get(server, '/v1/runs?job=rotate&limit=3')).json()).toEqual({
      runs: [{ id: '1', job: 'rotate', limit: 3 }],
    });
    const wrong = await get(server, '/v1/runs?limit=many');
    expect(wrong.statusCode).toBe(400);
    expect(wrong.headers['content-type']).toContain('application/problem+json');
    expect(wrong.json()).toMatchObject({ status: 400, detail: expect.stringContaining('limit') });
  });

  it.each([
    ['/v1/runs?limit=many', 'limit: found "many", expected a number'],
    ['/v1/runs?limit=0', 'limit: found "0", expected at least 1'],
    ['/v1/runs?limit=1.5', 'limit: found "1.5", expected a whole number'],
    [
      '/v1/runs?limit=1e9&jobs=x',
      'limit: found "1e9", expected at most 1000; jobs: unknown; did you mean job?',
    ],
    ['/v1/calendar', 'dataset: missing, expected a text'],
    [
      '/v1/calendar?dataset=ticks&from=then',
      'from: found "then", expected a day such as 2024-01-15',
    ],
    ['/v1/flow?from=2020', 'from: unknown, expected hours'],
  ])('says all that is wrong with %s in its own words', async (url, detail) => {
    expect((await get(open().server, url)).json()).toMatchObject({ status: 400, detail });
  });

  it('/openapi.json describes every route', async () => {
    const { paths } = (await get(open().server, '/openapi.json')).json<{ paths: object }>();
    expect(Object.keys(paths)).toEqual([
      '/healthz',
      '/readyz',
      '/status',
      '/metrics',
      '/v1/runs',
      '/v1/dry-runs',
      '/v1/dry-runs/{id}',
      '/v1/calendar',
      '/v1/flow',
      '/v1/jobs/{job}/run',
      '/v1/jobs/{job}/cancel',
      '/v1/jobs/{job}/pause',
      '/v1/jobs/{job}/resume',
      '/v1/datasets/{dataset}/pause',
      '/v1/datasets/{dataset}/resume',
      '/v1/query',
      '/v1/datasets',
      '/v1/datasets/{dataset}/rows',
      '/v1/datasets/{dataset}/latest',
      '/v1/datasets/{dataset}/bars',
      '/v1/datasets/{dataset}/aggregate',
      '/iceberg/v1/config',
      '/iceberg/v1/namespaces',
      '/iceberg/v1/namespaces/{namespace}',
      '/iceberg/v1/namespaces/{namespace}/tables',
      '/iceberg/v1/namespaces/{namespace}/tables/{table}',
      '/iceberg/v1/namespaces/{namespace}/tables/{table}/metrics',
      '/v1/access',
      '/openapi.json',
    ]);
    expect(paths).toMatchObject({
      '/v1/jobs/{job}/run': { post: { security: [{ token: ['control'] }] } },
    });
  });
});

describe('the page', () => {
  const BODY = Buffer.from('<!doctype html>');
  const asset = { type: 'text/html; charset=utf-8', body: BODY, etag: '"e1"' };
  const page = [
    { ...asset, url: '/', isImmutable: false },
    { ...asset, url: '/assets/main-0123ABCD.js', isImmutable: true },
  ];

  it('is open to everybody, and lets nothing but itself run', async () => {
    const { server } = open(LEADING, { ...TOKENS, page });
    const { statusCode, body, headers } = await get(server, '/');
    expect([statusCode, body]).toEqual([200, BODY.toString()]);
    const policy = headers['content-security-policy'];
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toContain('unsafe');
    expect((await get(server, '/assets/other.js')).statusCode).toBe(404);
  });

  it('is asked for again each time, and its named files once', async () => {
    const { server } = open(LEADING, { page });
    expect((await get(server, '/')).headers['cache-control']).toBe('no-cache');
    const again = await get(server, '/', { 'if-none-match': '"e1"' });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    const script = await get(server, '/assets/main-0123ABCD.js');
    expect(script.headers['cache-control']).toContain('immutable');
  });

  it('is told what a token allows', async () => {
    const { server } = open(LEADING, TOKENS);
    const access = async (headers: Record<string, string>): Promise<unknown> =>
      (await get(server, '/v1/access', headers)).json();
    const enabled = { control_enabled: true, query: false, query_enabled: true };
    expect(await access({})).toEqual({ ...enabled, status: false, control: false });
    expect(await access(bearer(STATUS))).toEqual({ ...enabled, status: true, control: false });
    expect(await access(bearer(CONTROL))).toEqual({ ...enabled, status: true, control: true });
    expect(await access(bearer(QUERY))).toMatchObject({ query: true, control: false });
    expect(await access(bearer('wrong'))).toEqual({ ...enabled, status: false, control: false });
    expect((await get(open().server, '/v1/access')).json()).toEqual({
      status: true,
      control: false,
      control_enabled: false,
      query: false,
      query_enabled: false,
    });
  });
});

describe('errors', () => {
  it('are Problem Details, and keep to themselves what nobody foresaw', async () => {
    const failing = (thrown: Error): Scene => {
      const scene = open();
      const view: ServerParts['view'] = {
        version: '',
        state: () => undefined as never,
        datasets: () => [],
        dryRuns: () => [],
        readRuns: () => Promise.reject(thrown),
        readCalendar: () => Promise.reject(thrown),
        readMoved: () => Promise.reject(thrown),
        missing: () => [],
      };
      return { ...scene, ...open(LEADING, { view }) };
    };
    expect((await get(open().server, '/nowhere')).json()).toMatchObject({ status: 404 });
    const secret = failing(new Error('the secret is 42'));
    const internal = await get(secret.server, '/v1/runs');
    expect(internal.statusCode).toBe(500);
    expect(internal.body).not.toContain('42');
    expect(secret.errors).toHaveLength(1);
    const away = failing(new TierdError({ code: 'POSTGRES_UNREACHABLE', message: 'away' }));
    expect((await get(away.server, '/v1/runs')).json()).toMatchObject({
      status: 503,
      detail: 'away',
    });
  });

  it.each([
    ['not UTF-8', '/v1/datasets/%FF/latest', 400],
    ['very long', `/v1/datasets/${'long'.repeat(1_000)}/latest`, 401],
    ['half an escape', '/%', 400],
  ])('are so where a name in the path is %s', async (_kind, url, status) => {
    const response = await get(open(LEADING, TOKENS).server, url);
    expect(response.statusCode).toBe(status);
    expect(response.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(response.json()).toMatchObject({ status });
  });

  it('HEAD asks what GET does, and no query', async () => {
    const { server } = open();
    expect(await server.inject({ method: 'HEAD', url: '/healthz' })).toMatchObject({
      statusCode: 200,
      body: '',
    });
    const url = '/v1/datasets/ticks/latest';
    const asked = await server.inject({ method: 'HEAD', url, headers: bearer(QUERY) });
    expect(asked.statusCode).toBe(404);
  });

  it('a body that is too large is refused', async () => {
    const { server, commands } = open(LEADING, TOKENS);
    const response = await server.inject({
      method: 'POST',
      url: '/v1/jobs/rotate/run',
      headers: { ...bearer(CONTROL), 'content-type': 'application/json' },
      payload: JSON.stringify('x'.repeat(20_000)),
    });
    expect(response.statusCode).toBe(413);
    expect(commands).toEqual([]);
  });
});

describe('who may ask', () => {
  it('without a status token, whoever is on this machine; never by another name', async () => {
    const { server } = open();
    expect((await get(server, '/status')).statusCode).toBe(200);
    expect((await get(server, '/status', { host: 'evil.example:9464' })).statusCode).toBe(403);
    expect((await get(server, '/status', { host: '127.0.0.1' })).statusCode).toBe(200);
  });

  it('with tokens, each by its scope', async () => {
    const { server, commands } = open(LEADING, TOKENS);
    const codes = async (headers: Record<string, string>): Promise<number[]> => [
      (await get(server, '/healthz', headers)).statusCode,
      (await get(server, '/status', headers)).statusCode,
      (await post(server, '/v1/jobs/rotate/run', headers)).statusCode,
    ];
    expect(await codes({})).toEqual([200, 401, 401]);
    expect(await codes(bearer('wrong'))).toEqual([200, 401, 401]);
    expect(await codes(bearer(STATUS))).toEqual([200, 200, 403]);
    expect(await codes(bearer(QUERY))).toEqual([200, 200, 403]);
    expect(commands).toEqual([]);
    expect(await codes(bearer(CONTROL))).toEqual([200, 200, 202]);
    expect(commands).toEqual(['run rotate']);
    expect((await get(server, '/status')).headers['www-authenticate']).toBe('Bearer');
  });

  it('nobody may command where no control token is configured', async () => {
    const { server, commands } = open();
    const response = await post(server, '/v1/jobs/rotate/run', bearer(CONTROL));
    expect(response.statusCode).toBe(403);
    expect(response.json<{ detail: string }>().detail).toContain('server.control_token');
    expect(commands).toEqual([]);
  });

  it('only so often', async () => {
    let now = 60_000;
    const { server } = open(LEADING, { requestsPerMinute: 2, clock: { now: () => now } });
    const codes = [1, 2, 3].map(async () => (await get(server, '/status')).statusCode);
    expect((await Promise.all(codes)).sort()).toEqual([200, 200, 429]);
    expect((await get(server, '/status')).headers['retry-after']).toBe('60');
    now += 60_000;
    expect((await get(server, '/status')).statusCode).toBe(200);
  });

  it('apart for each token, and a supervisor and a monitor always', async () => {
    const tokens = { status: STATUS, query: null, control: CONTROL };
    const { server } = open(LEADING, { requestsPerMinute: 2, tokens });
    const code = async (url: string, token: string): Promise<number> =>
      (await get(server, url, bearer(token))).statusCode;
    for (let asked = 0; asked < 3; asked += 1) await code('/status', CONTROL);
    expect(await code('/status', CONTROL)).toBe(429);
    expect(await code('/status', STATUS)).toBe(200);
    for (const url of ['/healthz', '/readyz', '/metrics']) {
      expect(await code(url, CONTROL), url).toBe(200);
    }
  });

  it('and whoever guesses at tokens is slowed down, also where a monitor asks', async () => {
    const tokens = { status: STATUS, query: null, control: null };
    const { server } = open(LEADING, { requestsPerMinute: 2, tokens });
    const codes: number[] = [];
    for (let asked = 0; asked < 3; asked += 1) {
      codes.push((await get(server, '/metrics', bearer(`guess-${String(asked)}`))).statusCode);
    }
    expect(codes).toEqual([401, 401, 429]);
  });
});

describe('commands', () => {
  it('reach the leader', async () => {
    const { server, commands } = open(LEADING, TOKENS);
    const run = await post(server, '/v1/jobs/rotate/run', bearer(CONTROL));
    expect(run.json()).toEqual({ job: 'rotate', outcome: 'start', dry_run: null });
    const cancel = await post(server, '/v1/jobs/rotate/cancel', bearer(CONTROL));
    expect(cancel.json()).toEqual({ job: 'rotate', cancelled: true });
    expect(commands).toEqual(['run rotate', 'cancel rotate']);
  });

  it('begin a dry run, whoever leads, and what it found can be read', async () => {
    const { server, commands } = open([{ kind: 'standing_by', leader: 'there:2' }], TOKENS);
    const begun = await post(server, '/v1/jobs/rotate/run?dry_run=true', bearer(CONTROL));
    expect(begun.statusCode).toBe(202);
    expect(begun.json()).toEqual({ job: 'rotate', outcome: 'start', dry_run: 'd1' });
    expect(commands).toEqual(['dry run rotate']);
    const found = await get(server, '/v1/dry-runs/d1', bearer(STATUS));
    expect(found.json()).toMatchObject({ state: 'done', started_at: AT, result: { datasets: [] } });
    const list = await get(server, '/v1/dry-runs', bearer(STATUS));
    expect(list.json<{ dry_runs: object[] }>().dry_runs[0]).not.toHaveProperty('result');
    expect((await get(server, '/v1/dry-runs/d2', bearer(STATUS))).statusCode).toBe(404);
    const wrong = await post(server, '/v1/jobs/rotate/run?dry_run=maybe', bearer(CONTROL));
    expect(wrong.statusCode).toBe(400);
  });

  it.each([
    ['run?dryrun=true', 'dryrun: unknown; did you mean dry_run?'],
    ['run?dry-run=true', 'dry-run: unknown; did you mean dry_run?'],
    ['run?preview=1', 'preview: unknown, expected dry_run'],
    ['cancel?dry_run=true', 'dry_run: unknown, expected none'],
    ['pause?for=1h', 'for: unknown, expected by'],
    ['resume?by=ann', 'by: unknown, expected none'],
  ])('do nothing with a parameter that they do not know: %s', async (command, detail) => {
    const { server, commands } = open(LEADING, TOKENS);
    const refused = await post(server, `/v1/jobs/rotate/${command}`, bearer(CONTROL));
    expect(refused.json()).toMatchObject({ status: 400, detail });
    expect(commands).toEqual([]);
  });

  it('pause and resume jobs and datasets, whoever leads, and refuse what there is not', async () => {
    const { server, commands } = open([{ kind: 'standing_by', leader: 'there:2' }], TOKENS);
    const job = await post(server, '/v1/jobs/rotate/pause?by=ann', bearer(CONTROL));
    expect(job.statusCode).toBe(202);
    expect(job.json()).toEqual({ job: 'rotate', paused: { since: AT, by: 'ann' } });
    const dataset = await post(server, '/v1/datasets/ticks/pause', bearer(CONTROL));
    expect(dataset.json()).toEqual({
      dataset: 'ticks',
      paused: { since: AT, by: 'the status page' },
    });
    const resumed = await post(server, '/v1/datasets/ticks/resume', bearer(CONTROL));
    expect(resumed.json()).toEqual({ dataset: 'ticks', was_paused: false });
    // It is configured no more, and was paused when it was.
    const former = await post(server, '/v1/datasets/former/resume', bearer(CONTROL));
    expect(former.json()).toEqual({ dataset: 'former', was_paused: true });
    expect(commands).toEqual([
      'pause {"kind":"job","job":"rotate"} ann',
      'pause {"kind":"dataset","dataset":"ticks"} the status page',
      'resume {"kind":"dataset","dataset":"ticks"}',
      'resume {"kind":"dataset","dataset":"former"}',
    ]);
    for (const url of ['/v1/jobs/no/pause', '/v1/datasets/no/pause', '/v1/datasets/no/resume']) {
      expect((await post(server, url, bearer(CONTROL))).statusCode).toBe(404);
      expect((await post(server, url, bearer(STATUS))).statusCode).toBe(403);
    }
    for (const by of ['', '%20%20']) {
      const nobody = await post(server, `/v1/jobs/rotate/pause?by=${by}`, bearer(CONTROL));
      expect(nobody.json()).toMatchObject({
        status: 400,
        detail: expect.stringContaining('expected a text that is not empty'),
      });
    }
  });

  it('to run a paused job that goes on all the time are refused', async () => {
    const { server } = open(LEADING, TOKENS, 'paused');
    const refused = await post(server, '/v1/jobs/rotate/run', bearer(CONTROL));
    expect(refused.statusCode).toBe(409);
    expect(refused.json<{ detail: string }>().detail).toContain('resume it');
  });

  it('for a job that there is not, or of a standby, are refused', async () => {
    const { server } = open(LEADING, TOKENS);
    const unknown = await post(server, '/v1/jobs/constructor/run', bearer(CONTROL));
    expect(unknown.statusCode).toBe(404);
    expect(unknown.json<{ detail: string }>().detail).toContain('there are rotate');
    const standby = open([{ kind: 'standing_by', leader: 'there:2' }], TOKENS);
    const refused = await post(standby.server, '/v1/jobs/rotate/run', bearer(CONTROL));
    expect(refused.statusCode).toBe(409);
    expect(refused.json<{ detail: string }>().detail).toContain('there:2 does');
    expect(standby.commands).toEqual([]);
  });
});
