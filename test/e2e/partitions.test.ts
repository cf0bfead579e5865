/** Partitions that the daemon makes at its start, and what a person sees of them: the built program, its words, its exit codes. */
import { expect, it, vi } from 'vitest';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { makeDaemon, PATIENCE, stopped } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';

const MIDNIGHT = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const day = (n: number): string => new Date(MIDNIGHT + n * DAY_MS).toISOString();
const nameOf = (n: number): string => `bars_${day(n).slice(0, 10).replaceAll('-', '')}`;

it('are there before rows come for them, and rows that came before are in them', async () => {
  const database = await createTestDatabase();
  await database.query(
    `create table bars (ts timestamptz not null, id int) partition by range (ts);
     create table ${nameOf(-1)} partition of bars for values from ('${day(-1)}') to ('${day(0)}');
     create table bars_rest partition of bars default;
     insert into bars values ('${day(1)}', 1)`,
  );
  const { workspace, run, runs } = await makeDaemon(
    database,
    '',
    '  bars: { time_column: ts, partitions: { ahead: 3d } }\n  news: { time_column: ts }',
  );
  await database.query('create table news (ts timestamptz)');
  const { tierd } = workspace;
  const before = await tierd('status', 'bars');
  expect(before.stdout).toContain(
    'short bars: there is no partition for now: rows go to the default one, or are refused; the default partition has 1 row',
  );
  const dry = await tierd('partitions', '--dry-run');
  expect(dry).toMatchObject({ exitCode: 0 });
  expect(dry.stdout).toContain('bars: there is no partition for now; 4 partitions would be made');
  expect(dry.stdout).toContain(
    `public.${nameOf(1)} for ${day(1).slice(0, 10)}, into which 1 row would come from the default partition`,
  );
  expect(await runs()).toEqual([]);

  const daemon = run();
  await vi.waitFor(async () => {
    expect((await runs('partitions')).map(({ state }) => state)).toEqual(['done']);
  }, PATIENCE);
  const { rows } = await database.query(`select count(*)::int as n from ${nameOf(1)}`);
  expect(rows).toEqual([{ n: 1 }]);

  const again = await tierd('partitions', '--json');
  expect(again).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(again.stdout)).toMatchObject({
    datasets: [{ dataset: 'bars', reach: day(4), made: [], default_partition: { rows: 0 } }],
  });
  expect((await tierd('status', 'bars')).stdout).toContain(
    `bars: partitions reach to ${day(4).slice(0, 10)}`,
  );
  await stopped(daemon);
  const listed = await tierd('audit', 'list', 'bars');
  expect(listed.stdout).toMatch(/partitions:bars +1 +partition made/);
  expect((await tierd('audit', 'export', 'bars')).stdout.trim().split('\n')).toHaveLength(4);
  expect(await tierd('audit', 'verify')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('4 entries in 1 chain') as string,
  });
  await database.query(
    `drop table ${nameOf(2)}, ${nameOf(3)}; insert into bars values ('${day(3)}', 2); create publication told for table bars`,
  );
  const partly = await tierd('partitions', '--dry-run');
  expect(partly).toMatchObject({ exitCode: 4 });
  expect(partly.stdout).toContain('1 partition would be made');
  expect(partly.stdout).toContain('refused: rows of the default partition public.bars_rest');
  expect(await tierd('partitions')).toMatchObject({ exitCode: 4 });
  expect(await tierd('partitions')).toMatchObject({ exitCode: 3 });
  const refused = await tierd('partitions', 'news');
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.stderr).toContain('datasets.news says nothing of partitions');
});
