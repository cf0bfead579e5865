/** Days of rows, of which the older are in a lake that is to be copied. */

import type { Dataset } from '../../../src/domain/dataset.ts';
import { disconnect } from '../../../src/hot/server/connect.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import type { ScrubResult } from '../../../src/jobs/scrub-result.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { listSegments, type SegmentRecord } from '../../../src/ledger/segments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

export interface CopyScene {
  readonly database: TestDatabase;
  readonly bench: Bench;
  readonly dataset: Dataset;
}

/** A segment for each day; `store` in place of a lake on the disk. */
export async function openScene(
  store?: ObjectStore,
  days: readonly number[] = [60, 50, 40],
): Promise<CopyScene> {
  const database = await createTestDatabase();
  const bench = await openBench(database, store === undefined ? {} : { store });
  await database.query('create table ticks (time timestamptz primary key, symbol text, n int)');
  const dataset = makeDataset('ticks');
  const scene = { database, bench, dataset };
  await bring(scene, ...days);
  return scene;
}

/** Rows of so many days ago come, and are rotated. */
export async function bring(
  { database, bench, dataset }: CopyScene,
  ...days: readonly number[]
): Promise<void> {
  for (const day of days) {
    await database.query(
      `insert into ticks select $1::timestamptz + n * interval '1 minute', 's' || n % 3, n from generate_series(0, 99) n`,
      [daysAgo(day)],
    );
  }
  await rotateDataset(bench.rooms, dataset, { force: true });
}

/** A day whose segment is of more than ten megabytes. */
export async function bringLarge({ database, bench, dataset }: CopyScene): Promise<void> {
  await database.query('alter table ticks add body text');
  await database.query(
    `insert into ticks select $1::timestamptz + n * interval '1 minute', 's', n,
       (select string_agg(md5((n * 100000 + i)::text), '') from generate_series(1, 40000) i)
     from generate_series(0, 19) n`,
    [daysAgo(45)],
  );
  await rotateDataset(bench.rooms, dataset, { force: true });
}

export async function liveSegments({
  bench,
}: Pick<CopyScene, 'bench'>): Promise<readonly SegmentRecord[]> {
  const db = await bench.rooms.connect('work');
  try {
    return await listSegments(db, { states: ['live'] });
  } finally {
    await disconnect(db);
  }
}

export async function liveKeys(scene: Pick<CopyScene, 'bench'>): Promise<readonly string[]> {
  return (await liveSegments(scene)).map(({ key }) => key).sort();
}

/** Every value of the lake at the bench is read and proven. */
export function prove({ rooms }: Bench): Promise<ScrubResult> {
  return scrub(rooms, {
    ...{ dataset: null, sample: null, prove: 'standard' },
    onProgress: () => undefined,
  });
}
