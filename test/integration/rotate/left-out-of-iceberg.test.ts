import { expect, it } from 'vitest';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

it('a plan tells which columns an Iceberg table leaves out, before the first row has moved and after', async () => {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  await database.query('create table bars (time timestamptz not null, open time, price int)');
  await database.query('insert into bars values ($1, $2, 1)', [daysAgo(35), '09:30']);
  const dataset = makeDataset('bars', { sortBy: ['time'], iceberg: true });
  const told = async (change: Parameters<typeof makeDataset>[1] = {}) => {
    const plan = await planRotationOf(bench.rooms, { ...dataset, ...change });
    return plan.notes.filter((note) => note.includes('Iceberg')).map((note) => note.split(',')[0]);
  };
  expect(await told()).toEqual(['the Iceberg table of bars has no column open']);
  expect(await told({ columns: { open: 'text' } })).toEqual([]);
  expect(await told({ iceberg: false })).toEqual([]);
  await rotateDataset(bench.rooms, dataset, { force: true });
  await database.query('alter table bars alter price type double precision');
  await database.query('insert into bars values ($1, $2, 1)', [daysAgo(34), '09:30']);
  expect(await told()).toEqual([
    'the Iceberg table of bars has no column open',
    'the Iceberg table of bars has no column price',
  ]);
});
