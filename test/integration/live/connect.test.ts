import { type AddressInfo, createServer } from 'node:net';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { announceDrained } from '../../../src/live/announce.ts';
import { connectLive } from '../../../src/live/connect.ts';
import { closeScenes, openRedis, openScene, readBatch, specOf } from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('redis', 'a connection to the live store', () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
  });
  beforeEach(() => redis.flushall());
  afterEach(closeScenes);
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  it('is known to the server by the job that it is for', async () => {
    await openScene(targetOf(server.url), specOf('move', 'a'));
    expect(await redis.client('LIST')).toContain('name=tierd/test');
  });

  it('says where nobody answers, and never the password', async () => {
    const target = {
      ...targetOf('redis://127.0.0.1:1'),
      password: 'very secret',
      connectTimeoutMs: 1_000,
    };
    const error = await connectLive(target, 'test').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'REDIS_UNREACHABLE' });
    expect(String(error)).toContain('redis://127.0.0.1:1/0');
    expect(JSON.stringify([error, String(error)])).not.toContain('secret');
  });

  it('says of a cluster that none of its nodes answers, not that a line was cut', async () => {
    const node = { host: '127.0.0.1', port: 1 };
    const target = targetOf(server.url, { topology: { kind: 'cluster', nodes: [node] } });
    await expect(connectLive(target, 'test')).rejects.toMatchObject({
      code: 'REDIS_UNREACHABLE',
      message: expect.stringContaining('none of the nodes that are named answers') as string,
    });
  });

  it.each(['single', 'cluster', 'sentinel'] as const)(
    'to something that accepts and never answers is given up in time (%s)',
    async (kind) => {
      const silent = createServer();
      await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
      const node = { host: '127.0.0.1', port: (silent.address() as AddressInfo).port };
      const topology = {
        single: { kind: 'single', node },
        cluster: { kind: 'cluster', nodes: [node] },
        sentinel: { kind: 'sentinel', master: 'mymaster', nodes: [node] },
      } as const;
      const target = targetOf(server.url, {
        topology: topology[kind],
        connectTimeoutMs: 200,
        commandTimeoutMs: 600_000,
      });
      await expect(connectLive(target, 'test')).rejects.toMatchObject({
        code: 'REDIS_UNREACHABLE',
      });
      silent.close();
    },
  );

  it('is given up when the person who asked for it interrupts', async () => {
    const silent = createServer();
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const { port } = silent.address() as AddressInfo;
    const target = targetOf(`redis://127.0.0.1:${String(port)}`, { connectTimeoutMs: 600_000 });
    const stop = new AbortController();
    const connecting = connectLive(target, 'test', stop.signal);
    silent.once('connection', () => stop.abort('SIGTERM'));
    await expect(connecting).rejects.toThrow('interrupted');
    silent.close();
  });

  it('is refused with a wrong password, and let in as an ACL user', async () => {
    await redis.acl('SETUSER', 'drainer', 'on', '>right', '~*', '&*', '+@all');
    const target = { ...targetOf(server.url), username: 'drainer' };
    await expect(connectLive({ ...target, password: 'wrong' }, 'test')).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const store = await connectLive({ ...target, password: 'right' }, 'test');
    expect(await store.client.call('ACL', 'WHOAMI')).toBe('drainer');
    store.close();
  });

  it('to a database that the server does not have is refused, and nothing of database 0 is taken', async () => {
    await redis.hset('tick:A', { price: '1', at: '2' });
    const target = { ...targetOf(server.url), db: 99 };
    await expect(connectLive(target, 'test')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('has no database 99') as string,
    });
    const there = await connectLive({ ...target, db: 5 }, 'test');
    expect(await there.client.dbsize()).toBe(0);
    const raw = await there.openRaw('a');
    expect(raw).toBeDefined();
    there.close();
  });

  it('to a database that the user may not select is refused as a right that lacks', async () => {
    await redis.call(
      'ACL',
      'SETUSER',
      'reader',
      'reset',
      'on',
      '>secret',
      '~*',
      '+@all',
      '-select',
    );
    const target = { ...targetOf(server.url), username: 'reader', password: 'secret' };
    await expect(connectLive({ ...target, db: 5 }, 'test')).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const zero = await connectLive(target, 'test');
    zero.close();
  });

  it('that breaks fails its next command and is not mended behind our back', async () => {
    await redis.hset('tick:A', { price: '1' });
    const { source } = await openScene(targetOf(server.url), specOf('move', 'tick:{symbol}'));
    const batch = await readBatch(source);
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await expect(source.acknowledge(batch)).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    // The pass was at its end; a new one has to ask.
    await expect(readBatch(source)).rejects.toThrow('there was no batch');
    await expect(readBatch(source)).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    expect(await redis.exists('tick:A')).toBe(1);
  });

  it('to a server that went away, and came back, is a new one', async () => {
    await redis.hset('tick:A', { price: '1' });
    const first = await openScene(targetOf(server.url), specOf('move', 'tick:{symbol}'));
    await server.stop('immediate');
    await expect(readBatch(first.source)).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    await server.start();
    const second = await openScene(targetOf(server.url), specOf('move', 'tick:{symbol}'));
    expect((await readBatch(second.source)).entries).toHaveLength(1);
  });

  it('tells subscribers of what was drained', async () => {
    const subscriber = openRedis(server.url);
    const heard: string[] = [];
    subscriber.on('message', (channel, message) => {
      heard.push(`${channel} ${message}`);
    });
    await subscriber.subscribe('tierd:drained:ticks');
    const { store } = await openScene(targetOf(server.url), specOf('move', 'a'));
    const newest = '2026-01-01T00:00:00.000Z';
    await announceDrained(store, { dataset: 'ticks', source: 'latest', rows: 3, newest });
    await vi.waitFor(() => {
      expect(heard).toEqual([
        `tierd:drained:ticks {"source":"latest","rows":3,"newest":"${newest}"}`,
      ]);
    }, 60_000);
    subscriber.disconnect();
  });
});
