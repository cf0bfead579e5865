/** The compaction as a person runs it: the built program, its words, its documents, its exit codes. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { makeWorkspace } from '../support/workspace.ts';

const BARS = '  bars: { time_column: ts, sort_by: [symbol, ts] }';

it('shows what would be merged, merges it, and names what it can not', async () => {
  const database = await createTestDatabase();
  await database.query('create table bars (ts timestamptz, symbol text, id int)');
  await database.query(
    `insert into bars select ts, 's' || extract(day from ts)::int % 3, 1
     from generate_series('2024-01-01Z'::timestamptz, '2024-02-09T12:00Z', '6 hours') ts`,
  );
  const workspace = makeWorkspace(database, BARS);
  const { tierd } = workspace;
  await tierd('migrate');
  await tierd('rotate', 'bars', '--force');
  const ask = async (): Promise<string> =>
    (
      await tierd(
        'query',
        'select symbol, count(*) as n from bars group by all order by 1',
        '--json',
      )
    ).stdout;
  const before = await ask();

  const dry = await tierd('compact', '--dry-run');
  expect(dry).toMatchObject({ exitCode: 0 });
  expect(dry.stdout).toContain('bars: 40 segments would become about 2');
  expect(dry.stdout).toMatch(/2024-01 +124 +[\d.]+ KB +31 +about 1/u);

  const done = await tierd('compact', 'bars', '--json');
  expect(done).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(done.stdout)).toMatchObject({
    datasets: [
      {
        dataset: 'bars',
        merges_planned: 2,
        merges_done: 2,
        rows_merged: 159,
        segments_before: 40,
        segments_after: 2,
        merges_failed: [],
      },
    ],
    left_out: [],
  });
  expect(done.stderr).toContain('bars 2024-01: 31 segments merged into 1, 124 rows');
  expect(await ask()).toBe(before);
  expect(await readdir(workspace.spill)).toEqual([]);
  expect((await tierd('compact')).stdout).toContain('bars: nothing to merge, 2 segments');
  expect((await tierd('scrub')).exitCode).toBe(0);

  await tierd('jobs', 'pause', '--dataset', 'bars');
  expect(await tierd('compact', 'bars')).toMatchObject({ exitCode: 3 });
  const leftOut = await tierd('compact');
  expect(leftOut).toMatchObject({ exitCode: 0 });
  expect(leftOut.stdout).toContain('paused bars: left out');
  await tierd('jobs', 'resume', '--dataset', 'bars');

  await database.query(
    `insert into bars select ts, 'late', 1
     from generate_series('2024-03-01Z'::timestamptz, '2024-03-09Z', '1 day') ts`,
  );
  await tierd('rotate', 'bars', '--force');
  // Without the newest the lake would not be taken for whole.
  const { rows } = await database.query(
    `select object_key from tierd.segments where state = 'live' order by min_time_us desc limit 1 offset 3`,
  );
  const { object_key: key } = rows[0] as { object_key: string };
  await rm(join(workspace.lake, key));
  const failed = await tierd('compact');
  expect(failed).toMatchObject({ exitCode: 1 });
  expect(failed.stdout).toContain('stays as it was');
  expect(failed.stdout).toContain(key);
});
