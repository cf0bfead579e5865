/** `tierd run` as it is started by systemd: the built program, real jobs, a real PostgreSQL. */
import { readdir } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { fillTicks, jobPidOf, makeDaemon, PATIENCE, said } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { identityOf, isAlive } from '../support/process-identity.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

/** Slow enough to be met in the middle: ten rows a second. */
const SLOW = 'storage: { lifecycle: { guards: { max_rows_per_second: 10, max_share: 1 } } }';
const FAST = 'storage: { lifecycle: { guards: { max_share: 1 } } }';
const NEVER = 'rotate: { cron: "0 0 29 2 *" }';

describe('schedules', () => {
  it('fire, and each run is in the ledger and in the log', async () => {
    await fillTicks(database, { dueDays: 2, rows: 50 });
    const scene = await makeDaemon(database, `${FAST}\nschedules: { rotate: { every: 1s } }`);
    const daemon = scene.run();
    await said(daemon, /leading: jobs are started/);
    await said(daemon, /rotate: done/);
    expect(await scene.hotRows('ticks')).toBe(50);
    const [first] = await scene.runs();
    expect(first).toMatchObject({ job: 'rotate', cause: 'schedule', state: 'done', attempts: 1 });
    expect((first?.slot ?? 1) % 1_000).toBe(0);

    const list = await scene.workspace.tierd('jobs', 'list');
    expect(list.stdout).toMatch(/leads for the owner default/);
    expect(list.stdout).toMatch(/rotate +every 1 s .*(done|running) /);
    const history = await scene.workspace.tierd('jobs', 'history', 'rotate', '--json');
    const { runs } = JSON.parse(history.stdout) as { runs: { id: string; rows_moved: number }[] };
    expect(runs.find(({ id }) => id === first?.id)).toMatchObject({ rows_moved: 100 });

    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(daemon.stderr()).toMatch(/stopped\n$/);
    expect((await scene.workspace.tierd('jobs', 'list')).stdout).toContain('No daemon leads');
  });

  it('that come while the job runs are left out: no run overlaps another', async () => {
    await fillTicks(database, { dueDays: 1, rows: 40 });
    const scene = await makeDaemon(database, `${SLOW}\nschedules: { rotate: { every: 1s } }`);
    const daemon = scene.run();
    await expect.poll(async () => (await scene.runs()).length, PATIENCE).toBeGreaterThan(1);
    const { rows } = await database.query(
      `select 1 from tierd.job_runs a join tierd.job_runs b on a.id < b.id
       where coalesce(a.finished_at, 'infinity') > b.started_at + interval '50 ms'`,
    );
    expect(rows).toEqual([]);
    // It took four seconds, and the slots of that time are gone.
    const [first, second] = await scene.runs();
    expect((second?.slot ?? 0) - (first?.slot ?? 0)).toBeGreaterThan(2_000);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  it('missed while down have one run at the start, and none at the next', async () => {
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const scene = await makeDaemon(
      database,
      `${FAST}\nschedules: { rotate: { cron: "0 0 * * *" } }`,
    );
    await database.query(
      `insert into tierd.job_runs (owner, job, cause, slot, holder, token, state, started_at, finished_at)
       values ('default', 'rotate', 'schedule', now() - interval '5 days', 'x', 1, 'done', now(), now())`,
    );
    const first = scene.run();
    await said(first, /its run of .* is missing; it is made up for now/);
    await said(first, /rotate: done/);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect((await scene.runs()).map(({ cause, state }) => [cause, state])).toEqual([
      ['schedule', 'done'],
      ['catch_up', 'done'],
    ]);

    const second = scene.run();
    await said(second, /leading/);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    expect(await scene.runs()).toHaveLength(2);
  });
});

describe('stopping', () => {
  it('SIGTERM in the middle of a job exits 0, and the next start makes up for it', async () => {
    await fillTicks(database, { dueDays: 3, rows: 40 });
    const scene = await makeDaemon(
      database,
      `${SLOW}\nschedules: { rotate: { every: 1s } }\ndaemon: { shutdown_timeout: 20s }`,
    );
    const daemon = scene.run();
    await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(120);
    const job = identityOf(jobPidOf(daemon) ?? 0);
    expect(isAlive(job)).toBe(true);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(isAlive(job)).toBe(false);
    expect((await scene.runs()).at(-1)).toMatchObject({ state: 'interrupted' });
    expect(await readdir(scene.workspace.spill)).toEqual([]);

    scene.edit('every: 1s', 'cron: "0 0 1 1 *"');
    scene.edit('max_rows_per_second: 10,', '');
    const next = scene.run();
    await said(next, /is made up for now/);
    await said(next, /rotate: done/);
    expect(await scene.hotRows('ticks')).toBe(40);
  });

  it('runs the hooks when its jobs have ended', async () => {
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const scene = await makeDaemon(
      database,
      `${FAST}\nschedules: { ${NEVER} }\ndaemon: { shutdown_hooks: ["tierd rotate", "echo goodbye"] }`,
    );
    const daemon = scene.run();
    await said(daemon, /leading/);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(await scene.hotRows('ticks')).toBe(10);
    expect(daemon.stderr()).toMatch(/goodbye/);
  });

  it('kill -9 takes its job along, and the run is marked as abandoned', async () => {
    await fillTicks(database, { dueDays: 1, rows: 200 });
    const scene = await makeDaemon(
      database,
      `${SLOW}\nschedules: { rotate: { every: 1s } }\ndaemon: { lease_ttl: 2s }`,
    );
    const daemon = scene.run();
    await said(daemon, /rotate: started/);
    await expect.poll(() => jobPidOf(daemon), PATIENCE).not.toBeNull();
    const job = identityOf(jobPidOf(daemon) ?? 0);
    daemon.child.kill('SIGKILL');
    await daemon.ended;
    await expect.poll(() => isAlive(job), PATIENCE).toBe(false);

    scene.edit('max_rows_per_second: 10,', '');
    const next = scene.run();
    await said(next, /runs? of a daemon that is gone (was|were) marked as abandoned/);
    await said(next, /rotate: done/);
    expect((await scene.runs())[0]).toMatchObject({ state: 'abandoned' });
    expect(await scene.hotRows('ticks')).toBe(200);
  });
});

describe('reload', () => {
  it('with a good file takes effect, with a bad one changes nothing, for the jobs too', async () => {
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const scene = await makeDaemon(database, `${FAST}\nschedules: { ${NEVER} }`);
    const daemon = scene.run();
    await said(daemon, /leading/);

    scene.edit('cron: "0 0 29 2 *"', 'every: soon');
    daemon.child.kill('SIGHUP');
    await said(daemon, /the configuration stays as it was: .*one problem/);
    await said(daemon, /schedules.rotate.every .*found "soon"/);
    expect(await scene.runs()).toEqual([]);

    scene.edit('every: soon', 'every: 1s');
    daemon.child.kill('SIGHUP');
    await said(daemon, /read the configuration again: rotate/);
    // Bad again, and nobody said so: jobs go by what the daemon has.
    scene.edit('every: 1s', 'every: never');
    await expect
      .poll(
        async () => (await scene.runs()).filter(({ state }) => state === 'done').length,
        PATIENCE,
      )
      .toBeGreaterThan(1);
    expect((await scene.runs()).filter(({ state }) => state === 'failed')).toEqual([]);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});

describe('a job over its memory limit', () => {
  it('is killed, told, left alone after a while, and the daemon lives on', async () => {
    await fillTicks(database, { dueDays: 1, rows: 400 });
    const scene = await makeDaemon(
      database,
      `${SLOW}
schedules: { rotate: { every: 1s, retry_delay: 1s } }
daemon: { lease_ttl: 2s, job_memory_limit: 40MB, circuit_failures: 2, circuit_rest: 1h }`,
    );
    const daemon = scene.run();
    await said(daemon, /rotate: failed 2 times in a row; its schedule rests until/);
    await expect
      .poll(async () => (await scene.runs()).map(({ state }) => state), PATIENCE)
      .toEqual(['out_of_memory', 'out_of_memory']);
    const runs = await scene.runs();
    expect(runs[0]?.error_message).toContain('more than its memory limit');
    expect(await scene.hotRows('ticks')).toBe(800);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});

describe('what makes a daemon useless from the start', () => {
  it('is told, with its exit code', async () => {
    const scene = await makeDaemon(database, FAST);
    await database.query('drop schema tierd cascade');
    const daemon = scene.run();
    expect(await daemon.ended).toBe(2);
    expect(daemon.stderr()).toContain('tierd migrate up');
  });
});
