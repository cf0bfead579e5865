/** Who leads: two daemons on one database, and a database that goes away. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  type DaemonScene,
  fillTicks,
  jobPidOf,
  makeDaemon,
  PATIENCE,
  said,
  stopped,
} from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { databaseOn } from '../support/own-database.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { identityOf, isAlive } from '../support/process-identity.ts';
import { openProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const FREE = 'storage: { lifecycle: { guards: { max_share: 1 } } }';
const SLOW = 'storage: { lifecycle: { guards: { max_rows_per_second: 10, max_share: 1 } } }';
const EVERY = 'schedules: { rotate: { every: 1s, retry_delay: 500ms } }';
const LEASE = 'daemon: { lease_ttl: 2s, shutdown_timeout: 20s }';

const isCopy = (sql: string): boolean => /^copy/i.test(sql);
const isDelete = (sql: string): boolean => /delete from \S*ticks/i.test(sql);
const isFence = (sql: string): boolean => sql.includes('tierd.leases') && sql.includes('for share');

/** Rows in hot and in live segments together. */
async function rowsInAll(database: Pick<TestDatabase, 'query'>): Promise<number> {
  const { rows } = await database.query(
    `select (select count(*) from ticks)::int
       + coalesce((select sum(row_count) from tierd.segments where state = 'live'), 0)::int as rows`,
  );
  return (rows[0] as { rows: number }).rows;
}

describe('of two daemons', () => {
  it('one stands by, says for whom, and leads when the other stops', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const scene = await makeDaemon(database, `${SLOW}\n${EVERY}\n${LEASE}`);
    const first = scene.run();
    await said(first, /leading: jobs/);
    const second = scene.run();
    await said(second, /standing by: \S+ leads/);
    await expect.poll(async () => (await scene.runs()).length, PATIENCE).toBeGreaterThan(1);
    const holders = new Set((await scene.runs()).map(({ holder }) => holder));
    expect(holders.size).toBe(1);

    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    await said(second, /leading: jobs/);
    await expect
      .poll(async () => new Set((await scene.runs()).map(({ holder }) => holder)).size, PATIENCE)
      .toBe(2);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });

  it.each<[string, (sql: string, seen: readonly string[]) => boolean]>([
    ['in an export', (sql, seen) => isCopy(sql) && seen.some(isDelete)],
    ['with rows deleted', (sql, seen) => isDelete(sql) && seen.some(isDelete)],
    ['with the lease locked', (sql, seen) => isFence(sql) && seen.filter(isDelete).length === 2],
  ])(
    'I8: the leader that slept %s through its lease commits nothing when it wakes',
    async (_, isTheMoment) => {
      const database = await createTestDatabase();
      await fillTicks(database, { dueDays: 3, rows: 40 });
      const proxy = await openProxy(database.url);
      const scene = await makeDaemon(
        { ...database, url: proxy.url },
        `${FREE}\n${EVERY}\n${LEASE}`,
      );
      const sleeper = scene.run();
      // One day has moved and the next is on its way.
      const asleep = new Promise<number>((resolve) => {
        const seen: string[] = [];
        proxy.onStatement((sql) => {
          const job = jobPidOf(sleeper);
          if (isTheMoment(sql, seen) && job !== null) {
            process.kill(job, 'SIGSTOP');
            sleeper.child.kill('SIGSTOP');
            proxy.onStatement(() => 'pass');
            resolve(job);
          }
          seen.push(sql);
          return 'pass';
        });
      });
      const job = await asleep;
      const jobIdentity = identityOf(job);
      onTestFinished(() => {
        if (isAlive(jobIdentity)) process.kill(job, 'SIGKILL');
      });
      expect(await scene.hotRows('ticks')).toBe(120);

      const heir = scene.run();
      await said(heir, /leading: jobs/);
      await said(heir, /rotate: done/);
      expect(await scene.hotRows('ticks')).toBe(40);
      expect(await rowsInAll(database)).toBe(160);

      process.kill(job, 'SIGCONT');
      sleeper.child.kill('SIGCONT');
      await said(sleeper, /no longer leading/);
      await said(sleeper, /the ledger could not be written: another daemon has taken over/);
      await said(sleeper, /standing by: \S+ leads/);
      await expect.poll(() => isAlive(jobIdentity), PATIENCE).toBe(false);
      expect(await rowsInAll(database)).toBe(160);
      expect((await scene.runs())[0]).toMatchObject({ state: 'abandoned' });
      const { rows: moves } = await database.query(
        `select count(*)::int as count from tierd.moves where state not in ('finished', 'abandoned')`,
      );
      expect(moves).toEqual([{ count: 0 }]);

      for (const daemon of [sleeper, heir]) {
        daemon.child.kill('SIGTERM');
        expect(await daemon.ended).toBe(0);
      }
    },
  );
});

describe('a database that goes away', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on' } });
  });
  afterAll(() => server.remove());

  it('ends the lead, and the daemon leads again when it is back', async () => {
    const database = await databaseOn(server);
    await fillTicks(database, { dueDays: 2, rows: 40 });
    const scene = await makeDaemon(
      database,
      `${SLOW}\nschedules: { rotate: { every: 1s, retries: 0 } }\n${LEASE}`,
    );
    const daemon = scene.run();
    await said(daemon, /rotate: started/);
    await server.stop('immediate');
    await said(daemon, /no longer leading/);
    await said(
      daemon,
      /standing by: Connecting to PostgreSQL|standing by: connecting to PostgreSQL/,
    );
    expect(daemon.child.exitCode).toBeNull();

    await server.start();
    await expect
      .poll(() => daemon.stderr().match(/leading: jobs are started/g)?.length, PATIENCE)
      .toBe(2);
    await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(40);
    expect(await rowsInAll(database)).toBe(120);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});

describe('a line that breaks while the lead is taken', () => {
  it('is tried again, however often and wherever it is cut', async () => {
    const { scene, proxy } = await behindProxy();
    let statements = 0;
    proxy.onStatement((sql) => {
      if (!sql.includes('tierd.') || statements >= 8) return 'pass';
      statements += 1;
      return statements % 2 === 0 ? 'cut after' : 'cut before';
    });
    const daemon = scene.run();
    await said(daemon, /standing by: taking the lead failed/);
    await said(daemon, /leading: jobs/);
    await said(daemon, /rotate: done/);
    await stopped(daemon);
  });

  it('goes silent: it is given up in time, and a daemon that waits for it can be stopped', async () => {
    const { scene, proxy } = await behindProxy();
    let stalls = 1;
    proxy.onStatement((sql) => {
      if (!sql.includes('insert into tierd.leases') || stalls === 0) return 'pass';
      stalls -= 1;
      return 'stall';
    });
    const daemon = scene.run();
    await said(daemon, /standing by: taking the lead failed: .*in time/);
    await said(daemon, /leading: jobs/);
    await stopped(daemon);

    stalls = Number.MAX_SAFE_INTEGER;
    const stuck = scene.run();
    await said(stuck, /tierd runs rotate/);
    await expect.poll(() => Number.MAX_SAFE_INTEGER - stalls, PATIENCE).toBeGreaterThan(0);
    await stopped(stuck);
  });

  async function behindProxy(): Promise<{ scene: DaemonScene; proxy: TcpProxy }> {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const proxy = await openProxy(database.url);
    const scene = await makeDaemon(database, `${FREE}\n${EVERY}\n${LEASE}`);
    scene.edit('lock_timeout: 3s', `lock_timeout: 3s, direct_url: "${proxy.url}"`);
    return { scene, proxy };
  }
});
