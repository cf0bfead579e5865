/** Live rows as they are asked for on the command line and in the shell, and a Redis that does not answer. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { type CliResult, runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { freePort } from '../../support/free-port.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('redis', 'tierd query and what waits in Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    await database.query(
      'create table ticks (symbol text, ts timestamptz not null, price numeric(10,2))',
    );
    await database.query(`insert into ticks values ('hot', now(), 1), ('hot', now(), 2)`);
    expect(await tierd(['migrate'])).toMatchObject({ exitCode: 0 });
  });
  beforeEach(async () => {
    await redis.flushall();
    for (const price of ['10', '20.555', 'none']) {
      await redis.xadd('ticks:A', '*', 'price', price);
    }
  });
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  function tierd(
    argv: readonly string[],
    { url = server.url, query = '', stdin }: { url?: string; query?: string; stdin?: string } = {},
  ): Promise<CliResult> {
    const workingDirectory = directoryWith({
      'unified_config.yaml': `
postgres: { url: "${database.url}" }
redis: { url: "${url}", connect_timeout: 2s }
lake: { type: local, path: ${JSON.stringify(join(tmpdir(), `${database.name}-lake`))} }
query: { ${query} }
datasets: { ticks: { time_column: ts } }
drain:
  sources:
    wire: { kind: stream, keys: "ticks:{symbol}", dataset: ticks, columns: { symbol: "{symbol}", ts: $time, price: price } }
`,
    });
    return runInside(argv, {
      workingDirectory,
      clock: systemClock,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  const csv = (...argv: readonly string[]): string[] => ['query', '--format', 'csv', ...argv];

  it('has a table of each source, and says that it lies beside the snapshot', async () => {
    const { exitCode, stdout, stderr } = await tierd(
      csv('select symbol, price from live.wire order by price'),
    );
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe('symbol,price\r\nA,10.00\r\nA,20.56\r\n');
    expect(stderr).toContain(', and 2 rows of Redis, read beside the snapshot, not within it');
    expect(stderr).toContain('1 entry of wire would become a dead letter');
  });

  it('--with-live counts it to its dataset', async () => {
    const sql = 'select count(*) as n, max(price) as most from ticks';
    expect((await tierd(csv(sql))).stdout).toBe('n,most\r\n2,2.00\r\n');
    expect((await tierd(csv('--with-live', sql))).stdout).toBe('n,most\r\n4,20.56\r\n');
    const sides = 'select (select count(*) from hot.ticks) as h, (select count(*) from ticks) as a';
    expect((await tierd(csv('--with-live', sides))).stdout).toBe('h,a\r\n2,4\r\n');
  });

  it('--explain says which sources and how much waits, and reads nothing', async () => {
    const { stdout } = await tierd(['query', '--explain', '--with-live', 'select * from ticks']);
    expect(stdout).toContain('live.wire  about 3 entries at redis://127.0.0.1');
    const { stdout: json } = await tierd(['query', '--explain', '--json', 'from live.wire']);
    expect(JSON.parse(json)).toMatchObject({ live: [{ source: 'wire', entries: 3 }] });
  });

  it('the shell lists the sources, and describes one without a look into Redis', async () => {
    const url = `redis://127.0.0.1:${String(await freePort())}/0`;
    const { stdout, stderr } = await tierd(['query', '-i'], { url, stdin: '\\d\n\\d live.wire\n' });
    expect(stdout).toContain('live.wire');
    expect(stdout, stderr).toMatch(/price\s.*DECIMAL\(10,2\)/);
    const asked = await tierd(['query', '-i', '--with-live', '--format', 'csv'], {
      stdin: 'select count(*) as n from ticks;\nselect count(*) as n from live.wire;\n',
    });
    expect(asked.stdout).toBe('n\r\n4\r\nn\r\n2\r\n');
  });

  it('a Redis that is away ends it with a clear error, and no question that is not about it', async () => {
    const url = `redis://127.0.0.1:${String(await freePort())}/0`;
    const away = await tierd(csv('from live.wire'), { url });
    expect(away).toMatchObject({ exitCode: 1, stdout: '' });
    expect(away.stderr).toContain('REDIS_UNREACHABLE');
    expect((await tierd(csv('select count(*) as live from ticks'), { url })).stdout).toBe(
      'live\r\n2\r\n',
    );
  });

  it('a Redis that answers nobody ends it within query.live_timeout', async () => {
    const blocker = openRedis(server.url);
    const blocked = blocker.eval(
      'local t = redis.call("time") while redis.call("time")[1] - t[1] < 6 do end',
      0,
    );
    blocked.catch(() => undefined);
    const { exitCode, stderr } = await tierd(csv('--with-live', 'from ticks'), {
      query: 'live_timeout: 1s',
    });
    expect(exitCode, stderr).toBe(1);
    expect(stderr).toContain('REDIS_UNREACHABLE');
    await blocked;
    blocker.disconnect();
  });

  it('asks no more than query.max_live_rows, and no Redis at all without the word', async () => {
    const { exitCode, stderr } = await tierd(csv('from live.wire'), { query: 'max_live_rows: 2' });
    expect(exitCode, stderr).toBe(3);
    expect(stderr).toContain('LIVE_ROWS_EXCEEDED');
    const before = /total_connections_received:(\d+)/.exec(await redis.info('stats'))?.[1];
    expect((await tierd(csv('select count(*) as n from ticks'))).exitCode).toBe(0);
    expect((await tierd(csv("select 'live' as n from ticks"))).exitCode).toBe(0);
    expect(/total_connections_received:(\d+)/.exec(await redis.info('stats'))?.[1]).toBe(before);
  });

  it('an ACL user that may not is told what is refused; the one that is documented may', async () => {
    await redis.call(
      'ACL',
      'SETUSER',
      'poor',
      'on',
      '>secret-word',
      '~*',
      '+@connection',
      '+select',
      '+info',
      '+xrange',
      '+exists',
      '+scan',
    );
    const place = server.url.replace('redis://', '');
    const { exitCode, stderr } = await tierd(csv('from live.wire'), {
      url: `redis://poor:secret-word@${place}`,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('PERMISSION_DENIED');
    expect(stderr).not.toContain('secret-word');
    await redis.call(
      'ACL',
      'SETUSER',
      'reader',
      'on',
      '>secret-word',
      '~*',
      '+@read',
      '+@connection',
      '+select',
      '-@dangerous',
      '+info',
    );
    const read = await tierd(csv('select count(*) as n from live.wire'), {
      url: `redis://reader:secret-word@${place}`,
    });
    expect(read.stdout, read.stderr).toBe('n\r\n2\r\n');
  });

  it('no source of that name is an error that says so', async () => {
    const { exitCode, stderr } = await tierd(csv('from live.wier'));
    expect(exitCode).toBe(2);
    expect(stderr).toContain('wier');
  });
});
