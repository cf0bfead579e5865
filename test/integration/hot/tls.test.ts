import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check } from '../../../src/domain/check.ts';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { checkHotStore } from '../../../src/hot/doctor/doctor-checks.ts';
import { connect } from '../../../src/hot/server/connect.ts';
import { type Certificate, makeCertificate } from '../../support/certificates.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres-server.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('pg_dump', 'TLS to PostgreSQL', () => {
  let certificate: Certificate;
  let expired: Certificate;
  let server: PostgresServer;
  let late: PostgresServer;
  beforeAll(async () => {
    [certificate, expired] = await Promise.all([
      makeCertificate('postgres', { days: 10 }),
      makeCertificate('postgres', { days: -3 }),
    ]);
    [server, late] = await Promise.all([start(certificate), start(expired)]);
  });
  afterAll(() => Promise.all([server.remove(), late.remove()]));

  const start = ({ inside }: Certificate): Promise<PostgresServer> =>
    startPostgres({
      settings: { ssl: 'on', ssl_cert_file: inside.cert, ssl_key_file: inside.key },
    });
  const withTls = (url: string, mode: string, ca?: string): string => {
    const named = new URL(url);
    named.searchParams.set('sslmode', mode);
    if (ca !== undefined) named.searchParams.set('sslrootcert', ca);
    return named.href;
  };
  async function look(url: string): Promise<readonly Check[]> {
    const target = { url, directUrl: url, connectTimeoutMs: 5_000, datasets: [] };
    return checkHotStore({
      ...target,
      clock: systemClock,
      coldRanges: () => Promise.resolve([]),
      sources: 0,
    });
  }

  it('warns of a certificate that soon runs out', async () => {
    const checks = await look(withTls(server.url, 'verify-full', certificate.ca));
    expect(checks.find(({ name }) => name === 'postgres_certificate')).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/PostgreSQL runs out in 9 days/) as string,
    });
    expect((await look(server.url)).map(({ name }) => name)).not.toContain('postgres_certificate');
  });

  it.each([
    ['ran out', () => withTls(late.url, 'verify-full', expired.ca), 'renew'],
    ['of nobody known', () => withTls(server.url, 'verify-full'), 'ssl_ca_file'],
  ])('fails at once, with what to do: %s', async (_, url, hint) => {
    await expect(connect({ url: url(), job: 'test' })).rejects.toMatchObject({
      code: 'TLS_FAILED',
      retry: false,
      hint: expect.stringContaining(hint) as string,
    });
  });

  it.each([
    ['sslrootcert=/nowhere.pem', 'the file /nowhere.pem, named for TLS to PostgreSQL, can'],
    ['sslrootcert=/tmp', 'a file, named for TLS to PostgreSQL, can'],
    ['sslkey=/nowhere.key', 'the file /nowhere.key, named for TLS to PostgreSQL, can'],
  ])('says that a file can not be read: %s', async (setting, told) => {
    const url = `${withTls(server.url, 'verify-full')}&${setting}`;
    await expect(connect({ url, job: 'test' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(told) as string,
      hint: expect.stringContaining('ssl_ca_file') as string,
    });
  });
});

describe('TLS to a PostgreSQL that has none', () => {
  it('fails at once, with what to do', async () => {
    const server = await startPostgres();
    try {
      await expect(
        connect({ url: `${server.url}?sslmode=verify-full`, job: 'test' }),
      ).rejects.toMatchObject({
        code: 'TLS_FAILED',
        hint: expect.stringContaining('ssl = on') as string,
      });
    } finally {
      await server.remove();
    }
  });
});
