/** A dataset with another name, as a person meets it: the built program, its words, its documents, its exit codes. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { makeWorkspace } from '../support/workspace.ts';

const BARS = '{ time_column: ts, sort_by: [symbol, ts], table: bars }';

it('is told by doctor and rotate, and renamed by one command', async () => {
  const database = await createTestDatabase();
  await database.query(
    `create table bars (ts timestamptz, symbol text, id int, primary key (symbol, ts));
     insert into bars select ts, 's', extract(day from ts)
     from generate_series('2024-01-01Z'::timestamptz, '2024-01-10T18:00Z', '6 hours') ts`,
  );
  const before = makeWorkspace(database, `  bars: ${BARS}`);
  await before.tierd('migrate');
  expect(await before.tierd('rotate', 'bars', '--force')).toMatchObject({ exitCode: 0 });
  await database.query(`insert into bars values ('2024-01-03T05:00Z', 't', 1)`);

  const lake = `{ type: local, path: "${join(before.directory, 'lake')}", min_free: 0MB }`;
  const { tierd } = makeWorkspace(database, `  candles: ${BARS}`, '', lake);
  const doctor = await tierd('doctor');
  expect(doctor.stdout).toContain('tierd lake rename bars <its new name>');
  const rotated = await tierd('rotate', 'candles');
  expect(rotated).toMatchObject({ exitCode: 3 });
  expect(rotated.stdout + rotated.stderr).toContain('tierd lake rename bars candles');

  const dry = await tierd('lake', 'rename', 'bars', 'candles', '--dry-run');
  expect(dry).toMatchObject({ exitCode: 0 });
  expect(dry.stdout).toBe(
    'This makes bars candles in the ledger, with 10 live segments of 40 rows. No file moves: what is in the folder bars stays there, and what comes lies in candles.\n',
  );
  const unasked = await tierd('lake', 'rename', 'bars', 'candles');
  expect(unasked.exitCode).not.toBe(0);
  expect(unasked.stderr).toContain('--yes');
  expect(await tierd('lake', 'rename', 'bras', 'candles', '--yes')).toMatchObject({ exitCode: 3 });

  const done = await tierd('lake', 'rename', 'bars', 'candles', '--yes', '--json');
  expect(done).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(done.stdout)).toEqual({
    ...{ from: 'bars', to: 'candles', segments: 10, rows: 40, was_renamed_before: false },
  });
  expect((await tierd('lake', 'rename', 'bars', 'candles', '--yes')).stdout).toContain('already');
  expect(await tierd('rotate', 'candles')).toMatchObject({ exitCode: 0 });
  const asked = await tierd('query', 'select count(*) as n from candles', '--json');
  expect(asked.stdout).toContain('41');
  expect((await tierd('scrub')).exitCode).toBe(0);
  const stale = await before.tierd('rotate', 'bars');
  expect(stale).toMatchObject({ exitCode: 2 });
  expect(stale.stderr).toContain('bars was renamed to candles');
});
