/** The guards: what looks like a mistake is refused with its figure and its limit (exit 3). */
import { describe, expect, it } from 'vitest';
import type { RotationLimits } from '../../../src/domain/dataset.ts';
import { DAY_MS, HOUR_MS } from '../../../src/domain/time/time-range.ts';
import { planRotationOf } from '../../../src/jobs/rotate.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { makeDataset, NOW } from '../../support/rotation.ts';
import {
  dueRows,
  expectNothingLeftOver,
  expectNothingLost,
  failureOf,
  openScene,
  rotateForced,
  rotateUnforced,
  type Scene,
} from './scene.ts';

const limiting = (scene: Scene, limits: Partial<RotationLimits>) =>
  makeDataset(scene.dataset.name, { limits: { ...scene.dataset.limits, ...limits } });

const at = (scene: Scene, now: number) => ({ ...scene.rooms, clock: { now: () => now } });

/** Refused with this guard alone, in a message that has all of `figures`; nothing was changed. */
async function expectRefused(
  scene: Scene,
  running: Promise<unknown>,
  guard: string,
  figures: readonly string[],
): Promise<void> {
  const failure = await failureOf(running);
  expect(failure).toMatchObject({ code: 'REFUSED', exitCode: 3 });
  expect(failure.context['refusals']).toMatchObject([{ guard }]);
  for (const figure of figures) expect(failure.message).toContain(figure);
  expect(failure.message).toContain('Nothing of it was changed');
  const [run] = await listRuns(scene.client, { dataset: scene.dataset.name, limit: 1 });
  expect(run).toMatchObject({ state: 'refused', errorCode: 'REFUSED' });
  await expectNothingLost(scene);
  await expectNothingLeftOver(scene);
}

describe('a row dated in the future', () => {
  it('does not move the cutoff, is refused without --force, and stays hot with it', async () => {
    const scene = await openScene();
    const { name } = scene.dataset;
    const before = (await planRotationOf(scene.rooms, scene.dataset)).cutoffs;
    await scene.database.query(`insert into ${name} values ('2031-07-01 12:00Z', 'f', 9000, 0, 1)`);
    scene.truth.set('9000', 0);
    const dataset = limiting(scene, { maxFutureMs: DAY_MS });
    expect((await planRotationOf(scene.rooms, dataset)).cutoffs).toEqual(before);
    const figures = ['1 row ', '86400 s', '2031-07-01 12:00:00'];
    await expectRefused(scene, rotateUnforced(scene.rooms, dataset), 'future_rows', figures);
    expect(await dueRows(scene)).toBe(80);
    await rotateForced(scene.rooms, dataset);
    expect(await dueRows(scene)).toBe(0);
    const hot = await scene.database.query(`select 1 from ${name} where id = 9000`);
    expect(hot.rowCount).toBe(1);
    await expectNothingLost(scene);
  });
});

describe('a clock that jumped', () => {
  const limits = { maxClockJumpMs: 30 * DAY_MS, maxClockSkewMs: HOUR_MS };

  /** A first run at NOW by a clock that the database agrees with. */
  async function rotatedOnce(): Promise<Scene> {
    const scene = await openScene();
    await rotateUnforced(scene.rooms, scene.dataset);
    return scene;
  }

  it('ahead is refused, and refused again at the next run', async () => {
    const scene = await rotatedOnce();
    const dataset = limiting(scene, { maxClockJumpMs: limits.maxClockJumpMs });
    for (let run = 0; run < 3; run += 1) {
      const later = at(scene, NOW + 400 * DAY_MS + run * DAY_MS);
      const figures = [`${String(400 + run)}.0 days`, '30.0 days'];
      await expectRefused(scene, rotateUnforced(later, dataset), 'clock_jump', figures);
    }
    await rotateUnforced(at(scene, NOW + DAY_MS), dataset);
  });

  it('ahead moves what is due by it with --force, and a clock put right again goes on from there', async () => {
    const scene = await rotatedOnce();
    const dataset = limiting(scene, { maxClockJumpMs: limits.maxClockJumpMs });
    await rotateForced(at(scene, NOW + 400 * DAY_MS), dataset);
    const hot = await scene.database.query(`select 1 from ${dataset.name}`);
    expect(hot.rowCount).toBe(0);
    await expectNothingLost(scene);
    await rotateForced(at(scene, NOW + DAY_MS), dataset);
    await rotateUnforced(at(scene, NOW + 2 * DAY_MS), dataset);
  });

  it('back is refused', async () => {
    const scene = await rotatedOnce();
    const behind = at(scene, NOW - 2 * HOUR_MS);
    // The skew to the database's clock is another guard's, and off here.
    const { client } = scene;
    const skew = Math.abs(NOW - 2 * HOUR_MS - Date.now()) + HOUR_MS;
    await client.query(`update tierd.runs set started_at = to_timestamp($1) where dataset = $2`, [
      (NOW - 2 * HOUR_MS + skew + 60_000) / 1000,
      scene.dataset.name,
    ]);
    const dataset = limiting(scene, { maxClockSkewMs: skew });
    const figures = [`${String(Math.round((skew + 60_000) / 1000))} s`, 'max_clock_skew'];
    await expectRefused(scene, rotateUnforced(behind, dataset), 'clock_jump', figures);
    await rotateForced(behind, dataset);
  });

  it("that is not the database's is refused", async () => {
    const scene = await openScene();
    const dataset = limiting(scene, { maxClockSkewMs: 300_000 });
    const ahead = at(scene, Date.now() + 2 * HOUR_MS);
    await expectRefused(scene, rotateUnforced(ahead, dataset), 'clock_skew', ['7200 s', '300 s']);
    await rotateForced(ahead, dataset);
    expect(await dueRows(scene)).toBe(0);
  });
});

describe('a plan that looks too large', () => {
  it('for the table is refused without --force', async () => {
    const scene = await openScene();
    const dataset = limiting(scene, { maxShare: 0.5 });
    const figures = ['80 of 120', '66.7 %', '50.0 %'];
    await expectRefused(scene, rotateUnforced(scene.rooms, dataset), 'share_of_table', figures);
    await rotateForced(scene.rooms, dataset);
    expect(await dueRows(scene)).toBe(0);
    await expectNothingLost(scene);
  });

  it('for the disk is refused also with --force', async () => {
    const scene = await openScene();
    const dataset = limiting(scene, { minFreeBytes: 2 ** 60 });
    const figures = ['MB free', `${String(2 ** 40)} MB`];
    await expectRefused(scene, rotateUnforced(scene.rooms, dataset), 'disk_space', figures);
    await expectRefused(scene, rotateForced(scene.rooms, dataset), 'disk_space', figures);
    expect(await dueRows(scene)).toBe(80);
  });

  it('is refused with all of its reasons at once', async () => {
    const scene = await openScene();
    const dataset = limiting(scene, { maxShare: 0.5, minFreeBytes: 2 ** 60 });
    const failure = await failureOf(rotateUnforced(scene.rooms, dataset));
    expect(failure.context['refusals']).toMatchObject([
      { guard: 'share_of_table' },
      { guard: 'disk_space' },
    ]);
    expect(failure.hint).toContain('--force does not overrule');
  });
});
