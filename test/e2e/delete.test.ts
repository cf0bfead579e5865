/** A deletion as a person runs it: the built program, its words, its documents, its exit codes. */
import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeWorkspace } from '../support/workspace.ts';

const TICKS = '  ticks: { time_column: ts, sort_by: [symbol, ts] }';

const day = (daysAgo: number): string =>
  new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);

it('shows what would go, asks for hot rows first, deletes it and says what is left', async () => {
  const database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz, symbol text, id int)');
  for (const daysAgo of [41, 40, 39, 5]) {
    await database.query(
      `insert into ticks select $1::timestamptz + n * interval '1 minute', 's' || n % 5, n from generate_series(0, 49) n`,
      [`${day(daysAgo)}T00:00:00Z`],
    );
  }
  const workspace = makeWorkspace(database, TICKS);
  const { tierd } = workspace;
  await tierd('migrate');
  await tierd('rotate', 'ticks', '--force');
  const wish = ['ticks', '--where', `symbol = 's1'`, '--reason', 'request 17'];

  const dry = await tierd('delete', ...wish, '--dry-run');
  expect(dry).toMatchObject({ exitCode: 3 });
  expect(dry.stdout).toContain('30 of 150 rows would be deleted from the lake');
  expect(dry.stdout).toContain('10 rows match and stay visible');
  expect(dry.stdout).toContain('DELETE FROM public.ticks WHERE');
  expect(await tierd('delete', ...wish)).toMatchObject({ exitCode: 3 });

  await database.query(`delete from ticks where symbol = 's1'`);
  const done = await tierd('delete', ...wish);
  expect(done).toMatchObject({ exitCode: 0 });
  expect(done.stdout).toContain('30 rows deleted from the lake, 3 slices written anew');
  expect(done.stdout).toContain('in PostgreSQL: no row matches');
  expect(done.stderr).toContain(`ticks ${day(41)}: 10 rows deleted, 40 rows left`);
  const count = `select count(*) as n, count(*) filter (symbol = 's1') as s1 from ticks`;
  expect((await tierd('query', count, '--format', 'csv')).stdout).toContain('160,0');

  const again = await tierd('delete', ...wish, '--now', '--json');
  expect(again).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(again.stdout)).toMatchObject({
    datasets: [{ dataset: 'ticks', rows_deleted: 0, hot_rows: 0, files_removed: 3 }],
  });
  const listed = await tierd('audit', 'list', 'ticks');
  expect(listed.stdout.match(/deleted/g)).toHaveLength(3);
  expect(listed.stdout).not.toContain(`'s1'`);
  expect((await tierd('audit', 'verify')).exitCode).toBe(0);
  expect((await tierd('scrub')).exitCode).toBe(0);
  expect(await readdir(workspace.spill)).toEqual([]);
});

it('tells what a condition may not be, and changes nothing', async () => {
  const database = await createTestDatabase();
  await database.query('create table ticks (ts timestamptz, symbol text, id int)');
  const { tierd } = makeWorkspace(database, TICKS);
  await tierd('migrate');
  const wishes: readonly [string, string][] = [
    ['id in (select 1)', 'a subquery'],
    ['symbl = 1', 'did you mean symbol?'],
    ['ts < now()', 'the function now'],
    ['  ', '--where is empty'],
  ];
  for (const [where, told] of wishes) {
    const refused = await tierd('delete', 'ticks', '--where', where, '--reason', 'x');
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain(told);
  }
  const missing = await tierd('delete', 'ticks', '--where', 'id = 1');
  expect(missing).toMatchObject({ exitCode: 2 });
  expect(missing.stderr).toContain('--reason');
});
