/**
 * kill -9 before and in the effects of a rotation, while a writer inserts, updates and deletes in
 * the very slices that move. After each kill every row that was ever committed is found once; after
 * the next run nothing is left over.
 */
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { type RotationOutcome, rotateDataset } from '../../src/jobs/rotate.ts';
import type { S3Server } from '../support/s3-server.ts';
import { SLOW_VARIATION_SHARE, VARIATION_SHARE } from './choose-effects.ts';
import {
  countDue,
  expectNothingLeft,
  expectRight,
  type KillScene,
  killJobEverywhere,
  whenFree,
} from './kill-job.ts';
import { copyOf, importAgain, type ScenarioKind } from './scenario.ts';

/** A rotation of this size has about half as many again. */
const FEWEST_EFFECTS = { before: 60, sent: 20 };

export function killEverywhere(
  kind: ScenarioKind,
  server?: () => S3Server,
  changes: Partial<Dataset> = {},
): void {
  const isSlow = server !== undefined || changes.iceberg === true;
  const isVariation = kind === 'again' || isSlow || Object.keys(changes).length > 0;
  const variation = isSlow ? SLOW_VARIATION_SHARE : VARIATION_SHARE;
  killJobEverywhere({
    name: kind,
    kind,
    settings: changes,
    server,
    fewestEffects: FEWEST_EFFECTS,
    share: isVariation ? variation : undefined,
    prepare: async (scene) => {
      if (scene.bringsAgain) await moveAndBringAgain(scene);
    },
    recover: async (scene) => {
      await rotateWhenFree(scene);
    },
    converge: expectConverged,
  });
}

/** Twice, so that the process to be killed finds a replaced segment whose file has to go. */
async function moveAndBringAgain({ database, rooms, dataset, truth }: KillScene): Promise<void> {
  const table = dataset.name;
  await database.query(`create table ${copyOf(table)} as select * from ${table}`);
  for (let times = 0; times < 2; times += 1) {
    await rotateDataset(rooms, dataset, { force: true });
    await importAgain(database, table);
  }
  truth.set('7', 1);
}

/** The dead process's lease has ended; then the next run recovers and goes on. */
function rotateWhenFree({ rooms, dataset }: KillScene): Promise<RotationOutcome> {
  return whenFree(rooms, (own) => rotateDataset(own, dataset, { force: true }));
}

/** With no writer in the way the next run moves everything that is due, and leaves nothing behind. */
async function expectConverged(scene: KillScene, told: string): Promise<void> {
  const outcome = await rotateWhenFree(scene);
  expect(outcome.totals.failed, told).toEqual([]);
  await expectRight(scene, told);
  await expectNothingLeft(scene, told);
  expect(await countDue(scene, outcome.plan.cutoffs.aged), told).toBe(0);
}
