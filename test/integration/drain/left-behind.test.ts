/** What was under way when its source or dataset left the configuration: no run comes back for it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Check } from '../../../src/domain/check.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('redis', 'the doctor, of what left the configuration', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;

  beforeEach(async () => {
    lake = directoryWith({});
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    await database.query('create table news (t timestamptz primary key, symbol text)');
    expect((await tierd('migrate')).exitCode).toBe(0);
  });
  afterEach(async () => {
    redis.disconnect();
    await server.remove();
  });

  const source = () =>
    `sources: { own: { kind: list, keys: "l:{symbol}", dataset: ${named}, columns: { symbol: "{symbol}", t: $entry } } }`;

  let named = 'news';
  let lake: string;

  function tierd(...argv: string[]) {
    const directory = directoryWith({
      'tierd.yaml': `
postgres: { url: "${database.url}" }
redis: { url: "${server.url}" }
lake: { type: local, path: ${lake}, min_free: 0MB }
datasets: { ${named}: { table: news, time_column: t } }
drain: { ${source()} }
`,
    });
    return runInside(['--config', join(directory, 'tierd.yaml'), ...argv], {
      clock: { now: Date.now },
    });
  }

  async function leftBehind(): Promise<readonly Check[]> {
    const { checks } = JSON.parse((await tierd('doctor', '--json')).stdout) as {
      checks: Check[];
    };
    return checks.filter(({ name }) => name.startsWith('left_behind'));
  }

  it('names moves, deliveries and claims, with what to do of each', async () => {
    expect(await leftBehind()).toEqual([]);
    await database.query(`
      insert into tierd.leases values ('gone', 1, 'dead', now(), now()), ('news', 1, 'dead', now(), now());
      insert into tierd.runs (job, dataset, holder, state, started_at) values ('rotate', 'gone', 'dead', 'running', now())`);
    for (const [dataset, state] of [
      ['gone', 'publishing'],
      ['gone', 'finished'],
      ['news', 'publishing'],
    ] as const) {
      await database.query(
        `insert into tierd.moves (id, run_id, dataset, token, removal, range_from, range_to, state)
         select $1, id, $2, 1, 'delete', now(), now() + interval '1 day', $3 from tierd.runs`,
        [randomUUID(), dataset, state],
      );
    }
    await database.query(`
      insert into tierd.deliveries (source, stream_key, consumer_group, first_id, last_id, ids, id_count)
      values ('old', 's', 'tierd', '1', '1', '', 1), ('own', 's', 'tierd', '1', '1', '', 1);
      insert into tierd.claims (claim, source, list_key, position)
      values ('c', 'older', 'l', 1), ('d', 'own', 'l', 1)`);
    await redis.rpush('tierd:claim:older:0mt-01:{l:A}:l:A', '1');
    await redis.rpush('tierd:claim:own:0mt-01:{l:A}:l:A', '1');
    await redis.hset('tierd:claim:hashes:0mt-01:{h:A}:h:A', 'a', '1');
    const checks = await leftBehind();
    expect(checks.map(({ name, status }) => `${status} ${name}`).toSorted()).toEqual([
      'warning left_behind:gone',
      'warning left_behind:hashes:claims',
      'warning left_behind:old',
      'warning left_behind:older',
      'warning left_behind:older:claims',
    ]);
    expect(checks.find(({ name }) => name === 'left_behind:gone')).toMatchObject({
      found:
        '1 move of the dataset gone was begun and not ended, and gone is not in the configuration',
      advice: expect.stringContaining('tierd rotate gone') as string,
    });
  });

  it('names live segments of a dataset that was renamed, which no query finds any more', async () => {
    await database.query(
      `insert into news select now() - d * interval '24 hours', 'a' from generate_series(40, 44) d`,
    );
    expect((await tierd('rotate')).exitCode).toBe(0);
    expect(await leftBehind()).toEqual([]);
    named = 'renamed';
    const [check] = await leftBehind();
    expect(check).toMatchObject({ name: 'left_behind:news:segments', status: 'warning' });
    expect(check?.found).toMatch(/^5 live segments of the dataset news are in the lake/u);
    const document = JSON.parse((await tierd('status', '--json')).stdout) as object;
    expect(document).toMatchObject({ not_configured: [{ dataset: 'news', segments: 5, rows: 5 }] });
    expect((await tierd('status')).stdout).toContain('not configured news: 5 rows in 5 segments');
    named = 'news';
    expect(JSON.parse((await tierd('status', 'news', '--json')).stdout)).toMatchObject({
      not_configured: [],
    });
  });
});
