/** Drivers of Python get over the PostgreSQL face what they get of PostgreSQL itself. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { PASSWORD, startFaceDaemon, USER } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { describeOn, servers } from '../support/servers.ts';

const COLUMNS = `time timestamptz not null, id int primary key, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric(12,3),
  t text collate "C", v varchar(20) collate "C", c char(5), d date, ts timestamp, tm time, iv interval, u uuid, by bytea, j json, jb jsonb,
  ia int[], ta text[], m mood, ip inet`;

const ROWS = `
  select '2024-01-01 00:00+00'::timestamptz + n * interval '24 hours 1.000001 seconds', n, n % 3 = 0, n, n * 10000000000, n / 3.0, n / 7.0,
    n * 1.125, case when n % 7 <> 0 then 'té' || n end, 'v' || n, 'c' || n % 9, '2024-01-01'::date + n,
    '2024-01-01'::timestamp + n * interval '1 second', '12:00'::time + n * interval '1 second', n * interval '1 day 1 second',
    md5(n::text)::uuid, decode(md5(n::text), 'hex'), json_build_object('n', n), jsonb_build_object('n', n), array[n, null, n + 1],
    array['a', 'b' || n, null, 'c d'], (array['sad', 'ok'])[1 + n % 2]::mood, '10.0.0.1'
  from generate_series(1, 40) n`;

interface Answer {
  readonly name: string;
  readonly postgres: string;
  readonly face: string;
}

describeOn('python', 'clients of Python', () => {
  it('get what PostgreSQL gives them', async () => {
    const database = await createTestDatabase();
    await database.query(`create type mood as enum ('sad', 'ok'); create table kinds (${COLUMNS})`);
    await database.query(`insert into kinds ${ROWS}`);
    await database.query('create table whole as table kinds');
    const daemon = await startFaceDaemon(database, { datasets: '  kinds: { time_column: time }' });
    try {
      const child = spawn(servers().python ?? '', [join(import.meta.dirname, 'face_clients.py')]);
      const face = { host: '127.0.0.1', port: daemon.port, user: USER, password: PASSWORD };
      child.stdin.end(
        JSON.stringify({ postgres: database.url, face: { ...face, dbname: 'tierd' } }),
      );
      const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
      expect(out, errors).toMatch(/^\[/);
      const answers = JSON.parse(out) as readonly Answer[];
      expect(answers.length).toBeGreaterThan(25);
      for (const { name, postgres, face: given } of answers) {
        expect(given, name).toBe(postgres);
        expect(given, name).not.toMatch(/^\w*Error/);
      }
    } finally {
      await endHttpDaemon(daemon);
    }
  });
});
