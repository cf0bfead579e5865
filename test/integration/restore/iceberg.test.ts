/** Files that come back leave the Iceberg table in the same transaction, and the lake after the grace period. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { createTestDatabase } from '../../support/database.ts';
import { readIceberg } from '../../support/iceberg-reader.ts';
import { days, restore, rotateAll } from '../../support/restore.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

it('a restored slice is in the Iceberg table no more, and the last leaves it empty', async () => {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  await database.query(
    `create table ticks (time timestamptz not null, symbol text, id int);
     insert into ticks select '${daysAgo(40)}'::timestamptz + n * interval '6 minutes', 's' || n % 3, n
       from generate_series(0, 719) n`,
  );
  const dataset = makeDataset('ticks', { iceberg: true });
  await rotateAll(bench, dataset);
  const files = async (): Promise<readonly string[]> => {
    const { rows } = await database.query('select metadata_location from tierd.iceberg_tables');
    const [row] = rows as { metadata_location: string }[];
    return (await readIceberg(row?.metadata_location ?? '')).files.map(({ path }) => path).sort();
  };
  const live = async (): Promise<readonly string[]> => {
    const db = await database.connect();
    const found = await listSegments(db, { dataset: 'ticks', states: ['live'] });
    return found.map(({ key }) => join(bench.lake, key)).sort();
  };
  expect(await files()).toHaveLength(3);
  // What is left of a slice is in it, and what came back is not.
  await restore(bench, dataset, days(40, 39), { where: "symbol = 's1'" });
  expect(await files()).toEqual(await live());
  expect(await files()).toHaveLength(3);
  await restore(bench, dataset, days(40, 39));
  expect(await files()).toEqual(await live());
  expect(await files()).toHaveLength(2);
  await restore(bench, dataset, days(39, 37));
  expect(await files()).toEqual([]);
});

it('I3: the files of what came back stay for the grace period, and then go', async () => {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  await database.query(
    `create table ticks (time timestamptz not null, symbol text);
     insert into ticks values ('${daysAgo(40)}', 'a')`,
  );
  const dataset = makeDataset('ticks');
  await rotateAll(bench, dataset);
  const db = await database.connect();
  const [segment] = await listSegments(db, { dataset: 'ticks', states: ['live'] });
  const key = segment?.key ?? '';
  await restore(bench, dataset, days(40, 39));
  await rotateAll(bench, dataset);
  expect(await bench.rooms.store.stat(key)).not.toBeNull();
  const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
  await rotateDataset({ ...bench.rooms, settings }, dataset, { force: true });
  expect(await bench.rooms.store.stat(key)).toBeNull();
});
