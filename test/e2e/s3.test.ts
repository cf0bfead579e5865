/** A lake in a bucket as a person has it: the built program, its words, its exit codes. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { ListedObject } from '../../src/lake/object-store.ts';
import type { CliResult } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeS3Lake, type S3Lake } from '../support/s3-lake.ts';
import { openS3Proxy } from '../support/s3-proxy.ts';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { describeOn } from '../support/servers.ts';
import { makeWorkspace, type Workspace } from '../support/workspace.ts';

const DAYS = [40, 39, 5];
const ROWS_A_DAY = 50;

describeOn('s3', 'a lake in a bucket', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  interface Scene {
    readonly database: TestDatabase;
    readonly lake: S3Lake;
    readonly workspace: Workspace;
  }

  /** Two days of rows that are due, and one that is not. */
  async function openScene(
    changes: { readonly endpoint?: string; readonly secret?: string; readonly more?: string } = {},
  ) {
    const database = await createTestDatabase();
    await database.query('create table ticks (ts timestamptz, symbol text, price numeric(20,8))');
    await database.query('create index on ticks (ts)');
    for (const daysAgo of DAYS) {
      await database.query(
        `insert into ticks
         select date_trunc('day', now(), 'UTC') - $1::int * interval '1 day' + n * interval '1 minute',
                's' || n % 3, n / 7.0
         from generate_series(0, ${String(ROWS_A_DAY - 1)}) n`,
        [daysAgo],
      );
    }
    const lake = await makeS3Lake(server);
    onTestFinished(() => lake.destroy());
    const { target } = lake;
    const workspace = makeWorkspace(
      database,
      '  ticks: { time_column: ts, sort_by: [symbol, ts] }',
      'storage: { lifecycle: { hot_days: 30 } }',
      `{ type: s3, bucket: ${target.bucket}, prefix: ${target.prefix}, endpoint: "${changes.endpoint ?? server.url}",
         region: ${target.region}, access_key_id: "${server.accessKeyId}",
         secret_access_key: "${changes.secret ?? server.secretAccessKey}", work_directory: work, min_free: 0MB,
         connect_timeout: 1s, request_timeout: 2s, retry_for: 0s${changes.more ?? ''} }`,
    );
    return { database, lake, workspace } satisfies Scene;
  }

  const rowsOf = ({ stdout }: CliResult): unknown =>
    stdout.trim() === ''
      ? []
      : stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown);

  async function listed({ store }: S3Lake): Promise<readonly ListedObject[]> {
    const found: ListedObject[] = [];
    for await (const object of store.list('ticks/')) found.push(object);
    return found;
  }

  it('is rotated into, asked, scrubbed and told of like one on a disk (I1, I2)', async () => {
    const { database, lake, workspace } = await openScene();
    expect(await workspace.tierd('migrate')).toMatchObject({ exitCode: 0 });
    const before = await database.query('select sum(price)::text from ticks');

    expect(await workspace.tierd('rotate')).toMatchObject({ exitCode: 0 });
    const [hot] = (await database.query('select count(*)::int from ticks')).rows;
    expect(hot).toEqual({ count: ROWS_A_DAY });

    const asked = [
      'query',
      'select count(*) as n, sum(price)::varchar as sum from ticks',
      '-F',
      'ndjson',
    ];
    const answer = [{ n: DAYS.length * ROWS_A_DAY, sum: before.rows[0]?.sum }];
    expect(rowsOf(await workspace.tierd(...asked))).toEqual(answer);
    // Asked again, from what was kept.
    expect(await readdir(join(workspace.directory, 'work', 'segments'))).toHaveLength(2);
    expect(rowsOf(await workspace.tierd(...asked))).toEqual(answer);

    expect(await workspace.tierd('scrub')).toMatchObject({ exitCode: 0 });
    const doctor = await workspace.tierd('doctor', '--json');
    expect(doctor.stdout).toContain(`${lake.store.place} can be written`);
    expect((await workspace.tierd('status')).stdout).toContain(lake.store.place);
    expect(await lake.api.listUploads('')).toEqual([]);
    expect(await readdir(join(workspace.directory, 'work'))).toEqual(['segments']);
  });

  it('whose segment was altered is told by scrub, and not answered from', async () => {
    const { lake, workspace } = await openScene();
    await workspace.tierd('migrate');
    await workspace.tierd('rotate');
    const [first] = await listed(lake);
    const bytes = new Uint8Array(first?.bytes ?? 0).fill(7);
    await lake.plant(first?.key ?? '', bytes);

    const query = await workspace.tierd('query', 'select count(*) from ticks');
    expect(query.exitCode).toBe(1);
    expect(query.stderr).toContain('SEGMENT_UNREADABLE');
    const scrub = await workspace.tierd('scrub');
    expect(scrub.exitCode).toBe(1);
    expect(scrub.stdout).toContain(first?.key);
  });

  it('that nobody answers for moves nothing, and says where it looked', async () => {
    const { database, workspace } = await openScene({ endpoint: 'http://127.0.0.1:9' });
    await workspace.tierd('migrate');
    const rotate = await workspace.tierd('rotate');
    expect(rotate.exitCode).toBe(1);
    expect(rotate.stderr).toContain('ECONNREFUSED');
    expect(rotate.stderr).toContain('lake.endpoint');
    const [hot] = (await database.query('select count(*)::int from ticks')).rows;
    expect(hot).toEqual({ count: DAYS.length * ROWS_A_DAY });
  });

  it('whose session token expires in the middle says so, and goes on once its file has a new one (I1)', async () => {
    const proxy = await openS3Proxy(server.url);
    onTestFinished(() => proxy.close());
    const { database, workspace } = await openScene({
      endpoint: proxy.url,
      more: ', session_token_file: token',
    });
    const token = join(workspace.directory, 'token');
    let valid = 'first';
    proxy.judge(({ method, path, headers }) => {
      if (headers['x-amz-security-token'] !== valid) return 'expired';
      if (method === 'PUT' && path.includes('/ticks/year')) valid = 'second';
      return 'pass';
    });
    await writeFile(token, 'first');
    await workspace.tierd('migrate');
    const expired = await workspace.tierd('rotate');
    expect(expired.exitCode).toBe(1);
    expect(expired.stderr).toContain('ExpiredToken');
    expect(expired.stderr).toContain('Renew the session token');
    const hot = async (): Promise<unknown> =>
      (await database.query('select count(*)::int from ticks')).rows[0];
    expect(await hot()).toEqual({ count: DAYS.length * ROWS_A_DAY });

    await writeFile(token, 'second');
    proxy.judge(({ headers }) =>
      headers['x-amz-security-token'] === 'second' ? 'pass' : 'expired',
    );
    expect(await workspace.tierd('rotate')).toMatchObject({ exitCode: 0 });
    expect(await hot()).toEqual({ count: ROWS_A_DAY });
    expect(await workspace.tierd('scrub')).toMatchObject({ exitCode: 0 });
  });

  it('is asked for its checksums without being read', async () => {
    const { workspace } = await openScene();
    await workspace.tierd('migrate');
    await workspace.tierd('rotate');
    const looked = await workspace.tierd('scrub', '--by', 'checksum');
    expect(looked).toMatchObject({ exitCode: 0 });
    expect(looked.stdout).toContain('0 segments sound (0 B read, 0 rows proven)');
    // The tests' own server tells of none.
    expect(looked.stdout).toContain('of 2 segments the bucket keeps no checksum of the whole');
    const both = await workspace.tierd('scrub', '--by', 'checksum', '--independent');
    expect(both).toMatchObject({ exitCode: 2 });
  });

  it('is asked in parts: as all of it would answer, with rows that came again and columns of other names', async () => {
    const proxy = await openS3Proxy(server.url);
    onTestFinished(() => proxy.close());
    const { database, lake, workspace } = await openScene({ endpoint: proxy.url });
    await database.query('drop table ticks');
    await database.query(
      'create table ticks (ts timestamptz, symbol text, price numeric(20,8), note text, primary key (symbol, ts))',
    );
    await database.query('create index on ticks (ts)');
    for (const daysAgo of [41, 40, 5, 4]) {
      await database.query(
        `insert into ticks
         select date_trunc('day', now(), 'UTC') - $1::int * interval '1 day' + n / 20 * interval '1 second',
                's' || n % 20, n / 7.0, md5(n::text)
         from generate_series(0, 139999) n`,
        [daysAgo],
      );
    }
    await workspace.tierd('migrate');
    expect(await workspace.tierd('rotate')).toMatchObject({ exitCode: 0 });
    const { rows: days } = await database.query(
      `select (date_trunc('day', now(), 'UTC') - interval '40 days')::text as day`,
    );
    const day: unknown = days[0]?.day;
    // Newer ones of rows that have moved: one of each symbol.
    await database.query(
      `insert into ticks select $1::timestamptz, 's' || n, 1000000, 'again' from generate_series(0, 19) n`,
      [day],
    );
    await database.query('alter table ticks rename note to remark');

    // Names and types are known without the lake, and so is about what it will be asked for.
    const before = proxy.seen.length;
    const described = await workspace.tierd('query', 'describe ticks', '-F', 'ndjson');
    expect(described.stdout).toContain('remark');
    const empty = await workspace.tierd('query', 'select * from ticks limit 0', '-F', 'csv');
    expect(empty.stdout.trim()).toBe('ts,symbol,price,remark');
    const explained = await workspace.tierd('query', '--explain', 'select max(price) from ticks');
    expect(explained.stdout).toMatch(
      /of the bucket about [0-9.]+ [kKM]i?B in about [0-9]+ requests/,
    );
    expect(proxy.seen.slice(before)).toEqual([]);

    const question =
      "select count(*) as n, sum(price)::varchar as sum, count(*) filter (where remark = 'again') as again, min(remark) as least from ticks where symbol = 's7'";
    const asked = ['query', question, '-F', 'ndjson'];
    const parts = await workspace.tierd(...asked);
    expect(parts).toMatchObject({ exitCode: 0 });
    const told = /; (?<bytes>[0-9.]+ [kKM]i?B) fetched in (?<requests>[0-9]+) requests/.exec(
      parts.stderr,
    );
    expect(Number(told?.groups?.['requests'])).toBeGreaterThanOrEqual(4);
    const kept = await readdir(join(workspace.directory, 'work', 'segments'));
    const footers = kept.filter((name) => name.endsWith('.footer'));
    expect(footers).toHaveLength((await listed(lake)).length);
    expect(kept.length).toBeGreaterThan(footers.length * 2);

    // Whole, and judged by their hashes.
    const whole = await workspace.tierd(...asked, '--on-bad-segment', 'skip');
    expect(rowsOf(parts)).toEqual(rowsOf(whole));
    expect(rowsOf(parts)).toEqual([expect.objectContaining({ n: 28_000, again: 1 })]);
    const again = await workspace.tierd(...asked);
    expect(again.stderr).toContain('0 B fetched in 0 requests');
    expect(rowsOf(again)).toEqual(rowsOf(parts));
  });
});
