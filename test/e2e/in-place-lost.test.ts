/** A foreign chunk that was dropped or renamed by hand: TimescaleDB still keeps account of it, and tierd puts that right. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/time/clock.ts';
import { type CliResult, runInside } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type FaceDaemon, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { freePort } from '../support/server-process.ts';
import { describeOn } from '../support/servers.ts';

describeOn('timescale', 'a foreign chunk that was lost by hand', () => {
  let database: TestDatabase;
  let daemon: FaceDaemon;

  beforeAll(async () => {
    database = await createTestDatabase({ timescale: true });
    await database.query(`
      create table bars (ts timestamptz not null, id int not null);
      select create_hypertable('bars', 'ts', chunk_time_interval => interval '1 day');
      insert into bars select date_trunc('day', now(), 'UTC') - d * interval '1 day' + n * interval '1 minute', n
        from unnest(array[1, 40, 41]) d, generate_series(1, 100) n`);
    daemon = await startFaceDaemon(database, {
      port: await freePort(),
      datasets: '  bars: { time_column: ts }',
    });
  });

  afterAll(() => endHttpDaemon(daemon));

  const tierd = (...argv: readonly string[]): Promise<CliResult> =>
    runInside(argv, { workingDirectory: daemon.directory, clock: systemClock });

  async function done(...argv: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await tierd(...argv);
    expect(exitCode, stderr).toBe(0);
  }

  /** While what wrote before the last change of the lake has not ended, in whichever database, cold rows are refused. */
  async function count(where: string): Promise<number> {
    for (;;) {
      try {
        const { rows } = await database.query(`select count(*)::int as n from bars where ${where}`);
        return (rows[0] as { n: number }).n;
      } catch (error) {
        if ((error as { code?: string }).code !== '40001') throw error;
      }
    }
  }

  async function expectRows(all: number): Promise<void> {
    const cold = `ts < now() - interval '20 days'`;
    expect(await count('true')).toBe(all);
    expect(await count(cold)).toBe(all - 100);
    expect(await count(`ts > '2001-01-01' and ${cold}`)).toBe(all - 100);
    expect(await count(`ts > now() - interval '20 days'`)).toBe(100);
    await database.query(`select drop_chunks('bars', older_than => timestamptz '2001-01-01')`);
    const { rows } = await database.query(
      `select count(*)::int as n from _timescaledb_catalog.chunk where osm_chunk`,
    );
    expect(rows).toEqual([{ n: all === 300 ? 1 : 0 }]);
  }

  async function status(): Promise<string | undefined> {
    const { checks } = JSON.parse((await tierd('doctor', '--json')).stdout) as {
      checks: { name: string; status: string }[];
    };
    return checks.find(({ name }) => name === 'in_place:bars')?.status;
  }

  const LOSSES = [
    'drop foreign table attached.bars_chunk',
    'drop schema attached cascade',
    'alter foreign table attached.bars_chunk rename to bars_other',
    'alter foreign table attached.bars_chunk no inherit bars',
  ];

  it.each(LOSSES)(
    'I2: is made again by the next attach, and read whatever is asked: %s',
    async (loss) => {
      await done('attach', '--in-place');
      await expectRows(300);
      await database.query(loss);
      if (!loss.includes('rename')) expect(await status()).toBe('warning');
      await done('attach', '--in-place');
      await expectRows(300);
      expect(await status()).toBe('ok');
      await done('detach');
    },
  );

  it.each(LOSSES)('is gone with all that was made once it is detached: %s', async (loss) => {
    await done('attach', '--in-place');
    await database.query(loss);
    await done('detach');
    await expectRows(100);
    const { rows } = await database.query(
      `select count(*)::int as n from pg_class where relnamespace = to_regnamespace('attached')`,
    );
    expect(rows).toEqual([{ n: 0 }]);
  });

  it('whose time column has another name now is told by doctor, and is right again under the old one', async () => {
    await done('attach', '--in-place');
    await database.query('alter table bars rename column ts to moment');
    expect(await status()).toBe('error');
    await database.query('alter table bars rename column moment to ts');
    expect(await status()).toBe('ok');
    await expectRows(300);
    await done('detach');
  });

  it('is not made a second time beside one that the ledger knows nothing of', async () => {
    await done('attach', '--in-place');
    const kept = await database.query('delete from tierd.in_place returning *');
    const { exitCode, stderr } = await tierd('attach', '--in-place');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('has a foreign chunk already that this ledger has not attached');
    expect(stderr).toContain(`drop_osm_chunk('public.bars')`);
    await database.query(`select _timescaledb_functions.drop_osm_chunk('public.bars')`);
    expect(kept.rowCount).toBe(1);
    await done('attach', '--in-place');
    await expectRows(300);
  });
});
