import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { connectLive } from '../../../src/live/connect.ts';
import { makeCertificate } from '../../support/certificates.ts';
import {
  closeScenes,
  openRedis,
  openScene,
  readBatch,
  specOf,
  textOf,
} from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { freePort } from '../../support/server-process.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('redis', 'a connection whose replies stay bytes', () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
  });
  afterEach(closeScenes);
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  const openRaw = async (commandTimeoutMs = 20_000) => {
    const store = await connectLive(targetOf(server.url, { commandTimeoutMs }), 'test');
    return { store, raw: await store.openRaw('') };
  };

  it('has an answer to each command, errors among them, however large', async () => {
    const { store, raw } = await openRaw();
    const large = 'ä'.repeat(3_000_000);
    await redis.set('large', large);
    const answers = await raw.ask([
      ['GET', 'large'],
      ['LLEN', 'large'],
      ['ECHO', 'é'],
    ]);
    expect(answers[0]?.toString()).toBe(`$6000000\r\n${large}\r\n`);
    expect(answers[1]?.toString()).toMatch(/^-WRONGTYPE/);
    expect(answers[2]?.toString()).toBe('$2\r\né\r\n');
    expect((await raw.ask([['PING']])).join()).toBe('+PONG\r\n');
    store.close();
  });

  it('that breaks, or is silent for too long, fails what is asked and all that follows', async () => {
    const silent = await openRaw(100);
    const blocked = silent.raw.ask([['BLPOP', 'never', '0']]);
    await expect(silent.raw.ask([['PING']])).rejects.toThrow('one request at a time');
    await expect(blocked).rejects.toThrow('timed out');
    await expect(silent.raw.ask([['PING']])).rejects.toThrow('timed out');
    silent.store.close();

    const { store, raw } = await openRaw();
    const waiting = raw.ask([['BLPOP', 'never', '0']]);
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await expect(waiting).rejects.toThrow('closed');
    await expect(raw.ask([['PING']])).rejects.toThrow('closed');
    store.close();
  });

  it('is as secret as the one beside it: TLS, with a certificate of its own', async () => {
    const { inside, ca } = await makeCertificate('redis', { days: 2 });
    const secret = await startRedis();
    const client = openRedis(secret.url);
    for (const [name, value] of [
      ['tls-cert-file', inside.cert],
      ['tls-key-file', inside.key],
      ['tls-auth-clients', 'no'],
    ] as const) {
      await client.config('SET', name, value);
    }
    const port = String(await freePort());
    await client.config('SET', 'tls-port', port);
    await client.hset('tick:A', { price: '1' });
    const target = {
      ...targetOf(`redis://127.0.0.1:${port}`),
      tls: { verify: true, caFile: ca },
    };
    const { source } = await openScene(target, specOf('move', 'tick:{symbol}'));
    const batch = await readBatch(source);
    expect(batch.entries.map(textOf)).toEqual([{ price: '1' }]);
    await source.acknowledge(batch);
    expect(await client.exists('tick:A')).toBe(0);
    await expect(connectLive({ ...target, tls: { verify: true } }, 'test')).rejects.toMatchObject({
      code: 'TLS_FAILED',
    });
    client.disconnect();
    await secret.remove();
  });
});
