/** `tierd/client` as another program has it: by the package's exports, against a real daemon. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CLIENT_TYPES, renderClientTypes } from '../../scripts/client-types.ts';
import { TierdClient, TierdProblem } from '../../src/client/client.ts';
import { directoryWith } from '../support/config-file.ts';
import { PATIENCE, stopped } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { type HttpDaemon, startHttpDaemon } from '../support/http-daemon.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TOKEN = 'query-token-0123456789';
const ENDLESS = 'select count(*) from range(1000000) a(i), range(1000000) b(j) where hash(i+j) = 0';
const run = promisify(execFile);

let daemon: HttpDaemon;
let url: string;
let client: TierdClient;

beforeAll(async () => {
  const database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz not null, id int not null, big bigint)');
  await database.query(
    `insert into ticks
     select date_trunc('day', now(), 'UTC') - d * interval '24 hours' + n * interval '1 minute', n, 9007199254740993
     from unnest(array[3, 40]) d, generate_series(1, 100) n`,
  );
  daemon = await startHttpDaemon(database, {
    sections: `
query: { max_result: 1MB }
server: { port: 0, query_token: ${TOKEN}, requests_per_minute: 100000 }
`,
    datasets: '  ticks: { time_column: ts }',
  });
  url = `${daemon.origin}/`;
  client = new TierdClient({ url, token: TOKEN });
});

afterAll(async () => {
  await stopped(daemon.process);
  rmSync(daemon.directory, { recursive: true });
});

const running = async (): Promise<number> => {
  const response = await fetch(new URL('metrics', url), {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  return Number(/^tierd_queries\{state="running"\} (\d+)$/m.exec(await response.text())?.[1]);
};

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function problemOf(call: Promise<unknown>): Promise<TierdProblem> {
  const thrown: unknown = await call.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(TierdProblem);
  return thrown as TierdProblem;
}

describe('the client', () => {
  it('iterates over rows, hot and cold, and says of which snapshot', async () => {
    const answer = client.query<{ id: number; big: string }>(
      'select id, big from ticks where id < $1 and ts < $2 and $3 is null order by ts, id',
      { params: [3n, new Date(), null] },
    );
    expect(await answer.head()).toMatchObject({
      snapshot: expect.stringMatching(/^\d+\.1\./) as string,
      segments: 1,
      hotRows: 2,
    });
    const ids: number[] = [];
    for await (const { id, big } of answer) {
      ids.push(id);
      expect(big).toBe('9007199254740993');
    }
    expect(ids).toEqual([1, 2, 1, 2]);
    expect(await client.queryToArray('select id from ticks where false')).toEqual([]);
  });

  it('ends the query when whoever iterates has seen enough, or aborts', async () => {
    for await (const { i } of client.query('select i from range(100000) t(i)')) {
      if (i === 10) break;
    }
    await expect.poll(running, PATIENCE).toBe(0);
    const controller = new AbortController();
    const reason = new Error('enough');
    const asking = client.queryToArray(ENDLESS, { signal: controller.signal });
    const ended = expect(asking).rejects.toBe(reason);
    await expect.poll(running, PATIENCE).toBe(1);
    controller.abort(reason);
    await ended;
    await expect.poll(running, PATIENCE).toBe(0);
  });

  it('tells a problem by its code and hint', async () => {
    const invalid = await problemOf(client.queryToArray('select closing from ticks'));
    expect(invalid).toMatchObject({ status: 400, code: 'QUERY_INVALID' });
    expect(invalid.hint).toContain('ticks');
    const refused = await problemOf(client.queryToArray('drop table ticks'));
    expect(refused).toMatchObject({ status: 403, code: 'QUERY_NOT_ALLOWED' });
    const nobody = new TierdClient({ url });
    expect(await problemOf(nobody.query('select 1').head())).toMatchObject({
      status: 401,
      code: null,
    });
  });

  it('takes no part for the whole', async () => {
    const rows: unknown[] = [];
    const reading = async (): Promise<void> => {
      for await (const row of client.query('select i from range(3000000) t(i)')) rows.push(row);
    };
    const problem = await problemOf(reading());
    expect(problem).toMatchObject({ status: null, code: null });
    expect(problem.message).toContain(`broke off after ${String(rows.length)} rows`);
    expect(rows.length).toBeGreaterThan(0);
  });

  it('says who does not answer', async () => {
    const closed = createServer();
    const port = await portOf(closed);
    closed.close();
    const away = new TierdClient({ url: `http://127.0.0.1:${String(port)}` });
    const problem = await problemOf(away.status());
    expect(problem).toMatchObject({ status: null, code: null });
    expect(problem.message).toContain(`127.0.0.1:${String(port)}`);
  });

  it('shows its token to no other server', async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{}');
    });
    const port = await portOf(other);
    const pointing = createServer((_request, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${String(port)}/` }).end();
    });
    const luring = await portOf(pointing);
    onTestFinished(() => {
      other.close();
      pointing.close();
    });
    const lured = new TierdClient({
      url: `http://127.0.0.1:${String(luring)}/behind/a/proxy`,
      token: TOKEN,
    });
    await problemOf(lured.status());
    expect(seen).toEqual([]);
  });

  it.each([Number.NaN, Infinity, 2 ** 53, -(2 ** 60)])(
    'refuses %s, which JSON makes another of',
    (value) => {
      expect(() => client.query('select $1', { params: [value] })).toThrow(RangeError);
    },
  );

  it('has the types of what /openapi.json shows (npm run client:types)', () => {
    expect(readFileSync(CLIENT_TYPES, 'utf8')).toBe(renderClientTypes());
  });

  it('does what docs/client.md shows, for a program that has tierd among its packages', async () => {
    const [, example = ''] =
      /```js\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'docs/client.md'), 'utf8')) ?? [];
    const directory = directoryWith({
      'package.json': '{ "type": "module" }',
      'example.js': example,
      'typed.ts': `
import { type Row, type StatusDocument, TierdClient } from 'tierd/client';
const client = new TierdClient({ url: 'http://localhost' });
const status: StatusDocument = await client.status();
export const role: 'starting' | 'standby' | 'leader' | 'stopping' = status.role;
export const rows: Row[] = await client.queryToArray('select 1');
for await (const { id } of client.query<{ id: number }>('select 1')) id.toFixed();
// @ts-expect-error: there is none
status.nothing;
`,
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          module: 'nodenext',
          target: 'es2022',
          types: [],
        },
        files: ['typed.ts'],
      }),
    });
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(ROOT, join(directory, 'node_modules', 'tierd'));
    const { stdout } = await run(process.execPath, ['example.js'], {
      cwd: directory,
      env: { ...process.env, TIERD_URL: url, TIERD_QUERY_TOKEN: TOKEN },
    });
    expect(stdout).toMatch(
      /^1 \S+Z\n1 \S+Z\n2 \S+Z\n2 \S+Z\n200 rows, hot and cold\nthe daemon is the leader\n400 QUERY_INVALID\n$/,
    );
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const checked = await run(process.execPath, [compiler, '-p', '.'], { cwd: directory }).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(checked.stdout).toBe('');
  });
});
