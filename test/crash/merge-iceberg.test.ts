/**
 * kill -9 before and in the effects of merging the manifests of an Iceberg table, while a writer inserts, updates and
 * deletes. After each kill hot rows and the table are all that was ever committed; the next run merges what is still to be
 * merged, and nothing is left over.
 */
import { describe, expect } from 'vitest';
import { chooseMerges } from '../../src/catalogue/merge-manifests.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { listManifests } from '../../src/ledger/iceberg.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { readIceberg } from '../support/iceberg-reader.ts';
import { daysAgo } from '../support/rotation.ts';
import { SLOW_VARIATION_SHARE } from './choose-effects.ts';
import {
  expectNothingLeft,
  expectRight,
  type KillScene,
  killJobEverywhere,
  whenFree,
} from './kill-job.ts';

/** Of the whole rotation. */
const FEWEST_EFFECTS = { before: 60, sent: 20 };
/** As many become one; each day that moves has a manifest of its own. */
const ENOUGH = 32;
/** So long ago is the last of as many days, of a row each, before those that all scenes have. */
const LAST_DAY = 36;

describe('merging the manifests of an Iceberg table that is killed (I2, I4)', () => {
  killJobEverywhere({
    name: 'merged_table',
    kind: 'plain',
    settings: { iceberg: true },
    fewestEffects: FEWEST_EFFECTS,
    share: SLOW_VARIATION_SHARE,
    part: ['sql insert into tierd.iceberg_objects', 'sql update tierd.iceberg_metadata set path'],
    prepare: async (scene) => {
      await addDays(scene);
      await rotateWithoutMerging(scene);
      expect(await manifestsToMerge(scene)).toBe(ENOUGH);
    },
    recover: async ({ rooms, dataset }) => {
      await whenFree(rooms, (own) => rotateDataset(own, dataset, { force: true }));
    },
    converge: async (scene, told) => {
      const { rooms, dataset } = scene;
      await expectRight(scene, told);
      const moved = await rotateDataset(rooms, dataset, { force: true });
      expect(moved.totals.failed, told).toEqual([]);
      await expectRight(scene, told);
      await expectNothingLeft(scene, told);
      expect(await manifestsToMerge(scene), told).toBe(0);
      await expectAllListedOnce(scene, told);
    },
  });
});

async function addDays({ client, dataset, truth }: KillScene): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `insert into ${dataset.name}
     select $1::timestamptz - n * interval '24 hours', 'd', 5000 + n, 0, n from generate_series(0, $2::int - 1) n
     returning id`,
    [daysAgo(LAST_DAY), ENOUGH],
  );
  for (const { id } of rows) truth.set(id, 0);
}

/** Stopped between two moves, before the end of the run, at which it would merge. */
async function rotateWithoutMerging({ rooms, dataset }: KillScene): Promise<void> {
  const stop = new AbortController();
  let moves = 0;
  const stopped = rotateDataset(
    {
      ...rooms,
      signal: stop.signal,
      emit: ({ kind }) => {
        if (kind !== 'moved') return;
        moves += 1;
        if (moves === ENOUGH) stop.abort();
      },
    },
    dataset,
    { force: true },
  );
  await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
}

async function manifestsToMerge({ client, dataset }: KillScene): Promise<number> {
  return chooseMerges(await listManifests(client, dataset.name)).flat().length;
}

/** Merged or not, by whom the table is read knows each live segment by one entry. */
async function expectAllListedOnce({ client, dataset, lake }: KillScene, told: string) {
  const { rows } = await client.query<{ metadata_location: string }>(
    'select metadata_location from tierd.iceberg_tables where table_name = $1',
    [dataset.name],
  );
  const { files } = await readIceberg(rows[0]?.metadata_location ?? '');
  const live = await listSegments(client, { dataset: dataset.name, states: ['live'] });
  const paths = files.map(({ path }) => path.slice(lake.directory.length + 1));
  expect(paths.sort(), told).toEqual(live.map(({ key }) => key).sort());
}
