import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TierdError } from '../../../src/domain/errors.ts';
import type { RedisTls } from '../../../src/domain/live/live-target.ts';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { examineLive } from '../../../src/jobs/live-checks.ts';
import { connectLive } from '../../../src/live/connect.ts';
import { type Certificate, makeCertificate } from '../../support/certificates.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase } from '../../support/database.ts';
import { openDrainBench } from '../../support/drain.ts';
import { makeSource, TICKS } from '../../support/drain-source.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { freePort } from '../../support/server-process.ts';
import { describeOn } from '../../support/servers.ts';

interface Server {
  readonly redis: RedisServer;
  readonly tlsPort: number;
  readonly certificate: Certificate;
}

async function startWith(certificate: Certificate, clients = 'no'): Promise<Server> {
  const tlsPort = await freePort();
  const { cert, key, ca } = certificate.inside;
  const settings = {
    'tls-port': String(tlsPort),
    'tls-cert-file': cert,
    'tls-key-file': key,
    'tls-ca-cert-file': ca,
    'tls-auth-clients': clients,
  };
  return { redis: await startRedis({ settings }), tlsPort, certificate };
}

const urlOf = (port: number): string => `redis://127.0.0.1:${String(port)}`;

describeOn('redis', 'TLS to the live store', () => {
  let good: Server;
  let expired: Server;
  let elsewhere: Server;
  beforeAll(async () => {
    [good, expired, elsewhere] = await Promise.all([
      makeCertificate('redis', { days: 10 }).then((one) => startWith(one)),
      makeCertificate('redis', { days: -3 }).then((one) => startWith(one)),
      makeCertificate('redis', { days: 90, name: 'DNS:cache.example' }).then((one) =>
        startWith(one),
      ),
    ]);
  });
  afterAll(() => Promise.all([good, expired, elsewhere].map(({ redis }) => redis.remove())));

  const FAILURES = {
    'a certificate that ran out': () => ({ server: expired, hint: 'renew the certificate' }),
    'an authority that nobody named': () => ({ server: good, ca: null, hint: 'tls_ca_file' }),
    'a certificate of another name': () => ({ server: elsewhere, hint: 'by the name' }),
    'a port without TLS': () => ({
      server: good,
      port: good.redis.port,
      hint: 'tls-port',
    }),
    'a port with TLS, asked without': () => ({
      server: good,
      tls: null,
      hint: 'rediss://',
    }),
  } as const satisfies Record<
    string,
    () => { server: Server; ca?: null; port?: number; tls?: null; hint: string }
  >;

  it.each(Object.entries(FAILURES))('fails at once, with what to do: %s', async (_, make) => {
    const failure: ReturnType<typeof make> & { ca?: null; port?: number; tls?: null } = make();
    const { server, port = server.tlsPort, tls, ca, hint } = failure;
    const caFile = ca === null ? {} : { caFile: server.certificate.ca };
    const target = targetOf(urlOf(port), {
      // What says nothing to a hello is not waited for.
      connectTimeoutMs: 3_600_000,
      ...(tls === null ? {} : { tls: { verify: true, ...caFile } }),
    });
    const database = await createTestDatabase();
    await database.query(`create table ticks (${TICKS}, primary key (symbol, ts))`);
    const bench = await openDrainBench(database, server.redis.url);
    // A store that is only away would be waited for as long as this test may take.
    const patient = {
      connectLive: () => connectLive(target, 'test'),
      settings: { ...bench.rooms.settings, patienceMs: 3_600_000 },
    };
    await expect(bench.drain(makeSource('ticks', { kind: 'move' }), patient)).rejects.toMatchObject(
      { code: 'TLS_FAILED', hint: expect.stringContaining(hint) as string },
    );
    expect(bench.events.filter(({ kind }) => kind === 'retrying')).toEqual([]);
  });

  it.each([
    ['sentinel', true, /the sentinel 127\.0\.0\.1:\d+ speaks no TLS at this port/],
    ['cluster', true, /the node 127\.0\.0\.1:\d+ speaks no TLS at this port/],
    ['sentinel', false, /the sentinel 127\.0\.0\.1:\d+ speaks TLS at this port/],
    ['cluster', false, /the node 127\.0\.0\.1:\d+ speaks TLS at this port/],
  ] as const)(
    'says which of those that are named, of a %s, does not speak as it is asked (by TLS: %s)',
    async (kind, byTls, message) => {
      const port = byTls ? good.redis.port : good.tlsPort;
      const nodes = [{ host: '127.0.0.1', port }];
      const target = targetOf(urlOf(port), {
        topology: kind === 'sentinel' ? { kind, master: 'm', nodes } : { kind, nodes },
        tls: byTls ? { verify: true, caFile: good.certificate.ca } : null,
        connectTimeoutMs: 3_600_000,
      });
      await expect(connectLive(target, 'test')).rejects.toMatchObject({
        code: 'TLS_FAILED',
        message: expect.stringMatching(message) as string,
      });
    },
  );

  it('says in words what is wrong with the certificate that tierd shows, or does not', async () => {
    const { ca, cert } = good.certificate;
    const strict = await startWith(good.certificate, 'yes');
    const failure = async (tls: { certFile?: string; keyFile?: string }) => {
      const target = targetOf(urlOf(strict.tlsPort), { tls: { verify: true, caFile: ca, ...tls } });
      return connectLive(target, 'test').then(
        () => '',
        (error: unknown) => `${String(error)} ${(error as TierdError).hint ?? ''}`,
      );
    };
    try {
      expect(await failure({})).toMatch(/failed: [^:]+ .*redis\.tls_cert_file and/s);
      const { key } = expired.certificate;
      expect(await failure({ certFile: cert, keyFile: key })).toMatch(
        /failed: key values mismatch .*is not the key of redis\.tls_cert_file/s,
      );
      const { certificate: strange } = elsewhere;
      expect(await failure({ certFile: strange.cert, keyFile: strange.key })).not.toMatch(
        /routines|error:/,
      );
    } finally {
      await strict.redis.remove();
    }
  });

  it.each([
    ['tls_ca_file', { caFile: 'x' }, 'hello', 'holds no certificate'],
    ['tls_ca_file', { caFile: 'x' }, '', 'holds no certificate'],
    ['tls_cert_file', { certFile: 'x', keyFile: 'key' }, 'hello', 'holds no certificate'],
    ['tls_key_file', { certFile: 'cert', keyFile: 'x' }, 'hello', 'holds no key that can be read'],
    ['tls_key_file', { certFile: 'cert', keyFile: 'x' }, null, "can't be read (ENOENT)"],
  ])(
    'says what a file that is named does not hold: %s %o %o',
    async (setting, files, text, told) => {
      const { certificate, tlsPort } = good;
      const x = join(directoryWith(text === null ? {} : { x: text }), 'x');
      const { cert, key } = certificate;
      const paths = { x, cert, key } as Record<string, string>;
      const named = Object.entries(files).map(([name, file]) => [name, paths[file]]);
      const tls = { verify: true, ...Object.fromEntries(named) } as RedisTls;
      await expect(connectLive(targetOf(urlOf(tlsPort), { tls }), 'test')).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: `redis.${setting}, ${x}, ${told}; nothing was done`,
      });
    },
  );

  it('tells for how long the certificates hold, of the server and of tierd', async () => {
    const { ca, cert, key } = good.certificate;
    const tls = { verify: true, caFile: ca, certFile: cert, keyFile: key };
    const { checks, servers } = await examineLive({
      connect: () => connectLive(targetOf(urlOf(good.tlsPort), { tls }), 'test'),
      sources: [],
      settings: { drainIntervalMs: 10_000, waitReplicas: 0 },
      clock: systemClock,
      signal: new AbortController().signal,
    });
    expect(servers).toMatchObject([{ transport: { isEncrypted: true, address: '127.0.0.1' } }]);
    expect(checks.filter(({ name }) => /certificate|cert_file/.test(name))).toMatchObject([
      {
        status: 'warning',
        found: expect.stringMatching(/runs out in 9 days, on \d{4}-/) as string,
      },
      { name: 'redis:tls_cert_file', status: 'warning' },
    ]);
  });
});
