/** The PostgreSQL face encrypted: by whom it can be asked, and what does not pass for encrypted. */

import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync } from 'node:fs';
import { connect as openSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeCertificate } from '../support/certificates.ts';
import { createTestDatabase } from '../support/database.ts';
import { connectTo, type FaceDaemon, psql, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { describeOn } from '../support/servers.ts';

describeOn('pg_dump', 'TLS', () => {
  let daemon: FaceDaemon;
  let ca: string;

  beforeAll(async () => {
    const database = await createTestDatabase();
    await database.query('create table ticks (ts timestamptz not null, id int)');
    const certificate = await makeCertificate('postgres', { days: 2 });
    const directory = mkdtempSync(join(tmpdir(), 'tierd-face-tls-'));
    const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    copyFileSync(certificate.cert, cert);
    copyFileSync(certificate.key, key);
    chmodSync(key, 0o600);
    ca = certificate.inside.ca;
    daemon = await startFaceDaemon(database, {
      datasets: '  ticks: { time_column: ts }',
      face: `tls_cert_file: ${cert}\n    tls_key_file: ${key}`,
    });
  });

  afterAll(() => endHttpDaemon(daemon));

  it('lets psql in that checks the certificate and the name', async () => {
    const answered = await psql(
      daemon,
      ['-Atc', '\\conninfo', '-c', 'select count(*) from ticks'],
      {
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: ca,
      },
    );
    expect(answered).toMatchObject({ code: 0, stderr: '' });
    expect(answered.stdout).toMatch(/SSL connection \(protocol: TLSv1\.[23].*\n0\n/s);
  });

  it('lets node-postgres in with TLS and, on this machine, without', async () => {
    for (const ssl of [{ rejectUnauthorized: false }, false]) {
      const client = await connectTo(daemon, { ssl });
      expect((await client.query('select count(*) from ticks')).rows).toEqual([{ count: '0' }]);
      await client.end();
    }
  });

  it('takes nothing for encrypted that was sent in the clear', async () => {
    const socket = openSocket({ host: '127.0.0.1', port: daemon.port });
    await once(socket, 'connect');
    const request = Buffer.alloc(8);
    request.writeInt32BE(8);
    request.writeInt32BE(80_877_103, 4);
    // In one piece with what a client would only send encrypted.
    socket.write(Buffer.concat([request, Buffer.from('Q\0\0\0\x0dselect 1\0')]));
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    await once(socket, 'close');
    expect(Buffer.concat(parts).toString()).toMatch(/^E.*08P01/s);
  });
});
