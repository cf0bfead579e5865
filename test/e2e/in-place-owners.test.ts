/** A hypertable in place whose foreign chunk belongs to somebody, is called otherwise, or is no longer there. */
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/domain/time/clock.ts';
import { runInside, runTierd } from '../support/cli.ts';
import type { TestDatabase } from '../support/database.ts';
import { PASSWORD, psqlAt, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { databaseOn } from '../support/own-database.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { freePort } from '../support/server-process.ts';
import { describeOn } from '../support/servers.ts';

describeOn('timescale', 'the foreign chunk of a hypertable in place', () => {
  const TABLES = `
    create role mover login;
    grant pg_read_all_stats to mover;
    do $$ begin execute format('grant create on database %I to mover', current_database()); end $$;
    create extension timescaledb;
    create extension postgres_fdw;
    grant usage on foreign data wrapper postgres_fdw to mover;
    create table wide (ts timestamptz not null, id int not null, note text);
    select create_hypertable('wide', 'ts', chunk_time_interval => interval '365 days');
    grant create on schema public to mover;
    alter table wide owner to mover;`;

  async function scene() {
    const server = await startPostgres();
    onTestFinished(() => server.remove());
    const database = await databaseOn(server);
    await database.query(TABLES);
    const url = new URL(database.url);
    url.username = 'mover';
    await fill(database, 1, 40, 41);
    const daemon = await startFaceDaemon(
      { name: database.name, url: url.href },
      {
        port: await freePort(),
        datasets: '  wide: { time_column: ts, interval_column: note, hot_intervals: [keep] }',
      },
    );
    onTestFinished(() => endHttpDaemon(daemon));
    const place = { workingDirectory: daemon.directory };
    return {
      database,
      tierd: (...argv: readonly string[]) => runInside(argv, { ...place, clock: systemClock }),
      rotate: () => runTierd(['rotate', 'wide', '--force', '--quiet'], place),
    };
  }

  type Scene = Awaited<ReturnType<typeof scene>>;

  const fill = (database: TestDatabase, ...days: readonly number[]): Promise<unknown> =>
    database.query(
      `insert into wide (ts, id, note) select date_trunc('day', now(), 'UTC') - d * interval '1 day' + n * interval '1 minute', n,
              case when d < 10 then 'keep' else 'n' || n % 7 end
       from unnest($1::int[]) d, generate_series(1, 100) n`,
      [days],
    );

  async function moved({ rotate, database }: Scene, rows: number): Promise<void> {
    const { exitCode, stderr } = await rotate();
    expect(exitCode, stderr).toBe(0);
    expect(await read(database, 'select count(*)::int as n from wide')).toEqual([{ n: rows }]);
    const chunks = `select sum(n)::int as n from (select (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c), true, true, '')))[1]::text::int as n from show_chunks('wide') c) each`;
    expect(await read(database, chunks)).toEqual([{ n: 100 }]);
  }

  const read = async (database: TestDatabase, sql: string): Promise<unknown> =>
    (await database.query(sql)).rows;

  /** So that the next move has to move its end. */
  const forgetEnd = (database: TestDatabase): Promise<unknown> =>
    database.query(`update tierd.in_place set until_us = -9223372036854775808`);

  async function check({ tierd }: Scene): Promise<{ status: string; found: string }> {
    const { stdout } = await tierd('doctor', '--json');
    const { checks } = JSON.parse(stdout) as {
      checks: { name: string; status: string; found: string }[];
    };
    return checks.find(({ name }) => name === 'in_place:wide') ?? { status: 'none', found: '' };
  }

  it('belongs to the role of postgres.url, whoever ran what was printed; of another it is refused before anything is exported', async () => {
    const here = await scene();
    const { database, tierd, rotate } = here;
    const printed = await tierd('attach', 'wide', '--in-place', '--print');
    expect(printed.exitCode, printed.stderr).toBe(0);
    expect(printed.stdout).toContain('-- Not tried: whether this version of TimescaleDB');
    const ran = await psqlAt(database.url, [
      '-v',
      'ON_ERROR_STOP=1',
      '-v',
      `tierd_password=${PASSWORD}`,
      '-c',
      printed.stdout.replaceAll(`:'tierd_password'`, `'${PASSWORD}'`),
    ]);
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    await moved(here, 300);
    expect(await check(here)).toMatchObject({ status: 'ok' });

    await fill(database, 42);
    await forgetEnd(database);
    await moved(here, 400);

    await database.query('alter foreign table attached.wide_chunk owner to postgres');
    await fill(database, 43);
    const moves = 'select count(*)::int as n from tierd.moves';
    const before = await read(database, moves);
    const refused = await rotate();
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain(
      'foreign chunk attached.wide_chunk of public.wide is owned by postgres',
    );
    expect(refused.stderr).toContain(
      'alter foreign table "attached"."wide_chunk" owner to "mover"',
    );
    expect(await read(database, moves)).toEqual(before);
    expect(await check(here)).toMatchObject({ status: 'warning' });
    await database.query('alter foreign table attached.wide_chunk owner to mover');
    await moved(here, 500);
  });

  it('has its end moved by whoever publishes, also where another role owns the ledger', async () => {
    const here = await scene();
    const { database, tierd } = here;
    await here.rotate();
    const made = await tierd('attach', 'wide', '--in-place');
    expect(made.exitCode, made.stderr).toBe(0);
    await database.query(`create role keeper;
      grant usage on schema tierd to keeper;
      grant create on schema tierd to keeper;
      grant all on tierd.segments, tierd.in_place to mover;
      alter function tierd.note_in_place() owner to keeper;
      alter function tierd.fit_in_place(text, bigint) owner to keeper;
      alter table tierd.in_place owner to keeper;
      alter table tierd.segments owner to keeper;
      grant all on tierd.segments, tierd.in_place to mover`);
    const url = new URL(database.url);
    url.username = 'mover';
    const mover = await psqlAt(url.href, [
      '-v',
      'ON_ERROR_STOP=1',
      '-c',
      `with one as (select id from tierd.segments where state = 'live' order by id limit 1)
       update tierd.segments s set state = 'retired' from one where s.id = one.id`,
      '-c',
      `update tierd.segments set state = 'live', max_time_us = extract(epoch from timestamptz '2100-06-01 00:00Z')::bigint * 1000000 where state = 'retired'`,
    ]);
    expect(mover, mover.stderr).toMatchObject({ code: 0 });
    expect(
      await read(
        database,
        `select pg_get_constraintdef(oid) ~ '2100' as further from pg_constraint where conname = 'tierd_until'`,
      ),
    ).toEqual([{ further: true }]);
  });

  it('is known under another name, and where it is no more rotations go on and doctor tells', async () => {
    const here = await scene();
    const { database, tierd, rotate } = here;
    await rotate();
    const attach = () => tierd('attach', 'wide', '--in-place');
    expect((await attach()).exitCode).toBe(0);

    // TimescaleDB 2.19 itself finds it no more then, and answers nobody; 2.29 does.
    await database.query('alter foreign table attached.wide_chunk rename to wide_other');
    await fill(database, 42);
    await forgetEnd(database);
    expect((await rotate()).exitCode).toBe(0);
    await database.query('alter foreign table attached.wide_other rename to wide_chunk');
    await moved(here, 400);

    // A table that is dropped by hand TimescaleDB 2.19 looks for ever after: that comes last.
    for (const gone of [
      `select _timescaledb_functions.drop_osm_chunk('wide')`,
      'drop schema attached cascade',
    ]) {
      await database.query(gone);
      await fill(database, 43);
      await forgetEnd(database);
      const { exitCode, stderr } = await rotate();
      expect(exitCode, stderr).toBe(0);
      const told = await check(here);
      expect(told.status).toBe('warning');
      expect(told.found).toContain('was dropped or detached');
      if (gone.startsWith('drop')) return;
      const again = await attach();
      expect(again.exitCode, again.stderr).toBe(0);
      expect(await check(here)).toMatchObject({ status: 'ok' });
      await moved(here, 500);
    }
  });
});
