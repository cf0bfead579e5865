/** A replica that becomes the master has forgotten what was not replicated yet. */
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ClaimProgress, LiveBatch } from '../../../src/domain/live/live-entry.ts';
import type { LiveTarget } from '../../../src/domain/live/live-target.ts';
import {
  closeScenes,
  drainPass,
  openRedis,
  openScene,
  readBatch,
  specOf,
} from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const PATIENCE = { timeout: 60_000 };

describeOn('redis', 'a failover of the live store', () => {
  let servers: RedisServer[] = [];
  let master: Redis;
  let replica: Redis;
  beforeEach(async () => {
    const [first, second] = await Promise.all([startRedis(), startRedis()]);
    servers = [first, second];
    master = openRedis(first.url);
    replica = openRedis(second.url);
    await replica.replicaof('127.0.0.1', first.port);
    await inSync();
  });
  afterEach(async () => {
    closeScenes();
    master.disconnect();
    replica.disconnect();
    await Promise.all(servers.map((server) => server.remove()));
  });

  const inSync = (): Promise<void> =>
    vi.waitFor(async () => {
      expect(await master.wait(1, 100)).toBe(1);
      expect(await replica.info('replication')).toContain('master_link_status:up');
    }, PATIENCE);
  /** From now on the replica hears nothing: it is what it will be when it is promoted. */
  const freeze = async (): Promise<void> => {
    await inSync();
    await replica.replicaof('NO', 'ONE');
  };
  const at = (index: number, changes: Partial<LiveTarget> = {}): LiveTarget =>
    targetOf(servers[index]?.url ?? '', changes);
  const idsOf = ({ origin }: LiveBatch): readonly string[] =>
    origin.kind === 'stream' ? origin.ids : [];

  it('brings acknowledged entries of a stream back under the ids that the ledger knows', async () => {
    for (let index = 1; index <= 20; index += 1) {
      await master.xadd('ticks', `${String(index)}-0`, 'n', String(index));
    }
    await freeze();
    const seen: string[][] = [[], []];
    for (const index of [0, 1]) {
      const { source } = await openScene(at(index), specOf('stream', 'ticks'));
      await drainPass(source, (batch) => {
        seen[index]?.push(...idsOf(batch));
      });
    }
    expect(seen[0]).toHaveLength(20);
    expect(seen[1]).toEqual(seen[0]);
  });

  it('I4: brings back no list that was drained, where its claim had to be replicated', async () => {
    await master.rpush('ticks', ...Array.from({ length: 30 }, (_, index) => String(index)));
    const claims = new Map<string, ClaimProgress>();
    const rows: string[] = [];
    const commit = ({ entries, origin }: LiveBatch): void => {
      if (origin.kind !== 'claimed-list') return;
      claims.set(origin.claim, { position: origin.toIndex, done: origin.last });
      rows.push(...entries.map(({ id }) => id ?? ''));
    };
    const progressOf = (claim: string): Promise<ClaimProgress> =>
      Promise.resolve(claims.get(claim) ?? null);
    const spec = specOf('list', 'ticks');
    const limits = { maxEntries: 10, maxBytes: 10_000 };
    const { source } = await openScene(at(0, { waitReplicas: 1 }), spec, { progressOf });
    commit(await readBatch(source, limits));
    await freeze();
    for (let count = 0; count < 2; count += 1) {
      const batch = await readBatch(source, limits);
      commit(batch);
      await source.acknowledge(batch);
    }
    expect(await master.dbsize()).toBe(0);
    expect(await replica.dbsize(), 'resurrected').toBe(1);
    const next = await openScene(at(1), spec, { progressOf });
    await drainPass(next.source, commit, limits);
    expect(rows).toHaveLength(30);
    expect(await replica.dbsize()).toBe(0);
  });

  it('is followed with the help of sentinels', { timeout: 60_000 }, async () => {
    const [first, second] = servers;
    if (first === undefined || second === undefined) throw new Error('no servers');
    const sentinel = await startRedis({ sentinelOf: first });
    servers.push(sentinel);
    const target = at(0, {
      topology: {
        kind: 'sentinel',
        master: 'mymaster',
        nodes: [{ host: '127.0.0.1', port: sentinel.port }],
      },
    });
    await master.hset('tick:A', { price: '1' });
    const before = await openScene(target, specOf('move', 'tick:{symbol}'));
    const batch = await readBatch(before.source);
    await inSync();
    const asker = openRedis(sentinel.url);
    await vi.waitFor(
      async () => {
        expect(await asker.call('SENTINEL', 'FAILOVER', 'mymaster')).toBe('OK');
      },
      { ...PATIENCE, interval: 300 },
    );
    await vi.waitFor(
      async () => {
        expect(await replica.info('replication')).toContain('role:master');
        expect(await master.info('replication')).toContain('role:slave');
      },
      { ...PATIENCE, interval: 200 },
    );
    asker.disconnect();
    await expect(before.source.acknowledge(batch)).rejects.toMatchObject({
      code: 'REDIS_UNREACHABLE',
    });
    const after = await openScene(target, specOf('move', 'tick:{symbol}'));
    await after.source.acknowledge(await readBatch(after.source));
    expect(await replica.dbsize()).toBe(0);
  });
});
