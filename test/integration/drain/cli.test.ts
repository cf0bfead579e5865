import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { migrate } from '../../../src/ledger/migrate.ts';
import { type CliResult, runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');

describeOn('redis', 'tierd drain and tierd dead-letters', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    const client = await database.connect();
    await migrate(client);
    await client.end();
    await database.query('create table ticks (symbol text, ts timestamptz, price numeric)');
  });
  beforeEach(async () => {
    await redis.flushall();
    await database.query('truncate ticks, tierd.dead_letters, tierd.claims, tierd.drain_sources');
  });
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  function tierd(
    argv: readonly string[],
    rules = 'ranges: { price: { above: 0 } }',
    signal = new AbortController().signal,
  ): Promise<CliResult> {
    const workingDirectory = directoryWith({
      'unified_config.yaml': `
postgres: { url: "${database.url}" }
redis: { url: "${server.url}" }
lake: { type: local, path: lake }
datasets: { ticks: { time_column: ts } }
drain:
  rules: { ticks: { ${rules} } }
  sources:
    lists: { kind: list, keys: "list:{symbol}", dataset: ticks, columns: { symbol: "{symbol}", ts: ts, price: price }, types: { ts: time_ms } }
    streams: { kind: stream, keys: "stream:{symbol}", dataset: ticks, columns: { symbol: "{symbol}", ts: $time, price: price } }
    off: { kind: list, keys: "off:{symbol}", dataset: ticks, enabled: false, columns: { symbol: "{symbol}" } }
`,
    });
    return runInside(argv, { workingDirectory, clock: { now: () => NOW }, signal });
  }

  async function json(argv: readonly string[], rules?: string): Promise<unknown> {
    const { stdout, stderr, exitCode } = await tierd([...argv, '--json', '--quiet'], rules);
    expect(exitCode, stdout + stderr).toBe(0);
    return JSON.parse(stdout);
  }

  async function fill(): Promise<void> {
    await redis.rpush('list:A', '{"ts":1000,"price":1.50}', '{"ts":2000,"price":-1}', 'not json');
    await redis.xadd('stream:B', '3000-0', 'price', '2');
    await redis.rpush('off:C', '{}');
  }

  async function everything(): Promise<unknown> {
    const keys = (await redis.keys('*')).sort();
    const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
    const tables = [
      'ticks',
      'tierd.dead_letters',
      'tierd.claims',
      'tierd.drain_sources',
      'tierd.leases',
      'tierd.runs',
    ];
    const rows = await Promise.all(
      tables.map(async (name) => (await database.query(`select * from ${name}`)).rows),
    );
    const groups = await redis.call('XINFO', 'GROUPS', 'stream:B');
    return { keys, dumps: dumps.map((dump) => dump.toString('hex')), rows, groups };
  }

  it('--dry-run shows what waits and changes nothing in either store (I7)', async () => {
    await fill();
    const before = await everything();
    expect(await json(['drain', '--dry-run'])).toMatchObject({
      sources: [
        {
          source: 'lists',
          kind: 'list',
          keys: 1,
          entries: 3,
          unique_key: null,
          sample: [
            {
              key: 'list:A',
              id: '0',
              row: { symbol: 'A', ts: '1970-01-01 00:00:01+00', price: '1.50' },
            },
            { key: 'list:A', id: '1', dead_letter: { code: 'out_of_range' } },
            { key: 'list:A', id: '2', dead_letter: { code: 'not_json' } },
          ],
        },
        { source: 'streams', keys: 1, entries: 1, sample: [{ id: '3000-0' }] },
      ],
    });
    const { stdout } = await tierd(['drain', '--dry-run']);
    expect(stdout).toContain('lists (list, leaves Redis): 3 entries in 1 key → ticks');
    expect(stdout).toMatch(/list:A +dead letter: price: "-1": outside/);
    expect(await everything()).toEqual(before);
  });

  it('moves what waits, and says what came of it', async () => {
    await fill();
    expect(await json(['drain'])).toMatchObject({
      sources: [
        {
          source: 'lists',
          rows: 1,
          dead_letters: 2,
          entries: 3,
          newest: '1970-01-01T00:00:01.000Z',
        },
        { source: 'streams', rows: 1, dead_letters: 0 },
      ],
    });
    expect(await redis.keys('*')).toEqual(expect.arrayContaining(['off:C', 'stream:B']));
    const { stdout } = await tierd(['drain', 'streams']);
    expect(stdout).toBe('done streams: nothing was waiting\n');
    expect((await tierd(['drain', 'stream'])).stderr).toContain('did you mean streams?');
  });

  it('warns at its start of what can take entries away before they are drained', async () => {
    await redis.config('SET', 'maxmemory', '1gb');
    await redis.config('SET', 'maxmemory-policy', 'volatile-lru');
    await redis.config('SET', 'appendonly', 'no');
    await redis.config('SET', 'save', '');
    await fill();
    await redis.pexpire('list:A', 10_000);
    const { stderr, exitCode } = await tierd(['drain', 'lists']);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain('maxmemory-policy volatile-lru: once memory is full, keys of lists');
    expect(stderr).toContain('source:lists:ttl: keys run out in');
    expect(stderr).toContain('nothing is saved: a restart loses everything that is not drained');
    await redis.config('SET', 'appendonly', 'yes');
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await redis.config('SET', 'maxmemory', '0');
  });

  it('--follow warns at its start of what can take entries away before they are drained', async () => {
    await redis.config('SET', 'maxmemory', '1gb');
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await fill();
    const stop = new AbortController();
    const following = tierd(['drain', '--follow', 'streams'], undefined, stop.signal);
    const rows = async (): Promise<unknown> =>
      (await database.query('select count(*)::int as n from tierd.drain_sources')).rows;
    await expect.poll(rows).toEqual([{ n: 1 }]);
    stop.abort('SIGINT');
    const { stderr } = await following;
    expect(stderr).toContain('maxmemory-policy allkeys-lru: once memory is full, keys of lists');
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await redis.config('SET', 'maxmemory', '0');
  });

  it('dead letters are listed, shown, retried and discarded', async () => {
    await fill();
    await tierd(['drain']);
    const { letters } = (await json(['dead-letters', 'list'])) as {
      letters: { id: number; reason_code: string }[];
    };
    expect(letters.map((letter) => letter.reason_code)).toEqual(['not_json', 'out_of_range']);
    const [broken, negative] = letters.map(({ id }) => String(id));
    expect(await json(['dead-letters', 'show', negative ?? ''])).toMatchObject({
      key: 'list:A',
      entry_id: '1',
      state: 'waiting',
      payload: { value: '{"ts":2000,"price":-1}' },
    });
    expect((await tierd(['dead-letters', 'retry', negative ?? ''])).exitCode).toBe(4);
    expect(await json(['dead-letters', 'retry', negative ?? ''], 'ranges: {}')).toMatchObject({
      sources: [{ source: 'lists', written: 1, refused: 0 }],
    });
    expect((await database.query(`select price from ticks where price < 0`)).rows).toEqual([
      { price: '-1' },
    ]);
    expect(await json(['dead-letters', 'discard', '--source', 'lists'])).toEqual({
      discarded: [Number(broken)],
    });
    expect((await tierd(['dead-letters', 'list'])).stdout).toBe('There are none.\n');
    expect((await tierd(['dead-letters', 'list', '--state', 'all'])).stdout).toMatch(
      /discarded[\s\S]*retried/,
    );
    for (const line of [['retry'], ['discard'], ['show', '999'], ['show', 'x'], ['retry', '999']]) {
      expect((await tierd(['dead-letters', ...line])).exitCode, line.join(' ')).toBe(2);
    }
  });

  it('status shows what waits, how far each source is and what became dead letters', async () => {
    await fill();
    await tierd(['drain', 'lists']);
    await redis.rpush('list:A', '{}', '{}');
    expect(await json(['status'])).toMatchObject({
      sources: [
        {
          source: 'lists',
          backlog: { keys: 1, entries: 2 },
          rows: 1,
          dead_letters_waiting: 2,
          watermark: '1970-01-01T00:00:01.000Z',
        },
        { source: 'streams', backlog: { keys: 1, entries: 1 }, rows: 0, watermark: null },
        { source: 'off', enabled: false },
      ],
    });
    expect((await tierd(['status'])).stdout).toMatch(/lists +list +2 +1 +2 +1970-01-01 00:00:01/);
  });

  it('doctor says what is in the way of a source', async () => {
    const { stdout } = await tierd(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string }[] };
    const ofSources = checks.filter(({ name }) => /^source:.*:table$/.test(name));
    expect(ofSources).toMatchObject([
      { name: 'source:lists:table', status: 'ok' },
      { name: 'source:streams:table', status: 'ok' },
      { name: 'source:off:table', status: 'ok' },
    ]);
    await database.query('alter table ticks rename column price to cost');
    const broken = await tierd(['doctor']);
    await database.query('alter table ticks rename column cost to price');
    expect(broken.stdout).toMatch(/error +source:lists:table: .*fills price/);
  });
});
