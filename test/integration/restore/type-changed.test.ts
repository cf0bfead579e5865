/** The way out where a column has another type than in the lake, and none holds the values of both. */
import { expect, it } from 'vitest';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

it('I2, I6: older rows come into a table of the old types, and from there into the lake once more, each once', async () => {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  await database.query(
    `create table bars (time timestamptz not null, id int not null, v numeric(10,2), primary key (id, time));
     insert into bars select '${daysAgo(40)}'::timestamptz + n * interval '1 hour', n, n + 0.25 from generate_series(0, 47) n`,
  );
  const dataset = makeDataset('bars', { sortBy: ['id'] });
  await rotateAll(bench, dataset);
  await database.query('alter table bars alter v type float8');
  const db = await database.connect();
  const ask = () =>
    askStores(bench, db, [dataset], 'select count(*) as n, sum(v) as sum from bars');

  const refused = await failureOf(ask());
  expect(refused.code).toBe('COLUMN_TYPE_CHANGED');
  expect(refused.hint).toContain('tierd restore bars --from … --to … --into');
  const deletion = await failureOf(deleteFrom(bench, dataset, 'v = 3.25'));
  expect(deletion.code).toBe('COLUMN_TYPE_CHANGED');
  // Nothing but that column is refused.
  await deleteFrom(bench, dataset, 'id = 4');
  const rest = await askStores(bench, db, [dataset], 'select count(*) as n from bars where id > 2');
  expect(rest.rows).toEqual([{ n: 44 }]);

  await database.query(
    'create table bars_old (time timestamptz not null, id int not null, v numeric(10,2))',
  );
  const into = { schema: 'public', name: 'bars_old' };
  const { totals } = await restore(bench, dataset, days(40, 38), { into });
  expect(totals.failed).toEqual([]);
  await database.query('insert into bars select * from bars_old');
  await rotateAll(bench, dataset);
  expect((await ask()).rows).toEqual([{ n: 47, sum: 1135.75 }]);
  await deleteFrom(bench, dataset, 'id = 3');
  expect((await ask()).rows).toEqual([{ n: 46, sum: 1132.5 }]);
});
