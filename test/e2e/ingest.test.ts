/** An ingest as a person runs it: the built program, its words, its documents, its exit codes. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { createTestDatabase } from '../support/database.ts';
import { makeWorkspace } from '../support/workspace.ts';

const TICKS = '  ticks: { time_column: ts, sort_by: [symbol, ts] }';

const day = (daysAgo: number): string =>
  new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);

it('shows where rows would go, brings them there once, and says what is in the way', async () => {
  const database = await createTestDatabase();
  await database.query(
    'create table ticks (ts timestamptz, symbol text, price numeric(12,4), primary key (symbol, ts))',
  );
  const workspace = makeWorkspace(database, TICKS);
  const { tierd } = workspace;
  await tierd('migrate');
  const folder = join(workspace.directory, 'history');
  await mkdir(folder);
  await writeFile(join(folder, 'README.txt'), 'nothing of interest');
  const old = Date.parse(day(40));
  await writeFile(join(folder, 'a.csv'), `${String(old)},1\n${String(old + 60_000)},2.5\n`);
  await writeFile(join(folder, 'b.csv'), `${String(Date.parse(day(1)))},3\nabc,4\n`);
  const wish = [
    folder,
    '--dataset',
    'ticks',
    '--columns',
    'ts,price',
    '--time-unit',
    'ms',
    '--set',
    'symbol=BTC',
  ];

  const dry = await tierd('ingest', ...wish, '--dry-run');
  expect(dry).toMatchObject({ exitCode: 0 });
  expect(dry.stdout).toContain('2 rows would go into the lake, 1 row into PostgreSQL');
  expect(dry.stdout).toContain(day(40));
  expect(dry.stdout).toContain('b.csv row 2: ts: "abc": not a finite decimal number');
  expect(dry.stdout).toContain('1 file of other formats left alone');
  expect((await database.query('select count(*)::int as n from ticks')).rows).toEqual([{ n: 0 }]);

  const done = await tierd('ingest', ...wish);
  expect(done).toMatchObject({ exitCode: 0 });
  expect(done.stdout).toContain('2 rows into the lake, 1 row into PostgreSQL, 2 slices');
  const asked = await tierd('query', 'select sum(price) as s from ticks', '--format', 'csv');
  expect(asked.stdout).toContain('6.5');
  const letters = await tierd('dead-letters', 'list', '--source', 'file:ticks', '--json');
  expect(JSON.parse(letters.stdout)).toMatchObject({
    letters: [{ reason_code: 'not_a_number' }],
  });

  const again = await tierd('ingest', ...wish, '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({
    datasets: [
      {
        rows_cold: 0,
        rows_hot: 0,
        segments_published: 0,
        files: [{ left_out: expect.stringContaining('ingested before') as string }, {}],
      },
    ],
  });
  await writeFile(join(folder, 'c.csv'), `${String(old)},9\n`);
  const refused = await tierd('ingest', ...wish);
  expect(refused).toMatchObject({ exitCode: 3 });
  expect(refused.stderr).toContain('--on-conflict skip');
  expect(await tierd('ingest', ...wish, '--on-conflict', 'replace')).toMatchObject({ exitCode: 0 });
  expect(
    (await tierd('query', 'select sum(price) as s from ticks', '--format', 'csv')).stdout,
  ).toContain('14.5');

  expect((await tierd('audit', 'list', 'ticks')).stdout.match(/ingested/g)).toHaveLength(2);
  expect((await tierd('audit', 'verify')).exitCode).toBe(0);
  expect((await tierd('scrub')).exitCode).toBe(0);
  expect(await readdir(workspace.spill)).toEqual([]);

  for (const [flags, said] of [
    [['--time-zone', '+02:00'], 'a time zone such as UTC'],
    [['--map', 'x'], "such as 'Date=time'"],
    [['--time-unit', 'min'], 's, ms, us, ns'],
  ] as const) {
    const wrong = await tierd('ingest', ...wish, ...flags);
    expect(wrong).toMatchObject({ exitCode: 2 });
    expect(wrong.stderr).toContain(said);
  }
  const missing = await tierd('ingest', 'nowhere.csv', '--dataset', 'ticks');
  expect(missing).toMatchObject({ exitCode: 2 });
  expect(missing.stderr).toContain('nowhere.csv');
});
