import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { withSpillDirectory } from '../../../src/cli/rooms/spill-directory.ts';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { describeOn } from '../../support/servers.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz not null, price float8)');
  await database.query(
    "insert into ticks select now() - interval '40 days', n from generate_series(1, 9) n",
  );
});

function configured(readers: string): string {
  return directoryWith({
    'unified_config.yaml': `
postgres: { url: "${database.url}" }
lake: { type: local, path: lake${readers} }
storage: { lifecycle: { hot_days: 30 } }
datasets: { ticks: { time_column: ts, guards: { max_share: 1 } } }
`,
  });
}

async function rotate(workingDirectory: string): Promise<void> {
  for (const argv of [['migrate'], ['rotate', '--quiet']]) {
    const { exitCode, stderr } = await runInside(argv, { workingDirectory, clock: systemClock });
    expect(exitCode, stderr).toBe(0);
  }
}

/** The modes of what a rotation writes: segment, its folder, the lake, its marker. */
async function modesFor(readers: string, umask: number): Promise<string[]> {
  const workingDirectory = configured(readers);
  const before = process.umask(umask);
  try {
    await rotate(workingDirectory);
  } finally {
    process.umask(before);
  }
  const db = await database.connect();
  const [segment] = await listSegments(db, { dataset: 'ticks', states: ['live'] });
  await db.end();
  const lake = join(workingDirectory, 'lake', 'cold_storage');
  const file = join(lake, segment?.key ?? '');
  const paths = [file, dirname(file), lake, join(lake, '_tierd_lake.json')];
  return Promise.all(paths.map(async (path) => ((await stat(path)).mode & 0o777).toString(8)));
}

describe('what a rotation writes', () => {
  it.each([
    ['', ['640', '750', '750', '640']],
    [', readers: owner', ['600', '700', '700', '600']],
    [', readers: everyone', ['644', '755', '755', '644']],
  ])('is for those who are to read the lake%s', async (readers, modes) => {
    expect(await modesFor(readers, 0o022)).toEqual(modes);
  });

  it('is for fewer where the umask says so', async () => {
    expect(await modesFor(', readers: everyone', 0o077)).toEqual(['600', '700', '700', '600']);
  });
});

// Where mounts can be made, the tests run as root.
describeOn('mounts', 'what a rotation that root typed writes', () => {
  it('belongs to the owner of the folder it is made in, so that a daemon of that user reads it', async () => {
    const nobody = 65_534;
    const workingDirectory = configured('');
    await chown(workingDirectory, nobody, nobody);
    await rotate(workingDirectory);
    const lake = join(workingDirectory, 'lake');
    const made = [lake, ...(await readdir(lake, { recursive: true })).map((at) => join(lake, at))];
    expect(made.some((path) => path.endsWith('.parquet'))).toBe(true);
    const owners = await Promise.all(
      made.map(async (path) => {
        const { uid, gid } = await stat(path);
        return uid === nobody && gid === nobody ? [] : [path];
      }),
    );
    expect(owners.flat()).toEqual([]);
  });

  it('and so does the folder that large sorts spill to: the user of the daemon could not write it', async () => {
    const nobody = 65_534;
    const folder = await mkdtemp(join(tmpdir(), 'tierd-test-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await chown(folder, nobody, nobody);
    const spill = join(folder, 'spill', 'deep');
    await withSpillDirectory(spill, async (own) => {
      for (const made of [dirname(spill), spill, own]) {
        expect(await stat(made), made).toMatchObject({ uid: nobody, gid: nobody });
      }
    });
  });

  it("stays root's where that owner is unknown, as in a container that maps root alone", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tierd-test-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await chown(folder, 4711, 4711);
    await chmod(folder, 0o777);
    const script = `
      import { fileSystemFor } from ${JSON.stringify(resolve('src/lake/file-modes.ts'))};
      const fs = fileSystemFor('owner');
      await fs.makeDirectory('${folder}/day=1');
      await fs.writeNewFile('${folder}/day=1/x', Buffer.from('rows'));
      await fs.syncFile('${folder}/day=1/x');`;
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
    await promisify(execFile)('unshare', ['--user', '--map-root-user', ...node]);
    expect(await readFile(join(folder, 'day=1', 'x'), 'utf8')).toBe('rows');
  });
});
