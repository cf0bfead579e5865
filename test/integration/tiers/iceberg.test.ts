/** An Iceberg table names its files by absolute paths: of what went far, those in the far place, from the very commit on. */
import { expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { compact } from '../../support/compact.ts';
import { readIceberg } from '../../support/iceberg-reader.ts';
import { tier, withoutGrace } from '../../support/tiers.ts';
import { bring } from '../lake-copy/scene.ts';
import { openTierScene, type TierScene } from './scene.ts';

/** Where the current snapshot has its files, and how many rows. */
async function paths({ client, bench }: TierScene): Promise<unknown> {
  const { rows } = await client.query<{ metadata_location: string }>(
    'select metadata_location from tierd.iceberg_tables',
  );
  const { files } = await readIceberg(rows[0]?.metadata_location ?? '');
  const inPlace = (place: string): number =>
    files.filter(({ path }) => path.startsWith(`${place}/`)).length;
  return {
    near: inPlace(bench.near.place),
    far: inPlace(bench.far.place),
    rows: files.reduce((sum, file) => sum + Number(file.rows), 0),
  };
}

it('I2: names each segment where it is to be read, and goes on so', async () => {
  const scene = await openTierScene(undefined, { iceberg: true });
  const { dataset } = scene;
  const bench = withoutGrace(scene.bench);
  const all = { ...scene, bench };
  await rotateDataset(bench.rooms, dataset, { force: true });
  expect(await paths(all)).toEqual({ near: 3, far: 0, rows: 300 });
  await tier(bench, { ...dataset, farDays: 110 });
  expect(await paths(all)).toEqual({ near: 2, far: 1, rows: 300 });
  await tier(bench, dataset);
  expect(await paths(all)).toEqual({ near: 1, far: 2, rows: 300 });
  await tier(bench, dataset);
  expect(await paths(all)).toEqual({ near: 1, far: 2, rows: 300 });

  // Manifests that are written anew for another reason keep the paths, and so does a table that begins anew.
  await compact(bench, dataset, undefined, Date.parse('2100-01-01'));
  expect(await paths(all)).toEqual({ near: 3, far: 0, rows: 300 });
  await tier(bench, dataset);
  await scene.client.query(`delete from tierd.iceberg_files`);
  await scene.client.query(`delete from tierd.iceberg_manifests`);
  await scene.client.query(`delete from tierd.iceberg_metadata`);
  await rotateDataset(bench.rooms, dataset, { force: true });
  expect(await paths(all)).toEqual({ near: 1, far: 2, rows: 300 });
  await bring({ ...all, dataset }, 37);
  expect(await paths(all)).toEqual({ near: 2, far: 2, rows: 400 });
});
