/** Old segments of a lake on a disk go into a bucket, as a person has it: the built program, its words, its exit codes. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { createTestDatabase } from '../support/database.ts';
import { keysIn } from '../support/lake-copy.ts';
import { makeS3Lake } from '../support/s3-lake.ts';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { describeOn } from '../support/servers.ts';
import { makeWorkspace } from '../support/workspace.ts';

const GRACE = 'grace_period: 0s';
const daysAgo = (days: number): string =>
  new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - days * DAY_MS).toISOString();
const count = (where: string) => [
  'query',
  `select count(*)::int as n from bars where ${where}`,
  ...['-F', 'ndjson'],
];
const ALL = count('true');
const YOUNG = count(`ts >= '${daysAgo(60)}'`);

describeOn('s3', 'a lake in two places', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  it('is asked as one, tells what lies where, and goes on near while the bucket is away', async () => {
    const database = await createTestDatabase();
    await database.query('create table bars (ts timestamptz, symbol text, id int)');
    for (const day of [200, 150, 45]) {
      await database.query(
        `insert into bars select $1::timestamptz + n * interval '1 minute', 's' || n % 3, n from generate_series(0, 99) n`,
        [daysAgo(day)],
      );
    }
    const bucket = await makeS3Lake(server);
    onTestFinished(() => bucket.destroy());
    const { bucket: name, prefix, region } = bucket.target;
    const far = `far: { type: s3, bucket: ${name}, prefix: ${prefix}, endpoint: "${server.url}",
      region: ${region}, access_key_id: "${server.accessKeyId}", secret_access_key: "${server.secretAccessKey}",
      work_directory: work, min_free: 0MB, connect_timeout: 1s, request_timeout: 1s }`;
    const { tierd, config } = makeWorkspace(
      database,
      '  bars: { time_column: ts, sort_by: [symbol, ts] }',
      'storage: { lifecycle: { far_days: 90 } }',
      `{ type: local, path: lake, min_free: 0MB, ${far} }`,
    );
    const text = (await readFile(config, 'utf8')).replace(
      'maintenance: { ',
      `maintenance: { ${GRACE}, `,
    );
    await writeFile(config, text);
    await tierd('migrate');
    expect(await tierd('rotate', 'bars', '--force')).toMatchObject({ exitCode: 0 });

    const dry = await tierd('tier', '--dry-run');
    expect(dry).toMatchObject({ exitCode: 0 });
    expect(dry.stdout).toMatch(
      /^bars: 2 segments \(.*200 rows\) that end by .* would go to s3:\/\//,
    );
    expect(await keysIn(bucket.store)).toEqual([]);
    const sent = await tierd('tier');
    expect(sent).toMatchObject({ exitCode: 0 });
    expect(sent.stdout).toMatch(/^done bars: 2 segments \(.*\) went to s3:\/\//);
    const cleared = await tierd('tier', '--json');
    expect(JSON.parse(cleared.stdout)).toMatchObject({
      datasets: [{ dataset: 'bars', segments_sent: 0, near_copies_removed: 2, failed: [] }],
    });
    expect((await tierd('tier')).stdout).toBe('done bars: nothing went far\n');

    expect(JSON.parse((await tierd(...ALL)).stdout)).toEqual({ n: 300 });
    const explained = await tierd('status');
    expect(explained.stdout).toContain(`far   ${bucket.store.place}`);
    expect(explained.stdout).toContain('3 segments, 2 of them far (');
    expect((await tierd('lake', 'show')).stdout).toContain(`${bucket.store.place}: 2 segments (`);
    expect(await tierd('scrub')).toMatchObject({ exitCode: 0 });
    expect((await tierd('audit', 'list')).stdout).toMatch(/sent far +200 /);
    expect(await tierd('audit', 'verify')).toMatchObject({ exitCode: 0 });
    expect((await tierd('doctor')).stdout).toContain('lake_far_writable');

    // Nobody listens there, and nothing of it is kept here.
    const elsewhere = text.replace(server.url, 'http://127.0.0.1:9');
    await writeFile(config, elsewhere.replace('work_directory: work', 'work_directory: work2'));
    expect(JSON.parse((await tierd(...YOUNG)).stdout)).toEqual({ n: 100 });
    const away = await tierd(...ALL);
    expect(away).toMatchObject({ exitCode: 1 });
    expect(away.stderr).toContain('LAKE_UNREACHABLE');
    await database.query(`insert into bars values ($1, 't', 1)`, [daysAgo(40)]);
    expect(await tierd('rotate', 'bars', '--force')).toMatchObject({ exitCode: 0 });

    const alone = text.replace(far, '').replace('storage: { lifecycle: { far_days: 90 } }', '');
    await writeFile(config, alone);
    for (const argv of [['rotate'], ['scrub'], YOUNG]) {
      const refused = await tierd(...argv);
      expect(refused.exitCode, argv.join(' ')).toBe(1);
      expect(refused.stderr).toContain('LAKE_NOT_THE_SAME');
      expect(refused.stderr).toContain(bucket.store.place);
    }
    await writeFile(config, text);
    expect(JSON.parse((await tierd(...ALL)).stdout)).toEqual({ n: 301 });
    expect(await tierd('scrub')).toMatchObject({ exitCode: 0 });

    await writeFile(config, alone);
    expect(await tierd('tier')).toMatchObject({ exitCode: 2 });
  });
});
