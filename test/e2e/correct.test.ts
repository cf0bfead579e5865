/** A correction as a person runs it: the built program, its words, its documents, its exit codes. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeWorkspace } from '../support/workspace.ts';

const TICKS = '  ticks: { time_column: ts, sort_by: [id, ts] }';

const day = (daysAgo: number): string =>
  new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);

it('shows what would change, changes it, and says which rows it does not know', async () => {
  const database = await createTestDatabase();
  await database.query(
    'create table ticks (ts timestamptz, id int, price numeric(12,4), primary key (id, ts))',
  );
  for (const daysAgo of [41, 40]) {
    await database.query(
      `insert into ticks select $1::timestamptz, n, n from generate_series(0, 9) n`,
      [`${day(daysAgo)}T00:00:00Z`],
    );
  }
  const workspace = makeWorkspace(database, TICKS);
  const { tierd } = workspace;
  await tierd('migrate');
  await tierd('rotate', 'ticks', '--force');
  const file = join(workspace.directory, 'fixed.csv');
  await writeFile(file, `id,price,ts\n3,2.5000,${day(41)}\n4,4,${day(40)}\n77,1,${day(40)}\n`);
  const wish = ['ticks', '--file', file, '--reason', 'split'];

  const dry = await tierd('correct', ...wish, '--dry-run');
  expect(dry).toMatchObject({ exitCode: 3 });
  expect(dry.stdout).toContain('1 of 3 rows of the file would change the lake');
  expect(dry.stdout).toContain('77');
  expect(await tierd('correct', ...wish)).toMatchObject({ exitCode: 3 });

  const done = await tierd('correct', ...wish, '--only-known');
  expect(done).toMatchObject({ exitCode: 0 });
  expect(done.stdout).toContain('1 of 3 rows of the file changed the lake');
  expect(done.stdout).toContain('left out: 1 row');
  const asked = await tierd('query', 'select sum(price) as s from ticks', '--format', 'csv');
  expect(asked.stdout).toContain('89.5');
  const again = await tierd('correct', ...wish, '--only-known', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({
    datasets: [{ rows: 3, rows_changed: 0, rows_unknown: 1, segments_published: 0 }],
  });
  expect((await tierd('audit', 'list', 'ticks')).stdout.match(/corrected/g)).toHaveLength(1);
  expect((await tierd('audit', 'verify')).exitCode).toBe(0);
  expect((await tierd('scrub')).exitCode).toBe(0);
  expect(await readdir(workspace.spill)).toEqual([]);

  const missing = await tierd('correct', 'ticks', '--file', 'nowhere.csv', '--reason', 'x');
  expect(missing).toMatchObject({ exitCode: 2 });
  expect(missing.stderr).toContain('nowhere.csv');
});
