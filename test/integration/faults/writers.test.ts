/** Others write into the very rows that move. */
import { describe, expect, it } from 'vitest';
import { daysAgo } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import { disturbedAt } from './disturb.ts';
import {
  dueRows,
  expectConverged,
  expectNothingLeftOver,
  expectNothingLost,
  openScene,
  rotateForced,
  type Scene,
  type SceneOptions,
} from './scene.ts';

/** Ids 0 to 39 are of the first day that is due. */
const ROW = 3;

async function updateRow({ database, dataset, truth }: Scene): Promise<void> {
  const version = (truth.get(String(ROW)) ?? 0) + 1;
  await database.query(`update ${dataset.name} set version = $1 where id = $2`, [version, ROW]);
  truth.set(String(ROW), version);
}

async function insertLate({ database, dataset, truth }: Scene): Promise<void> {
  const id = String(1_000_000 + truth.size);
  await database.query(`insert into ${dataset.name} values ($1, 'late', $2, 0, 1)`, [
    daysAgo(34),
    id,
  ]);
  truth.set(id, 0);
}

async function deleteRow({ database, dataset, truth }: Scene): Promise<void> {
  const [id = ''] = [...truth.keys()].filter((key) => Number(key) < 40);
  await database.query(`delete from ${dataset.name} where id = $1`, [id]);
  truth.delete(id);
}

function written(kind: NonNullable<SceneOptions['kind']>): void {
  it.each([
    ['updates a row', updateRow],
    ['inserts a late row', insertLate],
    ['deletes a row', deleteRow],
  ] as const)(
    `of a ${kind} table and %s once after the export: the slice is exported again as it is (I1)`,
    async (_, write) => {
      const scene = await openScene({ kind });
      let writes = 0;
      const rooms = disturbedAt(scene, 'committing', async () => {
        writes += 1;
        if (writes === 1) await write(scene);
      });
      const { totals } = await rotateForced(rooms, scene.dataset);
      expect(totals.failed).toEqual([]);
      expect(scene.bench.events.filter((event) => event.kind === 'retrying')).toHaveLength(1);
      expect(await dueRows(scene)).toBe(0);
      await expectNothingLost(scene);
      await expectNothingLeftOver(scene);
    },
  );

  it(`of a ${kind} table and updates a row every time: it stays hot, and says so (I1)`, async () => {
    const scene = await openScene({ kind });
    const rooms = disturbedAt(scene, 'committing', () => updateRow(scene));
    const { totals } = await rotateForced(rooms, scene.dataset);
    expect(totals.failed.map(({ error }) => error.code)).toEqual(['DIGEST_MISMATCH']);
    // The other day, where a day is a move of its own, went nevertheless.
    expect(totals.moved).toHaveLength(kind === 'plain' ? 1 : 0);
    await expectNothingLost(scene);
    await expectNothingLeftOver(scene);
    await expectConverged(scene);
  });
}

describe('a writer in the slice', () => {
  written('plain');
  written('partitioned');
});

describeOn('timescale', 'a writer in the chunk', () => {
  written('hypertable');
});
