import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { BatchLimits, ClaimProgress, LiveBatch } from '../../../src/domain/live/live-entry.ts';
import {
  closeScenes,
  drainPass,
  LIMITS,
  type LiveScene,
  openRedis,
  openScene,
  readBatch,
  specOf,
  textOf,
} from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

/** As much of the ledger as claims need; every row that a commit made is in `rows`. */
class ClaimLedger {
  readonly rows: string[] = [];
  readonly #claims = new Map<string, { position: number; done: boolean }>();

  readonly progressOf = (claim: string): Promise<ClaimProgress> =>
    Promise.resolve(this.#claims.get(claim) ?? null);

  commit({ entries, origin }: LiveBatch): void {
    if (origin.kind !== 'claimed-list') return;
    expect(origin.fromIndex).toBe(this.#claims.get(origin.claim)?.position ?? 0);
    this.#claims.set(origin.claim, { position: origin.toIndex, done: origin.last });
    this.rows.push(...entries.map((entry) => String(textOf(entry))));
  }
}

describeOn('redis', 'a source of lists', () => {
  let server: RedisServer;
  let redis: Redis;
  let ledger: ClaimLedger;
  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
  });
  beforeEach(async () => {
    await redis.flushall();
    ledger = new ClaimLedger();
  });
  afterEach(closeScenes);
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  const open = (): Promise<LiveScene> =>
    openScene(targetOf(server.url), specOf('list', 'ticks:{symbol}'), ledger);
  const drain = async (limits: BatchLimits = LIMITS): Promise<void> =>
    drainPass(
      (await open()).source,
      (batch) => {
        ledger.commit(batch);
      },
      limits,
    );
  const numbered = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `tick ${String(index)}`);

  it('reads entries in their order, two equal ones as two', async () => {
    await redis.rpush('ticks:A', 'x', 'x', 'y', 'x');
    await drain();
    expect(ledger.rows).toEqual(['x', 'x', 'y', 'x']);
    expect(await redis.dbsize()).toBe(0);
  });

  it('gives batches within the limits, with their places in the claim', async () => {
    await redis.rpush('ticks:A', ...numbered(100), 'z'.repeat(900), ...numbered(100));
    const batches: LiveBatch[] = [];
    await drainPass(
      (await open()).source,
      (batch) => {
        batches.push(batch);
        ledger.commit(batch);
      },
      { maxEntries: 30, maxBytes: 500 },
    );
    expect(ledger.rows).toHaveLength(201);
    for (const { entries, bytes } of batches) {
      expect(entries.length).toBeLessThanOrEqual(30);
      if (entries.length > 1) expect(bytes).toBeLessThanOrEqual(500);
    }
    const lasts = batches.map(({ origin }) => origin.kind === 'claimed-list' && origin.last);
    expect(lasts.filter(Boolean)).toHaveLength(1);
    expect(batches.map(({ entries }) => entries[0]?.id)[0]).toBe('0');
  });

  it('I5: the claim stays until its last entry is acknowledged', async () => {
    await redis.rpush('ticks:A', ...numbered(25));
    const { source } = await open();
    const limits = { maxEntries: 10, maxBytes: 10_000 };
    for (const left of [1, 1, 0]) {
      const batch = await readBatch(source, limits);
      expect(await redis.dbsize()).toBe(1);
      await source.acknowledge(batch);
      expect(await redis.dbsize()).toBe(left);
    }
  });

  it('what writers push meanwhile is a new list, and is not lost', async () => {
    await redis.rpush('ticks:A', ...numbered(10));
    const { source } = await open();
    const batch = await readBatch(source);
    await redis.rpush('ticks:A', 'late');
    ledger.commit(batch);
    await source.acknowledge(batch);
    await drain();
    expect(ledger.rows).toEqual([...numbered(10), 'late']);
  });

  it.each([
    ['before the commit', false],
    ['after the commit', true],
  ])('I4: a process that dies %s of a batch loses and doubles nothing', async (_, committed) => {
    await redis.rpush('ticks:A', ...numbered(35));
    for (let death = 0; death < 3; death += 1) {
      const { source } = await open();
      const batch = await readBatch(source, { maxEntries: 10, maxBytes: 10_000 });
      if (committed) ledger.commit(batch);
      closeScenes();
      await redis.rpush('ticks:A', `late ${String(death)}`);
    }
    await drain({ maxEntries: 10, maxBytes: 10_000 });
    await drain();
    const late = ['late 0', 'late 1', 'late 2'];
    expect([...ledger.rows].sort()).toEqual([...numbered(35), ...late].sort());
    expect(await redis.dbsize()).toBe(0);
  });

  it('I4: a claim whose end is committed is only removed', async () => {
    await redis.rpush('ticks:A', 'x', 'x');
    const { source } = await open();
    ledger.commit(await readBatch(source));
    closeScenes();
    expect(await redis.dbsize()).toBe(1);
    await drain();
    expect(ledger.rows).toEqual(['x', 'x']);
    expect(await redis.dbsize()).toBe(0);
  });

  it('I4: a Redis that forgets its last second brings back nothing that was committed', async () => {
    await redis.config('SET', 'appendfsync', 'everysec');
    for (let round = 0; round < 5; round += 1) {
      await redis.rpush('ticks:A', ...numbered(20).map((text) => `${String(round)} ${text}`));
      await redis.call('WAITAOF', 1, 0, 5_000);
      const { source } = await open();
      const batch = await readBatch(source);
      ledger.commit(batch);
      await source.acknowledge(batch);
      closeScenes();
      await server.stop('immediate');
      await server.start();
      await redis.config('SET', 'appendfsync', 'everysec');
      await drain();
    }
    await redis.config('SET', 'appendfsync', 'always');
    expect(ledger.rows).toHaveLength(100);
    expect(new Set(ledger.rows).size).toBe(100);
    expect(await redis.dbsize()).toBe(0);
  });

  it('nothing is given of a claim that its replicas do not have', async () => {
    await redis.rpush('ticks:A', 'x');
    const target = targetOf(server.url, { waitReplicas: 1 });
    const { source } = await openScene(target, specOf('list', 'ticks:{symbol}'), ledger);
    await expect(readBatch(source)).rejects.toMatchObject({ code: 'CLAIM_NOT_DURABLE' });
    closeScenes();
    await drain();
    expect(ledger.rows).toEqual(['x']);
  });

  it('lists of many keys come one after the other, and other types are told', async () => {
    await redis.set('ticks:S', 'no list');
    for (let index = 0; index < 30; index += 1) {
      await redis.rpush(`ticks:${String(index)}`, String(index));
    }
    const problems: string[] = [];
    await drainPass((await open()).source, (batch) => {
      problems.push(...batch.problems.map(({ key }) => key));
      ledger.commit(batch);
    });
    expect(problems).toEqual(['ticks:S']);
    expect(ledger.rows).toHaveLength(30);
    expect(await redis.keys('*')).toEqual(['ticks:S']);
  });
});
