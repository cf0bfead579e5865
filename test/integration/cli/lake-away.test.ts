/** What can be said and asked while the lake is away. */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const NOW = Date.parse('2026-04-01T12:00:00Z');

let database: TestDatabase;
let directory: string;
let lake: string;

async function tierd(...argv: string[]): Promise<CliResult> {
  return runInside(['--config', join(directory, 'tierd.yaml'), ...argv], {
    clock: { now: () => NOW },
  });
}

/** Two datasets with a cold and a hot day each. */
beforeEach(async () => {
  database = await createTestDatabase();
  for (const name of ['bars', 'news']) {
    await database.query(
      `create table ${name} (time timestamptz primary key, n int);
       insert into ${name} select '2026-02-01'::timestamptz + n * interval '1 minute', n from generate_series(1, 10) n;
       insert into ${name} select '2026-04-01'::timestamptz + n * interval '1 minute', n from generate_series(11, 13) n`,
    );
  }
  directory = directoryWith({
    'tierd.yaml': `
postgres: { url: "${database.url}" }
lake: { type: local, path: stores/lake, min_free: 0MB }
storage: { lifecycle: { hot_days: 30, guards: { max_share: 1 } } }
datasets: { bars: { time_column: time }, news: { time_column: time } }
`,
  });
  lake = join(directory, 'stores', 'lake');
  expect(await tierd('migrate')).toMatchObject({ exitCode: 0 });
  expect(await tierd('rotate', '--force')).toMatchObject({ exitCode: 0 });
});

const AWAY: Readonly<Record<string, { hide: () => Promise<void>; says: RegExp }>> = {
  'a file lies in its place': {
    hide: () => rename(lake, `${lake}.away`).then(() => writeFile(lake, '')),
    says: /is not a folder/,
  },
  'a file lies in place of the folder above it': {
    hide: () =>
      rename(dirname(lake), `${dirname(lake)}.away`).then(() => writeFile(dirname(lake), '')),
    says: /is not a folder/,
  },
  'links on the way to it go round': {
    hide: () => rename(lake, `${lake}.away`).then(() => symlink(lake, lake)),
    says: /ELOOP/,
  },
  'it is a link to a file': {
    hide: async () => {
      await rename(lake, `${lake}.away`);
      await writeFile(`${lake}.file`, '');
      await symlink(`${lake}.file`, lake);
    },
    says: /is not a folder/,
  },
  'nothing is there': { hide: () => rename(lake, `${lake}.away`), says: /has no _tierd_lake.json/ },
};

describe.each(Object.entries(AWAY))('while %s', (_, { hide, says }) => {
  beforeEach(async () => {
    await database.query("insert into bars values ('2026-02-02', 20)");
    await hide();
  });

  it('status tells what is hot, and why the lake is away', async () => {
    const { exitCode, stdout } = await tierd('status');
    expect(stdout).toMatch(says);
    expect(stdout).toMatch(/bars +hot +4 /);
    expect(stdout).toMatch(/news +hot +3 /);
    expect(stdout).toMatch(/1 row in 1 move/);
    expect(exitCode).toBe(4);
  });

  it('doctor tells it beside all else', async () => {
    const { stdout } = await tierd('doctor');
    expect(stdout).toMatch(says);
    expect(stdout).toMatch(/ok +ledger/);
  });

  it('rotate tells it once, with the names of what it is told for, and moves nothing', async () => {
    const { exitCode, stderr } = await tierd('rotate', '--force');
    expect(stderr).toMatch(says);
    expect(stderr.match(/^error/gm)).toHaveLength(1);
    expect(stderr).toMatch(/for: bars, news/);
    expect(exitCode).toBe(1);
    expect((await database.query('select from bars')).rowCount).toBe(4);
  });

  it('hot rows can be asked for, and cold ones can not', async () => {
    const hot = await tierd('query', '--format', 'ndjson', 'select n from hot.bars order by n');
    expect(hot).toMatchObject({ exitCode: 0, stdout: '{"n":11}\n{"n":12}\n{"n":13}\n{"n":20}\n' });
    const since = "select count(*)::int as n from bars where time >= '2026-04-01'";
    expect(await tierd('query', '--format', 'ndjson', since)).toMatchObject({
      stdout: '{"n":3}\n',
    });
    const all = await tierd('query', 'select count(*) from bars');
    expect(all.exitCode).toBe(1);
    expect(all.stderr).toMatch(says);
    expect(all.stderr).toContain('hot.<dataset>');
  });
});

it('is as it was once the lake is back', async () => {
  await rename(lake, `${lake}.away`);
  await symlink(lake, lake);
  await tierd('rotate', '--force');
  await rm(lake);
  await rename(`${lake}.away`, lake);
  const { stdout } = await tierd(
    'query',
    '--format',
    'ndjson',
    'select count(*)::int as n from bars',
  );
  expect(stdout).toBe('{"n":13}\n');
});

it('a new lake is not begun in a folder that is a file', async () => {
  const fresh = await createTestDatabase();
  await mkdir(join(directory, 'other'), { recursive: true });
  await writeFile(join(directory, 'other', 'lake'), '');
  const config = join(directory, 'fresh.yaml');
  await writeFile(
    config,
    `
postgres: { url: "${fresh.url}" }
lake: { type: local, path: other/lake, min_free: 0MB }
datasets: { bars: { time_column: time } }
`,
  );
  await fresh.query('create table bars (time timestamptz primary key)');
  const run = (...argv: string[]) =>
    runInside(['--config', config, ...argv], { clock: { now: () => NOW } });
  expect(await run('migrate')).toMatchObject({ exitCode: 0 });
  const status = await run('status');
  expect(status.stdout).toMatch(/is not a folder/);
  expect(status.stdout).toMatch(/bars +hot +0 /);
});
