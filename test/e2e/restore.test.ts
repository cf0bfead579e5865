/** The restore as a person runs it: the built program, its words, its documents, its exit codes. */
import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeWorkspace } from '../support/workspace.ts';

const TICKS = '  ticks: { time_column: ts, sort_by: [symbol, ts] }';

/** The UTC day so many days ago, as a person types it. */
const day = (daysAgo: number): string =>
  new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);

it('shows what would come back, brings it back pinned, and lets it go again', async () => {
  const database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz, symbol text, id int)');
  for (const daysAgo of [41, 40, 39, 5]) {
    await database.query(
      `insert into ticks select $1::timestamptz + n * interval '1 minute', 's' || n % 3, n from generate_series(0, 49) n`,
      [`${day(daysAgo)}T00:00:00Z`],
    );
  }
  const hot = async (): Promise<number> =>
    (await database.query('select from ticks')).rowCount ?? 0;
  const workspace = makeWorkspace(database, TICKS);
  const { tierd } = workspace;
  await tierd('migrate');
  await tierd('rotate', 'ticks', '--force');
  expect(await hot()).toBe(50);
  const span = ['ticks', '--from', day(41), '--to', day(39)];

  const dry = await tierd('restore', ...span, '--dry-run');
  expect(dry).toMatchObject({ exitCode: 0 });
  expect(dry.stdout).toContain('100 rows of 2 slices');
  expect(dry.stdout).toContain('are pinned until');
  expect(await hot()).toBe(50);

  const partly = await tierd(
    'restore',
    'ticks',
    '--from',
    `${day(41)}T00:30`,
    '--to',
    day(40),
    '-n',
  );
  expect(partly).toMatchObject({ exitCode: 3 });
  expect(partly.stdout).toContain(`--from ${day(41)}T00:00:00.000 --to`);

  const done = await tierd('restore', ...span, '--pin-until', 'never', '--json');
  expect(done).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(done.stdout)).toMatchObject({
    dataset: 'ticks',
    rows_restored: 100,
    slices_restored: 2,
    slices_failed: [],
    pinned_until: null,
    stays_cold: false,
  });
  expect(done.stderr).toContain(`ticks ${day(41)}: 50 rows restored into public.ticks, pinned`);
  expect(await hot()).toBe(150);
  expect(await readdir(workspace.spill)).toEqual([]);

  const held = await tierd('rotate', '--dry-run');
  const both = `${day(41)}T00:00:00.000Z/${day(39)}T00:00:00.000Z`;
  expect(held.stdout).toContain(
    `100 rows of ${both} were restored and stay hot until it is unpinned`,
  );
  expect((await tierd('status')).stdout).toContain(`ticks: ${both} was restored and stays hot`);
  expect((await tierd('doctor')).stdout).toContain('tierd unpin ticks');

  const copied = await tierd(
    'restore',
    'ticks',
    '--from',
    day(39),
    '--to',
    day(38),
    '--into',
    'kept',
    '--keep-cold',
  );
  expect(copied).toMatchObject({ exitCode: 0 });
  expect(copied.stdout).toContain('50 rows restored into public.kept, 1 of 1 slices, still cold');

  const unpinned = await tierd('unpin', 'ticks');
  expect(unpinned.stdout).toContain('2 pins released');
  await tierd('rotate', 'ticks', '--force');
  expect(await hot()).toBe(50);
  const nothing = await tierd('restore', 'ticks', '--from', day(5), '--to', day(4));
  expect(nothing).toMatchObject({ exitCode: 0 });
  expect(nothing.stdout).toContain('nothing of that time is in the lake');
});

it('refuses what makes no sense before it does anything', async () => {
  const database = await createTestDatabase();
  const { tierd } = makeWorkspace(database, TICKS);
  const usage = async (...argv: readonly string[]): Promise<string> => {
    const { exitCode, stderr } = await tierd('restore', 'ticks', ...argv);
    expect(exitCode).toBe(2);
    return stderr;
  };
  expect(await usage('--from', '2024-01-02')).toContain('--to');
  expect(await usage('--from', '2024-01-02', '--to', '2024-01-01')).toContain('must be later');
  const span = ['--from', '2024-01-01', '--to', '2024-01-02'];
  expect(await usage(...span, '--keep-cold')).toContain('needs --into');
  expect(await usage(...span, '--into', 'ticks')).toContain('own table');
  expect(await usage(...span, '--into', 'a', '--pin-until', 'never')).toContain('not for --into');
  expect(await usage(...span, '--pin-until', '2001-01-01')).toContain('over already');
  expect(await usage(...span, '--pin-until', 'soon')).toContain('or never');
});
