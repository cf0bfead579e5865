/** A lake that moves from a disk into a bucket, as a person does it: the built program, its words, its exit codes. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { keysIn } from '../support/lake-copy.ts';
import { makeS3Lake } from '../support/s3-lake.ts';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { describeOn } from '../support/servers.ts';
import { makeWorkspace } from '../support/workspace.ts';

const LOCAL = '{ type: local, path: lake, min_free: 0MB }';
const COUNT = ['query', 'select count(*) as n, sum(id) as sum from bars', '-F', 'ndjson'];

describeOn('s3', 'a lake that moves', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  it('is copied while it is used, switched, and asked at its new place; the old one is refused', async () => {
    const database = await createTestDatabase();
    await database.query(
      `create table bars (ts timestamptz, symbol text, id int, primary key (symbol, ts));
       insert into bars select ts, 's', extract(day from ts at time zone 'UTC')
       from generate_series('2024-01-01Z'::timestamptz, '2024-01-10T18:00Z', '6 hours') ts`,
    );
    const bucket = await makeS3Lake(server);
    onTestFinished(() => bucket.destroy());
    const { target } = bucket;
    const bars = '  bars: { time_column: ts, sort_by: [symbol, ts] }';
    const { directory, config, lake, tierd } = makeWorkspace(database, bars, '', LOCAL);
    const next = join(directory, 'new_config.yaml');
    const text = await readFile(config, 'utf8');
    await writeFile(
      next,
      text.replace(
        LOCAL,
        `{ type: s3, bucket: ${target.bucket}, prefix: ${target.prefix}, endpoint: "${server.url}",
           region: ${target.region}, access_key_id: "${server.accessKeyId}",
           secret_access_key: "${server.secretAccessKey}", work_directory: work, min_free: 0MB }`,
      ),
    );
    const to = ['--to', 'new_config.yaml'];
    await tierd('migrate');
    expect(await tierd('rotate', 'bars', '--force')).toMatchObject({ exitCode: 0 });
    const before = await tierd(...COUNT);

    const dry = await tierd('lake', 'copy', ...to, '--dry-run');
    expect(dry).toMatchObject({ exitCode: 0 });
    expect(dry.stdout).toMatch(/^would copy 10 segments \(.*\) to s3:\/\/.*, which is empty\n$/);
    expect(await keysIn(bucket.store)).toEqual([]);
    const none = await tierd('lake', 'switch', ...to, '--yes');
    expect(none).toMatchObject({ exitCode: 3 });
    expect(none.stderr).toContain('is no copy of the lake');

    const copied = await tierd('lake', 'copy', ...to, '--json');
    expect(copied).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(copied.stdout)).toMatchObject({
      ...{ dry_run: false, place: bucket.store.place, segments_copied: 10, bad: [] },
    });
    await database.query(`insert into bars values ('2024-02-03T05:00Z', 't', 1)`);
    expect(await tierd('rotate', 'bars', '--force')).toMatchObject({ exitCode: 0 });
    const early = await tierd('lake', 'switch', ...to, '--yes');
    expect(early).toMatchObject({ exitCode: 3 });
    expect(early.stderr).toContain('1 segment of 11');
    expect(early.stderr).toContain('tierd lake copy');
    for (const asking of [['doctor'], ['lake', 'show']]) {
      const { stdout } = await tierd(...asking);
      expect(stdout).toContain('is in the making: 10 live segments of 11 are proven there');
      expect(stdout).toContain('go on with `tierd lake copy --to FILE`');
    }
    const rest = await tierd('lake', 'copy', ...to);
    expect(rest.stdout).toContain('copied 1 segment (');
    expect(rest.stdout).toContain('10 segments were there already');

    const whole = await tierd('lake', 'show', '--json');
    expect(JSON.parse(whole.stdout)).toMatchObject({
      ...{ copying_now: null, is_copy_of: null },
      copies: [{ segments_proven: 11, of_segments: 11 }],
    });
    expect((await tierd('lake', 'show')).stdout).toContain('`tierd lake switch --to FILE`');
    const unasked = await tierd('lake', 'switch', ...to);
    expect(unasked).toMatchObject({ exitCode: 2 });
    expect(unasked.stderr).toContain('--yes');
    const done = await tierd('lake', 'switch', ...to, '--yes');
    expect(done).toMatchObject({ exitCode: 0 });
    expect(done.stdout).toContain(`${bucket.store.place} is the lake now: 11 segments`);
    expect(done.stdout).toContain(`Put ${next} in the place of ${config}`);

    for (const argv of [['rotate'], ['scrub'], COUNT, ['lake', 'copy', ...to]]) {
      const stale = await tierd(...argv);
      expect(stale.exitCode, argv.join(' ')).toBe(1);
      expect(stale.stderr).toContain('LAKE_NOT_THE_SAME');
      expect(stale.stderr).toContain(bucket.store.place);
    }
    expect((await tierd('lake', 'switch', ...to)).stdout).toContain('is the lake now');

    await copyFile(next, config);
    expect(await tierd('scrub')).toMatchObject({ exitCode: 0 });
    const after = await tierd(...COUNT);
    expect(JSON.parse(before.stdout)).toEqual({ n: 40, sum: 220 });
    expect(JSON.parse(after.stdout)).toEqual({ n: 41, sum: 221 });
    await database.query(`insert into bars values ('2024-02-04T05:00Z', 't', 1)`);
    expect(await tierd('rotate', 'bars', '--force')).toMatchObject({ exitCode: 0 });
    expect((await tierd('audit', 'list')).stdout).toContain('switched');
    expect(await tierd('audit', 'verify')).toMatchObject({ exitCode: 0 });
    const doctor = await tierd('doctor');
    expect(doctor.stdout).toContain("this ledger's");
    expect(doctor.stdout).toContain('no rule removes segments or freezes them');
    expect(doctor.stdout).not.toContain('in the making');

    // And out of it again, to a place beside the first.
    await writeFile(next, text.replace('path: lake', 'path: lake2'));
    expect(await tierd('lake', 'copy', ...to)).toMatchObject({ exitCode: 0 });
    expect(await tierd('lake', 'switch', ...to, '--yes')).toMatchObject({ exitCode: 0 });
    await copyFile(next, config);
    expect(JSON.parse((await tierd(...COUNT)).stdout)).toEqual({ n: 42, sum: 222 });
    expect(await tierd('scrub')).toMatchObject({ exitCode: 0 });
    expect(await keysIn(bucket.store)).toHaveLength(12);
    expect((await tierd('lake', 'show')).stdout).toContain(lake.replace('/lake/', '/lake2/'));
  });

  it('is refused a place within itself, and one that no file names', async () => {
    const database = await createTestDatabase();
    const { directory, config, tierd } = makeWorkspace(database, '  bars: { time_column: ts }');
    const text = await readFile(config, 'utf8');
    await writeFile(
      join(directory, 'inside.yaml'),
      text.replace('path: lake', 'path: lake/cold_storage/new'),
    );
    const inside = await tierd('lake', 'copy', '--to', 'inside.yaml');
    expect(inside).toMatchObject({ exitCode: 2 });
    expect(inside.stderr).toContain('one lies within the other');
    const url = await tierd('lake', 'copy', '--to', 's3://market-lake/tierd');
    expect(url).toMatchObject({ exitCode: 2 });
    expect(url.stderr).toContain('names a configuration file');
    expect(await tierd('lake', 'copy', '--to', 'missing.yaml')).toMatchObject({ exitCode: 2 });
    expect(await tierd('lake', 'copy')).toMatchObject({ exitCode: 2 });
  });
});
