/** Backups as a person makes them: the built program, its words, its exit codes. */
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makePrograms, writeProgram } from '../support/backup.ts';
import { runInside, TIERD } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { mountPrivately } from '../support/private-mount.ts';
import { describeOn } from '../support/servers.ts';
import { makeWorkspace, startTierd, type Workspace } from '../support/workspace.ts';

const QUESTIONS = [
  'select count(*) as n, sum(id) as sum, min(ts) as first, max(ts) as last from bars',
  'select symbol, count(*) as n, sum(price) as sum from bars group by symbol order by symbol',
  "select * from bars where ts >= '2024-01-03' and ts < '2024-01-04' order by ts, symbol",
  'select count(*) as n from bars where price is null',
  'select body from bars order by id desc limit 3',
];

async function open(more = ''): Promise<Workspace & { readonly database: TestDatabase }> {
  const database = await createTestDatabase();
  await database.query(
    `create type mood as enum ('up', 'down');
     create table bars (ts timestamptz, symbol text, id int, price numeric(20, 8), body jsonb, m mood, primary key (symbol, ts));
     insert into bars
     select ts, s, row_number() over (order by ts, s), nullif(random()::numeric(20, 8), 0), jsonb_build_object('at', ts, 'x', random()), 'up'
     from generate_series('2024-01-01Z'::timestamptz, '2024-01-10T18:00Z', '1 hour') ts, unnest(array['a', 'b']) s;
     insert into bars select now() - n * interval '1 hour', 'hot', 1000 + n, null, '{}', 'down' from generate_series(1, 20) n;
     create view untouched as select * from bars;
     create table other (n int); insert into other values (7)`,
  );
  const programs = await makePrograms();
  const workspace = makeWorkspace(
    database,
    '  bars: { time_column: ts, sort_by: [symbol, ts] }',
    `daemon: { lease_ttl: 2s }\nbackup: { path: kept, programs: ${programs}, keep: { last: 1, daily: 0, weekly: 0, monthly: 0 } }${more}`,
  );
  await workspace.tierd('migrate');
  expect(await workspace.tierd('rotate', 'bars', '--force')).toMatchObject({ exitCode: 0 });
  return { ...workspace, database };
}

const answers = async ({ tierd }: Pick<Workspace, 'tierd'>, ...config: readonly string[]) => {
  const told: string[] = [];
  for (const question of QUESTIONS) {
    const { stdout, stderr, exitCode } = await tierd('query', question, '-F', 'ndjson', ...config);
    expect(exitCode, stderr).toBe(0);
    told.push(stdout);
  }
  return told;
};

describeOn('pg_dump', 'tierd backup', () => {
  it('brings the same answers back, in an empty database and folder, and goes on from there', async () => {
    const workspace = await open();
    const { database, directory, config, tierd } = workspace;
    const before = await answers(workspace);
    expect((await tierd('backup', 'list')).stdout).toMatch(/^no backups in /);
    const taken = await tierd('backup', 'snapshot', '--json');
    expect(taken).toMatchObject({ exitCode: 0 });
    const document = JSON.parse(taken.stdout) as {
      backup: { id: string; segments: number };
      files_linked: number;
    };
    const { id } = document.backup;
    expect(document).toMatchObject({
      backup: { segments: 10 },
      files_linked: 10,
      unchanged: false,
    });
    expect((await tierd('backup', 'list')).stdout).toContain(id);
    const verified = await tierd('backup', 'verify');
    expect(verified, verified.stderr).toMatchObject({ exitCode: 0 });
    expect(verified.stdout).toMatch(/^sound 1 backup in /);
    const drilled = await tierd('backup', 'drill');
    expect(drilled, drilled.stderr).toMatchObject({ exitCode: 0 });
    expect(drilled.stdout).toContain(`the same ${id} was restored in`);

    // What happens afterwards is in no answer of the restored.
    await database.query(`delete from bars where symbol = 'hot'; update other set n = 8`);
    const target = await createTestDatabase();
    const to = ['--to-database', target.url, '--to-lake', 'restored'];
    const dry = await tierd('backup', 'restore', id.slice(0, 18), ...to, '--dry-run');
    expect(dry).toMatchObject({ exitCode: 0 });
    expect(dry.stdout).toContain(`This restores ${id}`);
    expect(await readdir(directory)).not.toContain('restored');
    const unasked = await tierd('backup', 'restore', 'latest', ...to);
    expect(unasked).toMatchObject({ exitCode: 2 });
    expect(unasked.stderr).toContain('--yes');
    const restored = await tierd('backup', 'restore', 'latest', ...to, '--yes');
    expect(restored, restored.stderr).toMatchObject({ exitCode: 0 });
    expect(restored.stdout).not.toContain(new URL(target.url).password || '\0');
    const text = (await readFile(config, 'utf8'))
      .replace(database.url, target.url)
      .replace('path: lake', 'path: restored')
      .replace('path: kept', 'path: kept2');
    await writeFile(join(directory, 'restored.yaml'), text);
    const there = ['--config', 'restored.yaml'];
    expect(await answers(workspace, ...there)).toEqual(before);
    expect((await target.query('select n from other')).rows).toEqual([{ n: 7 }]);

    // A copy is not the owner until somebody says so; then it is a tierd like any other.
    expect((await tierd('rotate', ...there)).stderr).toContain('LAKE_NOT_OWNED');
    await target.query('update tierd.leases set expires_at = clock_timestamp()');
    const over = await tierd('lake', 'take-over', '--yes', ...there);
    expect(over, over.stderr).toMatchObject({ exitCode: 0 });
    expect(await tierd('scrub', ...there)).toMatchObject({ exitCode: 0 });
    expect(await tierd('audit', 'verify', ...there)).toMatchObject({ exitCode: 0 });
    await target.query(`insert into bars values ('2024-02-03T05:00Z', 'late', 5000)`);
    expect(await tierd('rotate', '--force', ...there)).toMatchObject({ exitCode: 0 });
    const stranger = (await readFile(join(directory, 'restored.yaml'), 'utf8')).replace(
      'kept2',
      'kept',
    );
    await writeFile(join(directory, 'stranger.yaml'), stranger);
    const refused = await tierd('backup', 'snapshot', '--config', 'stranger.yaml');
    expect(refused.stderr).toContain('BACKUP_NOT_OURS');
    expect(await tierd('backup', 'snapshot', ...there)).toMatchObject({ exitCode: 0 });
    // And the original has not noticed.
    expect(await tierd('rotate', '--force')).toMatchObject({ exitCode: 0 });
    expect(await tierd('scrub')).toMatchObject({ exitCode: 0 });

    expect((await tierd('backup', 'dump')).stdout).toMatch(/^done dump /);
    expect((await tierd('backup', 'snapshot')).stdout).toMatch(/^done snapshot /);
    const plan = await tierd('backup', 'prune', '--dry-run');
    expect(plan.stdout).toMatch(/would remove 1 backup, and \d+ files? /);
    expect((await tierd('backup', 'list')).stdout).toContain(id);
    expect((await tierd('backup', 'prune')).stdout).toMatch(/removed 1 backup/);
    expect((await tierd('backup', 'list')).stdout).not.toContain(id);
    const { runs } = JSON.parse((await tierd('backup', 'runs', '--json')).stdout) as {
      runs: { kind: string; state: string }[];
    };
    expect(runs.map(({ kind, state }) => `${kind} ${state}`).reverse()).toEqual([
      ...['snapshot done', 'verify done', 'drill done', 'dump done', 'snapshot done', 'prune done'],
    ]);
    expect((await tierd('backup', 'runs')).stdout).toMatch(/^RUN +STARTED +STATE/);
  });

  it('is killed in the middle of a dump, and goes on with the next run', async () => {
    const workspace = await open();
    const { config, directory, tierd, start } = workspace;
    expect(await tierd('backup', 'snapshot')).toMatchObject({ exitCode: 0 });
    const text = await readFile(config, 'utf8');
    const slow = join(directory, 'slow');
    await mkdir(slow);
    await writeProgram(slow, 'pg_restore', 'echo 17.3');
    await writeProgram(
      slow,
      'pg_dump',
      'test "$1" = --version && echo 17.3 && exit; echo half; touch "$0".runs; sleep 60',
    );
    await writeFile(
      join(directory, 'slow.yaml'),
      text.replace(/programs: [^,]+,/, `programs: ${slow},`),
    );
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const running = start('--config', 'slow.yaml', 'backup', 'snapshot');
      await expect.poll(() => readdir(slow)).toContain('pg_dump.runs');
      running.child.kill(signal);
      const code = await running.ended;
      if (signal === 'SIGTERM') expect(code, running.stderr()).toBe(130);
      await rm(join(slow, 'pg_dump.runs'));
      // The lease of one that was killed ends by itself.
      await expect.poll(async () => (await tierd('backup', 'snapshot')).exitCode).toBe(0);
      expect(await readdir(join(directory, 'kept', 'staging'))).toEqual([]);
      expect(await tierd('backup', 'verify')).toMatchObject({ exitCode: 0 });
    }
    const { stdout } = await tierd('backup', 'runs');
    expect(stdout).toContain('abandoned');
    expect(stdout).toContain('interrupted');
  });

  it('names a damaged file, and ends with 1', async () => {
    const { directory, tierd } = await open();
    const taken = await tierd('backup', 'snapshot', '--json');
    const objects = join(directory, 'kept', 'objects');
    const [folder = ''] = await readdir(objects);
    const [name = ''] = await readdir(join(objects, folder));
    await appendFile(join(objects, folder, name), 'x');
    const verified = await tierd('backup', 'verify');
    expect(verified).toMatchObject({ exitCode: 1 });
    expect(verified.stdout).toContain(`altered`);
    expect(verified.stdout).toContain(
      (JSON.parse(taken.stdout) as { backup: { id: string } }).backup.id,
    );
    expect(verified.stderr).toContain('BACKUP_DAMAGED');
  });

  it('is refused by name of lakes that it can’t take yet, without a place, and of what is no URL', async () => {
    const { config, directory, tierd } = await open();
    const text = await readFile(config, 'utf8');
    const variant = async (name: string, from: string | RegExp, to: string): Promise<string> => {
      await writeFile(join(directory, name), text.replace(from, to));
      return name;
    };
    const bucket = await variant(
      'bucket.yaml',
      /lake: \{.*\}/,
      'lake: { type: s3, bucket: some-bucket, work_directory: work, access_key_id: a, secret_access_key: s }',
    );
    const refused = await tierd('backup', 'snapshot', '--config', bucket);
    expect(refused).toMatchObject({ exitCode: 3 });
    expect(refused.stderr).toContain('ackups of a lake in a bucket are not done yet');
    const none = await tierd(
      'backup',
      'list',
      '--config',
      await variant('none.yaml', /backup: .*/, ''),
    );
    expect(none).toMatchObject({ exitCode: 2 });
    expect(none.stderr).toMatch(/no `backup` section/i);
    const within = await variant('within.yaml', 'path: kept', 'path: lake/kept');
    expect((await tierd('backup', 'snapshot', '--config', within)).stderr).toContain(
      'within the lake',
    );
    expect(await tierd('backup', 'snapshot')).toMatchObject({ exitCode: 0 });
    const to = ['--to-lake', 'restored', '--yes'];
    const url = await tierd(
      'backup',
      'restore',
      'latest',
      '--to-database',
      'secret@nowhere',
      ...to,
    );
    expect(url).toMatchObject({ exitCode: 2 });
    expect(url.stderr).not.toContain('secret');
    const unknown = ['--to-database', 'postgres://localhost/none'];
    const missing = await tierd('backup', 'restore', '2020', ...unknown, ...to);
    expect(missing).toMatchObject({ exitCode: 2 });
    expect(missing.stderr).toContain('BACKUP_NOT_FOUND');
  });

  it('explains each verb with an example', async () => {
    const { stdout } = await runInside(['backup', '--help']);
    for (const verb of [
      'snapshot',
      'dump',
      'list',
      'runs',
      'verify',
      'prune',
      'drill',
      'restore',
    ]) {
      expect(stdout).toContain(`  ${verb} `);
      expect((await runInside(['backup', verb, '--help'])).stdout).toContain(
        `$ tierd backup ${verb}`,
      );
    }
  });
});

describeOn(['pg_dump', 'mounts'], 'a disk of backups that is full', () => {
  it('ends the run, keeps what was there, and with room again it goes on', async () => {
    const { config, directory, tierd } = await open();
    const kept = join(directory, 'kept');
    await mkdir(kept);
    const disk = await mountPrivately(kept, { kilobytes: 4_096, inodes: 400 });
    const within = async (
      ...argv: readonly string[]
    ): Promise<{ code: number | null; err: string }> => {
      const line = disk.command([process.execPath, TIERD, '--config', config, ...argv]);
      const running = startTierd(line[0], line.slice(1), '/');
      return { code: await running.ended, err: running.stderr() };
    };
    const first = await within('backup', 'snapshot');
    expect(first.code, first.err).toBe(0);
    const filler = join(disk.seenFromOutside, 'filler');
    await writeFile(filler, Buffer.alloc(8 << 20)).catch(() => undefined);
    const full = await within('backup', 'snapshot');
    expect(full.code).toBe(1);
    expect(full.err).toContain('BACKUP_FULL');
    expect(await readdir(join(disk.seenFromOutside, 'staging'))).toEqual([]);
    expect((await within('backup', 'verify')).code).toBe(0);
    await rm(filler);
    const again = await within('backup', 'snapshot');
    expect(again.code, again.err).toBe(0);
    expect((await within('backup', 'verify')).code).toBe(0);
    // Outside of the mount the directory is empty, as where the disk is not mounted.
    const away = await tierd('backup', 'snapshot');
    expect(away.stderr).toContain('BACKUP_AWAY');
    expect(await readdir(kept)).toEqual([]);
  });
});
