/** What lies in the schema of `tierd attach` and is not tierd's stays there, whatever it is called. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/time/clock.ts';
import { type CliResult, runInside } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type FaceDaemon, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { freePort } from '../support/server-process.ts';
import { describeOn } from '../support/servers.ts';

describeOn('timescale', 'what is not of tierd in the schema of what is attached', () => {
  let database: TestDatabase;
  let daemon: FaceDaemon;

  beforeAll(async () => {
    database = await createTestDatabase({ timescale: true });
    await database.query(`
      create schema analytics;
      create type mood as enum ('good', 'bad');
      create table bars (ts timestamptz not null, mood mood);
      create table ticks (ts timestamptz not null);
      select create_hypertable('ticks', 'ts');`);
    daemon = await startFaceDaemon(database, {
      port: await freePort(),
      datasets: '  bars: { time_column: ts }\n  ticks: { time_column: ts }',
      face: 'attach: { schema: analytics }',
    });
  });

  afterAll(() => endHttpDaemon(daemon));

  const tierd = (...argv: readonly string[]): Promise<CliResult> =>
    runInside(argv, { workingDirectory: daemon.directory, clock: systemClock });

  it.each([
    ['table analytics.bars', '', ['bars']],
    ['table analytics.bars_lake', '', ['bars']],
    ['view analytics.bars_cold', '', ['bars']],
    ['sequence analytics.bars_later', '', ['bars']],
    ['function analytics.bars_until()', ` returns int language sql as 'select 1'`, ['bars']],
    ['domain analytics.bars_shown_2', ' as int', ['bars']],
    ['table analytics.ticks_chunk', '', ['ticks', '--in-place']],
  ])('refuses where a name is taken, and drops nothing: %s', async (what, rest, argv) => {
    const [kind, name = ''] = what.split(' ');
    const body =
      kind === 'table' ? ' as select 1 as kept' : kind === 'view' ? ' as select 1' : rest;
    await database.query(`create ${what}${body}`);
    for (const flags of [[], ['--dry-run'], ['--print']]) {
      const { exitCode, stderr } = await tierd('attach', ...argv, ...flags);
      expect(exitCode).toBe(3);
      expect(stderr).toContain(`here is ${name} already that tierd has not made`);
    }
    await database.query(`drop ${what}`);
  });

  it('refuses to drop a view that others have built upon, and names what', async () => {
    expect((await tierd('attach', 'bars')).exitCode).toBe(0);
    await database.query('create view upon as select ts from analytics.bars');
    const { exitCode, stderr } = await tierd('detach');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('view public.upon depends on view analytics.bars');
    expect(stderr).toContain('Drop what was built upon it');
    await database.query('drop view upon');
    expect((await tierd('detach')).exitCode).toBe(0);
  });

  it('stays, and so does the schema, when all is detached', async () => {
    await database.query('create schema if not exists analytics');
    await database.query('create table analytics.theirs as select 1 as kept');
    for (const argv of [['attach', 'bars'], ['attach', 'ticks', '--in-place'], ['detach']]) {
      const { exitCode, stderr } = await tierd(...argv);
      expect(exitCode, stderr).toBe(0);
    }
    const { rows } = await database.query(
      `select c.relname from pg_class c where c.relnamespace = 'analytics'::regnamespace`,
    );
    expect(rows).toEqual([{ relname: 'theirs' }]);
    await database.query('drop table analytics.theirs');
    for (const argv of [['attach', 'bars'], ['detach']]) {
      expect((await tierd(...argv)).exitCode).toBe(0);
    }
    const schemas = await database.query(`select to_regnamespace('analytics') as found`);
    expect(schemas.rows).toEqual([{ found: null }]);
  });
});
