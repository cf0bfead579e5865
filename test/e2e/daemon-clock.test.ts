/** The daemon on a machine whose clock is changed: by the law in spring and autumn, and by hand. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import {
  type DaemonScene,
  fillTicks,
  makeDaemon,
  PATIENCE,
  pageOf,
  said,
  stopped,
} from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { describeOn } from '../support/servers.ts';

const HOUR = 3_600_000;
const CONTROL = randomBytes(16).toString('hex');
/** For a clock that is years ahead of PostgreSQL's. */
const ANY_CLOCK =
  'storage: { lifecycle: { guards: { max_share: 1, max_clock_skew: 3650d, max_clock_jump: 3650d } } }';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

/** The job's slots so far are these, and their runs are over: the next finds nothing running. */
async function hasRun(scene: DaemonScene, job: string, ...slots: readonly string[]): Promise<void> {
  await expect.poll(() => slotsOf(scene, job), PATIENCE).toEqual(slots);
  await expect
    .poll(async () => (await scene.runs()).filter(({ finished }) => finished === null), PATIENCE)
    .toEqual([]);
}

/** The slots of a job that have had their run, as instants. */
async function slotsOf(scene: DaemonScene, job: string): Promise<readonly string[]> {
  return (await scene.runs(job)).map(({ slot }) => new Date(slot ?? 0).toISOString().slice(0, 16));
}

function schedules(rotate: string, scrub: string): string {
  const zone = 'time_zone: America/New_York';
  return `schedules: { rotate: { cron: "${rotate}", ${zone} }, scrub: { cron: "${scrub}", ${zone} } }`;
}

describeOn('faketime', 'where clocks change in New York', () => {
  it('02:30 comes at the instant of the jump in the night that has none, and every hour goes on', async () => {
    const scene = await makeDaemon(
      database,
      `${ANY_CLOCK}\n${schedules('30 2 * * *', '30 * * * *')}`,
    );
    await fillTicks(database, { dueDays: 1, rows: 5 });
    const clock = fakeClock(scene.workspace.directory);
    // 01:10, and at 02:00 it is 03:00.
    clock.set('2027-03-14T06:10:00Z');
    const daemon = scene.run(clock.env);
    await said(daemon, /leading: jobs/);
    clock.set('2027-03-14T06:29:58Z');
    await hasRun(scene, 'scrub', '2027-03-14T06:30');
    expect(await slotsOf(scene, 'rotate')).toEqual([]);
    clock.set('2027-03-14T06:59:58Z');
    await hasRun(scene, 'rotate', '2027-03-14T07:00');
    clock.set('2027-03-14T07:29:58Z');
    await hasRun(scene, 'scrub', '2027-03-14T06:30', '2027-03-14T07:30');
    clock.set('2027-03-15T06:29:58Z');
    await hasRun(scene, 'rotate', '2027-03-14T07:00', '2027-03-15T06:30');
    expect((await scene.runs('rotate')).map(({ state }) => state)).toEqual(['done', 'done']);
    await stopped(daemon);
  });

  it('01:30 comes once in the night that has two, and every hour in both', async () => {
    const scene = await makeDaemon(
      database,
      `${ANY_CLOCK}\n${schedules('30 1 * * *', '30 * * * *')}`,
    );
    await fillTicks(database, { dueDays: 1, rows: 5 });
    const clock = fakeClock(scene.workspace.directory);
    clock.set('2027-11-07T05:10:00Z');
    const daemon = scene.run(clock.env);
    await said(daemon, /leading: jobs/);
    // The first 01:29:58; the second is an hour later.
    clock.set('2027-11-07T05:29:58Z');
    await hasRun(scene, 'scrub', '2027-11-07T05:30');
    await hasRun(scene, 'rotate', '2027-11-07T05:30');
    clock.set('2027-11-07T06:29:58Z');
    await hasRun(scene, 'scrub', '2027-11-07T05:30', '2027-11-07T06:30');
    // Its time for that night was over before this scrub began.
    clock.set('2027-11-08T06:29:58Z');
    await hasRun(scene, 'rotate', '2027-11-07T05:30', '2027-11-08T06:30');
    await stopped(daemon);
  });
});

describeOn('faketime', 'a clock that is set', () => {
  it('an hour ahead: one run for all that it jumped over, refused, and a right clock makes it well', async () => {
    await fillTicks(database, { dueDays: 1, rows: 5 });
    const scene = await makeDaemon(
      database,
      `storage: { lifecycle: { guards: { max_share: 1 } } }
schedules: { rotate: { every: 2s } }
server: { port: 0, control_token: ${CONTROL} }`,
    );
    const clock = fakeClock(scene.workspace.directory);
    const daemon = scene.run(clock.env);
    await said(daemon, /rotate: done/);
    expect(await scene.hotRows('ticks')).toBe(5);

    await fillTicks(database, { dueDays: 1, rows: 5 });
    const before = Date.now();
    clock.setAhead(HOUR);
    await said(daemon, /rotate: refused after .*clock/);
    expect(await scene.hotRows('ticks')).toBeGreaterThan(5);
    const jumpedOver = (await scene.runs()).filter(
      ({ slot }) => slot !== null && slot > before + 60_000 && slot < before + HOUR - 2_000,
    );
    expect(jumpedOver).toEqual([]);

    clock.setAhead(0);
    const run = await fetch(`${pageOf(daemon)}/v1/jobs/rotate/run`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CONTROL}` },
    });
    expect(run.status).toBe(202);
    await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(10);
    await stopped(daemon);
    const slots = (await scene.runs()).flatMap(({ slot }) => slot ?? []);
    expect(new Set(slots).size).toBe(slots.length);
  });

  it('an hour back: no slot has a second run, and the next that comes is a new one', async () => {
    await fillTicks(database, { dueDays: 1, rows: 5 });
    const scene = await makeDaemon(
      database,
      `${ANY_CLOCK}
schedules: { rotate: { cron: "0 * * * *" }, scrub: { cron: "0 12 * * *" } }`,
    );
    const clock = fakeClock(scene.workspace.directory);
    clock.set('2027-05-01T12:10:00Z');
    const daemon = scene.run(clock.env);
    await said(daemon, /leading: jobs/);
    clock.set('2027-05-01T12:59:58Z');
    await hasRun(scene, 'rotate', '2027-05-01T13:00');
    clock.set('2027-05-01T11:59:58Z');
    // It has not had this one.
    await hasRun(scene, 'scrub', '2027-05-01T12:00');
    clock.set('2027-05-01T13:59:58Z');
    await hasRun(scene, 'rotate', '2027-05-01T13:00', '2027-05-01T14:00');
    await stopped(daemon);
  });
});
