/** A dataset that goes by another time column, or unit, than its segments were written by: rows would be missing in answers. */
import { expect, it } from 'vitest';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { openColdCatalog } from '../../../src/query/segments/ledger-catalog.ts';
import { viewSchemaOf } from '../../../src/query/segments/view-schema.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

it.each([
  ['another column', 'timestamptz', { timeColumn: 'b' }],
  [
    'another column, by which it is sorted too',
    'timestamptz',
    { timeColumn: 'b', sortBy: ['b', 'a'] },
  ],
  ['another date', 'date', { timeColumn: 'b' }],
  ['another unit', 'bigint', { timeUnit: 'ms' }],
] as const)('is refused by queries and rotations: %s', async (_, type, changes) => {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  await database.query(`create table bars (a ${type} not null, b ${type} not null)`);
  const unit = type === 'bigint' ? { timeUnit: 's' as const } : {};
  const sortBy = 'sortBy' in changes ? changes.sortBy : ['a'];
  const dataset = makeDataset('bars', { timeColumn: 'a', sortBy, ...unit });
  const value = (age: number): string =>
    type === 'bigint'
      ? String(Date.parse(daysAgo(age)) / 1_000)
      : type === 'date'
        ? daysAgo(age).slice(0, 10)
        : daysAgo(age);
  await database.query('insert into bars values ($1, $2)', [value(35), value(2000)]);
  await rotateDataset(bench.rooms, dataset, { force: true });
  const db = await database.connect();
  const opened = async (configured: typeof dataset) => {
    const { datasets } = await openColdCatalog(db, [configured]);
    const [found] = datasets;
    if (found === undefined) throw new Error('no dataset');
    return viewSchemaOf(found);
  };
  expect([...(await opened(dataset)).keys()]).toEqual(['a', 'b']);
  expect((await planRotationOf(bench.rooms, dataset)).refusals).toEqual([]);
  const changed = { ...dataset, ...changes };
  await expect(opened(changed)).rejects.toMatchObject({ code: 'TIME_COLUMN_CHANGED' });
  const { refusals } = await planRotationOf(bench.rooms, changed);
  expect(refusals).toContainEqual(expect.objectContaining({ guard: 'time_column_changed' }));
});

it.each(['timestamptz', 'timestamp', 'date'])(
  'lets the column of before have another name, and another of its type beside it: %s',
  async (type) => {
    const database = await createTestDatabase();
    const bench = await openBench(database);
    await database.query(`create table bars (a ${type} not null, b ${type})`);
    await database.query('insert into bars values ($1)', [daysAgo(35)]);
    await rotateDataset(bench.rooms, makeDataset('bars', { timeColumn: 'a', sortBy: ['a'] }), {
      force: true,
    });
    await database.query('alter table bars rename a to at');
    const renamed = makeDataset('bars', { timeColumn: 'at', sortBy: ['at'] });
    expect((await planRotationOf(bench.rooms, renamed)).refusals).toEqual([]);
  },
);
