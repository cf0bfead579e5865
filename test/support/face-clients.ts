/** Clients of other languages, which ask PostgreSQL and its face the same and print both answers. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { createTestDatabase } from './database.ts';
import { PASSWORD, startFaceDaemon, USER } from './face-daemon.ts';
import { endHttpDaemon } from './http-daemon.ts';

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

export interface FacePlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly dbname: string;
}

/**
 * Rows of many types, half of them in the lake: in PostgreSQL as `whole`, over the face as `kinds`.
 *
 * @param command the client
 * @param orderOf what it gets on stdin
 * @param atLeast so many questions are asked
 */
export async function expectAlike(
  [program, ...args]: readonly [string, ...string[]],
  orderOf: (postgres: string, face: FacePlace) => string,
  atLeast: number,
): Promise<void> {
  const database = await createTestDatabase();
  await database.query(`create type mood as enum ('sad', 'ok'); create table kinds (${COLUMNS})`);
  await database.query(`insert into kinds ${ROWS}`);
  await database.query('create table whole as table kinds');
  const daemon = await startFaceDaemon(database, { datasets: '  kinds: { time_column: time }' });
  try {
    const child = spawn(program, args);
    const place = { host: '127.0.0.1', port: daemon.port, user: USER, password: PASSWORD };
    child.stdin.end(orderOf(database.url, { ...place, dbname: 'tierd' }));
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(out, errors).toMatch(/^\[/);
    const answers = JSON.parse(out) as readonly Answer[];
    expect(answers.length).toBeGreaterThanOrEqual(atLeast);
    const wrong = answers.filter(
      ({ postgres, face }) => face !== postgres || /^\w*Error/.test(face),
    );
    expect(wrong).toEqual([]);
  } finally {
    await endHttpDaemon(daemon);
  }
}
