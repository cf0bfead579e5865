import { beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

/** Twelve hours behind: what is written there now has yesterday's date for half of UTC's day. */
const ZONE = 'Etc/GMT+12';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  await database.query(
    'create table bars (ts timestamp not null, "interval" text, price float8); create table instants (ts timestamptz not null)',
  );
  await database.query(
    `insert into bars select at - n * interval '1 day', '1min', 1
     from (select now() at time zone '${ZONE}' as at) as here, generate_series(0, 3) n`,
  );
});

function plan(dataset: string, option: string) {
  const workingDirectory = directoryWith({
    'unified_config.yaml': `
postgres: { url: "${database.url}" }
lake: { type: local, path: lake }
datasets: { ${dataset}: { time_column: ts, ${option} } }
`,
  });
  const argv = ['rotate', '--dry-run', '--force', '--json'];
  return runInside(argv, { workingDirectory, clock: systemClock });
}

it('a day of a local time without a zone is closed when it is over there', async () => {
  const intervals = 'interval_column: interval, hot_intervals: ["1day"]';
  const { stdout, stderr } = await plan('bars', `${intervals}, time_zone: ${ZONE}`);
  expect(JSON.parse(stdout), stderr).toMatchObject({ datasets: [{ rows: 3 }] });
  const hour = new Date().getUTCHours();
  // As UTC it would be yesterday's for the first half of the day, and leave while it is written.
  if (hour < 11) {
    const before = await plan('bars', intervals);
    expect(JSON.parse(before.stdout)).toMatchObject({ datasets: [{ rows: 4 }] });
  }
});

it('a zone beside times that are instants is refused', async () => {
  const { stdout, exitCode } = await plan('instants', `time_zone: ${ZONE}`);
  expect(exitCode).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    datasets: [{ error: { code: 'TIME_COLUMN_INVALID' } }],
  });
});

it('a zone that is none is told by the configuration', async () => {
  const { exitCode, stdout } = await plan('bars', 'time_zone: Europe/Nowhere');
  expect(exitCode).toBe(2);
  expect(stdout).toContain('a time zone such as UTC');
});
