import { Cluster } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LiveEntry, LiveSourceSpec } from '../../../src/domain/live/live-entry.ts';
import type { LiveTarget } from '../../../src/domain/live/live-target.ts';
import { claimNames } from '../../../src/live/claim-name.ts';
import { connectLive } from '../../../src/live/connect.ts';
import { keySlot } from '../../../src/live/key-slot.ts';
import { documentedRules } from '../../support/documented-rules.ts';
import { closeScenes, drainPass, openScene, readBatch, specOf } from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { startRedisCluster } from '../../support/redis-cluster.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('redis', 'a cluster', () => {
  let servers: readonly RedisServer[] = [];
  let cluster: Cluster;
  let target: LiveTarget;
  beforeAll(async () => {
    servers = await startRedisCluster();
    const nodes = servers.map(({ port }) => ({ host: '127.0.0.1', port }));
    cluster = new Cluster(nodes);
    target = targetOf(servers[0]?.url ?? '', {
      topology: { kind: 'cluster', nodes: nodes.slice(0, 1) },
    });
  });
  beforeEach(async () => {
    await Promise.all(cluster.nodes('master').map((node) => node.flushall()));
  });
  afterEach(closeScenes);
  afterAll(async () => {
    cluster.disconnect();
    await Promise.all(servers.map((server) => server.remove()));
  });

  const KEYS = Array.from({ length: 120 }, (_, index) => `tick:${String(index)}`);
  const sizes = (): Promise<number[]> =>
    Promise.all(cluster.nodes('master').map((node) => node.dbsize()));
  const total = async (): Promise<number> => (await sizes()).reduce((sum, size) => sum + size, 0);

  async function drained(spec: LiveSourceSpec, limits = { maxEntries: 50, maxBytes: 4_000 }) {
    const { source } = await openScene(target, spec);
    const entries: LiveEntry[] = [];
    await drainPass(
      source,
      (batch) => {
        expect(batch.entries.length).toBeLessThanOrEqual(limits.maxEntries);
        expect(batch.bytes).toBeLessThanOrEqual(limits.maxBytes);
        entries.push(...batch.entries);
      },
      limits,
    );
    return entries;
  }

  it('is refused in the same words where the url of one of its nodes names another database', async () => {
    // As `redis://…/1` is read: SELECT is what the server refuses first.
    const second = targetOf(servers[0]?.url ?? '', { db: 1 });
    await expect(connectLive(second, 'test')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('is one node of a Redis Cluster') as string,
      hint: expect.stringMatching(
        /redis\.cluster\.nodes.* read in database 0: what lies in 1,/,
      ) as string,
    });
  });

  it('is refused where one of its nodes is named as if it were all of it', async () => {
    const alone = servers[0]?.url ?? '';
    await expect(connectLive(targetOf(alone), 'test')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('redis.cluster.nodes') as string,
    });
  });

  describe('with a user of its own', () => {
    async function loginWith(rules: readonly string[]): Promise<Partial<LiveTarget>> {
      for (const node of cluster.nodes('master')) {
        await node.call('ACL', 'SETUSER', 'tierd', 'reset', 'on', '>secret', ...rules);
      }
      return { username: 'tierd', password: 'secret' };
    }

    it('needs no more rights than config/redis.conf gives', async () => {
      await cluster.hset('tick:1', { price: '1' });
      const login = await loginWith(documentedRules());
      const { source } = await openScene({ ...target, ...login }, specOf('claim', 'tick:{symbol}'));
      expect((await readBatch(source)).entries).toHaveLength(1);
    });

    it('says which right is missing, and never waits for it', async () => {
      const login = await loginWith(['~*', '&*', '+@all', '-cluster']);
      await expect(connectLive({ ...target, ...login }, 'test')).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        message: expect.stringContaining('cluster|slots') as string,
      });
    });
  });

  it('has keys in the slots that we reckon, and claims in the slots of their keys', async () => {
    const keys = [
      ...KEYS,
      '{tag}:a',
      'a:{tag}:b',
      '{}x',
      'a}b{c',
      '{a{b}c}',
      '{',
      'ü:{ö}',
      '',
      'x}',
    ];
    const names = claimNames('source', { now: () => 1 });
    for (const key of keys) {
      expect(keySlot(key), key).toBe(await cluster.cluster('KEYSLOT', key));
      const claim = names.next(key);
      expect(await cluster.cluster('KEYSLOT', claim), claim).toBe(keySlot(key));
    }
  });

  it.each(['move', 'claim'] as const)(
    'is drained of hashes from every master: %s',
    async (kind) => {
      for (const key of KEYS) await cluster.hset(key, { price: key });
      expect(Math.min(...(await sizes()))).toBeGreaterThan(0);
      const entries = await drained(specOf(kind, 'tick:{symbol}'));
      expect(entries.map(({ key }) => key).sort()).toEqual([...KEYS].sort());
      expect(await total()).toBe(0);
    },
  );

  it('I4: has the claims of a dead process where the next one finds them', async () => {
    for (const key of KEYS) await cluster.hset(key, { price: key });
    const { source } = await openScene(target, specOf('claim', 'tick:{symbol}'));
    await readBatch(source);
    closeScenes();
    const entries = await drained(specOf('claim', 'tick:{symbol}'));
    expect(entries.map(({ key }) => key).sort()).toEqual([...KEYS].sort());
    expect(await total()).toBe(0);
  });

  it('is drained of lists, streams and sorted sets from every master', async () => {
    for (const key of KEYS) {
      await cluster.rpush(`l:${key}`, '1', '2');
      await cluster.xadd(`s:${key}`, '*', 'a', '1');
      await cluster.zadd(`z:${key}`, 1, 'a');
    }
    expect(await drained(specOf('list', 'l:{key*}'))).toHaveLength(2 * KEYS.length);
    expect(await drained(specOf('zset', 'z:{key*}'))).toHaveLength(KEYS.length);
    const stream = { ...specOf('stream', 's:{key*}'), trim: true } as LiveSourceSpec;
    expect(await drained(stream)).toHaveLength(KEYS.length);
    expect(await total(), 'the emptied streams').toBe(KEYS.length);
  });
});
