/** Expiry and holds as a person runs them: the built program, its words, its documents, its exit codes. */
import { expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { ageLake } from '../support/expire.ts';
import { makeWorkspace } from '../support/workspace.ts';

const BARS = '  bars: { time_column: ts, cold_days: 100 }\n  kept: { time_column: ts }';

it('shows what would expire, keeps what is held, and lets the rest expire', async () => {
  const database = await createTestDatabase();
  await database.query(
    `create table bars (ts timestamptz, symbol text); create table kept (ts timestamptz);
     insert into bars select date_trunc('day', now(), 'UTC') - d * interval '24 hours', 'a'
     from generate_series(41, 110) d`,
  );
  const { tierd } = makeWorkspace(database, BARS);
  await tierd('migrate');
  await tierd('rotate', 'bars', '--force');

  const young = await tierd('expire', '--dry-run');
  expect(young).toMatchObject({ exitCode: 0 });
  expect(young.stdout).toContain('nothing of before');
  expect(young.stdout).toContain('less than 7 days ago');
  await ageLake(database);

  const dry = await tierd('expire', '--dry-run');
  expect(dry).toMatchObject({ exitCode: 0 });
  expect(dry.stdout).toContain('bars: 10 of 70 rows of before');
  expect(dry.stdout).not.toContain('kept');
  expect((await tierd('expire', 'kept')).stdout).toContain('kept: has no cold_days');

  const day = new Date(Date.now() - 110 * 86_400_000).toISOString().slice(0, 10);
  const next = new Date(Date.now() - 109 * 86_400_000).toISOString().slice(0, 10);
  const held = await tierd(
    'hold',
    'set',
    'bars',
    '--from',
    day,
    '--to',
    next,
    '--reason',
    'case 17',
  );
  expect(held.stdout).toContain(`bars: ${day} held, hold 1 (case 17)`);
  const status = await tierd('status', 'bars');
  expect(status.stdout).toContain(
    `held bars: ${day} stays in the lake until it is lifted, hold 1 (case 17)`,
  );
  expect(status.stdout).toContain('expiring bars: 39 rows of the lake are due to expire');
  expect(status.stdout).toContain('unread bars: no segment was ever read again');
  expect((await tierd('hold', 'list')).stdout).toMatch(/1 +bars +.*it is lifted.*case 17/u);
  expect(await tierd('hold', 'set', 'bars', '--reason', ' ')).toMatchObject({ exitCode: 2 });

  const done = await tierd('expire', '--json');
  expect(done).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(done.stdout)).toMatchObject({
    datasets: [{ dataset: 'bars', cold_rows: 70, rows_expired: 9, slices_expired: 9 }],
    left_out: [],
  });
  expect(done.stderr).toContain('9 rows expired');
  const left = await tierd('query', 'select count(*)::int as n from bars', '--json');
  expect(left.stdout).toContain('61');

  expect((await tierd('hold', 'lift', '1', '--reason', 'closed')).stdout).toContain(
    'lifted, hold 1',
  );
  expect(await tierd('hold', 'lift', '1', '--reason', 'closed')).toMatchObject({ exitCode: 2 });
  expect((await tierd('expire')).stdout).toContain('bars: 1 row expired, 1 segment');
  expect((await tierd('audit', 'list', 'bars')).stdout).toMatch(/expired[^]*hold lifted[^]*held/u);
  expect((await tierd('audit', 'verify')).exitCode).toBe(0);
  expect((await tierd('scrub')).exitCode).toBe(0);

  await database.query(`update tierd.runs set started_at = now() - interval '90 days'`);
  expect(await tierd('expire', 'bars')).toMatchObject({ exitCode: 3 });
});

it('lets rows go by their interval, and says which stay for ever', async () => {
  const database = await createTestDatabase();
  await database.query(
    `create table bars (ts timestamptz, period text);
     insert into bars select date_trunc('day', now(), 'UTC') - d * interval '24 hours' + n * interval '1 minute',
       case n when 0 then '1d' when 1 then '3m' else '1m' end
     from generate_series(41, 110) d, generate_series(0, 11) n`,
  );
  const { tierd } = makeWorkspace(
    database,
    '  bars: { time_column: ts, interval_column: period, cold_days_by_interval: { 1m: 100, 1d: 2555 } }',
  );
  await tierd('migrate');
  await tierd('rotate', 'bars', '--force');
  await ageLake(database);

  const dry = await tierd('expire', '--dry-run');
  expect(dry).toMatchObject({ exitCode: 0 });
  expect(dry.stdout).toContain('bars: 100 of 840 rows of before');
  expect(dry.stdout).toMatch(/1m +100 +\d{4}-\d\d-\d\d +100\n1d +2,555/u);
  expect(dry.stdout).toContain(
    '10 old rows of 3m, which datasets.bars.cold_days_by_interval does not name, stay for ever',
  );
  const asDocument = JSON.parse((await tierd('expire', '--dry-run', '--json')).stdout) as {
    datasets: { slices: unknown[]; slices_thinned: unknown[] }[];
  };
  expect(asDocument.datasets[0]?.slices).toEqual([]);
  expect(asDocument.datasets[0]?.slices_thinned[0]).toMatchObject({ rows: 10, rows_left: 2 });

  const done = await tierd('expire');
  expect(done).toMatchObject({ exitCode: 0 });
  expect(done.stdout).toContain('bars: 100 rows expired, 10 slices written anew');
  expect(done.stderr).toContain('10 rows of 1m expired, 2 rows left');
  const left = await tierd('query', 'select count(*)::int as n from bars', '--json');
  expect(left.stdout).toContain('740');
  expect((await tierd('audit', 'verify')).exitCode).toBe(0);
  expect((await tierd('scrub')).exitCode).toBe(0);
});

it('says so where no dataset has an end', async () => {
  const { tierd } = makeWorkspace(await createTestDatabase(), '  kept: { time_column: ts }');
  await tierd('migrate');
  for (const flags of [[], ['--dry-run']]) {
    const { stdout, exitCode } = await tierd('expire', ...flags);
    expect(stdout).toContain('Nothing expires: no dataset has cold_days');
    expect(exitCode).toBe(0);
  }
});
