/**
 * kill -9 before and in the effects of segments' way to the far place, and of the removal of their near copies, while a
 * writer inserts, updates and deletes in the very time that goes. After each kill every row that was ever committed is
 * found once; the next run sends the rest, the one after it removes what is near still, and nothing is left over.
 */
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { keysIn } from '../support/lake-copy.ts';
import { tier } from '../support/tiers.ts';
import { SLOW_VARIATION_SHARE, VARIATION_SHARE } from './choose-effects.ts';
import { expectEnded, type KillScene, killJobEverywhere, whenFree } from './kill-job.ts';

/** Two days go, and the near copy of one that went before. */
const FEWEST_EFFECTS = { before: 40, sent: 14 };
/** Both days are older than that. */
const FAR_DAYS = 31;

export function killTierEverywhere(name: string, changes: Partial<Dataset> = {}): void {
  killJobEverywhere({
    name,
    kind: 'plain',
    settings: { farDays: FAR_DAYS, ...changes },
    fewestEffects: FEWEST_EFFECTS,
    share: changes.iceberg === true ? SLOW_VARIATION_SHARE : VARIATION_SHARE,
    hasFar: true,
    order: { tier: true },
    prepare: async ({ rooms, dataset }) => {
      await rotateDataset(rooms, dataset, { force: true });
      // The older day is there already, and near still.
      await tier({ rooms }, { ...dataset, farDays: 33 });
    },
    recover: async ({ rooms, dataset }) => {
      await tierWhenFree({ rooms, dataset });
      await tierWhenFree({ rooms, dataset });
    },
    converge: async (scene, told) => {
      const { rows } = await scene.client.query(
        `select tier, count(*)::int as n from tierd.segments where state = 'live' and dataset = $1 group by tier`,
        [scene.dataset.name],
      );
      expect(rows, told).toEqual([{ tier: 'far', n: 2 }]);
      const near = scene.rooms.store.tiers?.near;
      expect(near && (await keysIn(near, `${scene.dataset.name}/`)), told).toEqual([]);
      await expectEnded(scene, told, 2);
    },
  });
}

async function tierWhenFree({ rooms, dataset }: Pick<KillScene, 'rooms' | 'dataset'>) {
  const { failed } = await whenFree(rooms, (own) => tier({ rooms: own }, dataset));
  expect(failed).toEqual([]);
}
