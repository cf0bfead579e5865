/** The adoption as a person runs it after the database was lost: the built program, its words, its documents, its exit codes. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeWorkspace, type Workspace } from '../support/workspace.ts';

const BARS = '  bars: { time_column: ts, sort_by: [symbol, ts] }';
const TABLE = 'create table bars (ts timestamptz, symbol text, id int, primary key (symbol, ts))';
const DAYS = 10;
const ROWS = DAYS * 4;

const fill = (database: TestDatabase): Promise<unknown> =>
  database.query(
    `insert into bars select ts, 's', extract(day from ts)
     from generate_series('2024-01-01Z'::timestamptz, '2024-01-10T18:00Z', '6 hours') ts`,
  );

const LAKE = (workspace: Workspace): string =>
  `{ type: local, path: "${join(workspace.directory, 'lake')}", min_free: 0MB }`;

it('says what it would take up, takes it up once, and leaves what it can not judge to whoever runs it', async () => {
  const lost = await createTestDatabase();
  await lost.query(TABLE);
  await fill(lost);
  const before = makeWorkspace(lost, BARS);
  await before.tierd('migrate');
  expect(await before.tierd('rotate', 'bars', '--force')).toMatchObject({ exitCode: 0 });

  const database = await createTestDatabase();
  await database.query(TABLE);
  const { tierd } = makeWorkspace(database, BARS, '', LAKE(before));
  const early = await tierd('adopt');
  expect(early).toMatchObject({ exitCode: 2 });
  expect(early.stderr).toContain('tierd migrate');
  await tierd('migrate');

  const dry = await tierd('adopt', '--dry-run');
  expect(dry).toMatchObject({ exitCode: 0 });
  expect(dry.stdout).toMatch(
    /would adopt bars: 10 segments of 10 slices, 40 rows, .*, by the manifest of /u,
  );
  const unasked = await tierd('adopt');
  expect(unasked.exitCode).not.toBe(0);
  expect(unasked.stderr).toContain('--yes');

  // Rows that are hot as well, as after a database was restored to an earlier time.
  await fill(database);
  const refused = await tierd('adopt', '--yes', '--json');
  expect(refused).toMatchObject({ exitCode: 3 });
  expect(JSON.parse(refused.stdout)).toMatchObject({ state: 'refused', prefer: null });
  expect((await tierd('adopt', '--yes')).stdout).toContain('--prefer cold');
  await database.query('delete from bars');

  const done = await tierd('adopt', '--yes', '--verify', '--json');
  expect(done).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(done.stdout)).toMatchObject({
    state: 'done',
    datasets: [{ dataset: 'bars', taken: { segments: DAYS, rows: ROWS }, both: [], problems: [] }],
  });
  const asked = await tierd('query', 'select count(*) as n from bars', '--json');
  expect(asked.stdout).toContain(String(ROWS));
  expect((await tierd('scrub')).exitCode).toBe(0);
  expect((await before.tierd('rotate', 'bars')).stderr).toContain('LAKE_NOT_OWNED');

  const again = await tierd('adopt', '--yes');
  expect(again).toMatchObject({ exitCode: 0 });
  expect(again.stdout).toContain('nothing that is not known');
});

it('names a file that is missing, and exits as partly done', async () => {
  const lost = await createTestDatabase();
  await lost.query(TABLE);
  await fill(lost);
  const before = makeWorkspace(lost, BARS);
  await before.tierd('migrate');
  await before.tierd('rotate', 'bars', '--force');
  const { rows } = await lost.query(
    'select object_key from tierd.segments order by min_time_us limit 1',
  );
  const { object_key: key } = rows[0] as { object_key: string };
  await rm(join(before.lake, key));

  const database = await createTestDatabase();
  await database.query(TABLE);
  const { tierd } = makeWorkspace(database, BARS, '', LAKE(before));
  await tierd('migrate');
  const done = await tierd('adopt', '--yes');
  expect(done).toMatchObject({ exitCode: 4 });
  expect(done.stdout).toContain(key);
});
