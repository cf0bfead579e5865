import { expect, it } from 'vitest';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

it.each([
  ['numeric(12,4)', 'double precision', true],
  ['bigint', 'double precision', true],
  ['int', 'bigint', false],
  ['text', 'varchar(20)', false],
  ['numeric', 'text', false],
])(
  'a column that was %s and is %s is told of where no type holds both: %s',
  async (was, is, told) => {
    const database = await createTestDatabase();
    const bench = await openBench(database);
    await database.query(`create table bars (time timestamptz not null, price ${was})`);
    const dataset = makeDataset('bars', { sortBy: ['time'] });
    await database.query('insert into bars values ($1, 1)', [daysAgo(35)]);
    await rotateDataset(bench.rooms, dataset, { force: true });
    await database.query(`alter table bars alter price type ${is}`);
    await database.query('insert into bars values ($1, 1)', [daysAgo(34)]);
    const { notes } = await planRotationOf(bench.rooms, dataset);
    expect(notes.filter((note) => note.startsWith('column price is'))).toHaveLength(told ? 1 : 0);
  },
);
