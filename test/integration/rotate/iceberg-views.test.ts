import { expect, it } from 'vitest';
import { createTestDatabase } from '../../support/database.ts';
import { rotateAll } from '../../support/restore.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

/** What clients of the SQL catalogue send to commit, rename, drop and make a table or a namespace. */
const CHANGES = [
  `update tierd.iceberg_tables set metadata_location = 'file:///theirs', previous_metadata_location = metadata_location
   where catalog_name = 'tierd' and table_namespace = 'lake' and table_name = 'ticks'`,
  `update tierd.iceberg_tables set table_name = 'other' where table_name = 'ticks'`,
  `delete from tierd.iceberg_tables where table_name = 'ticks'`,
  `insert into tierd.iceberg_tables values ('tierd', 'lake', 'other', 'file:///theirs', null, 'TABLE')`,
  `insert into tierd.iceberg_namespace_properties values ('tierd', 'other', 'exists', 'true')`,
  `delete from tierd.iceberg_namespace_properties where namespace = 'lake'`,
];

it('I11: the SQL catalogue is changed by no client of it, whatever its role may do', async () => {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  await database.query('create table ticks (time timestamptz not null, symbol text)');
  await database.query('insert into ticks (time) values ($1)', [daysAgo(40)]);
  await rotateAll(bench, makeDataset('ticks', { iceberg: true }));
  const catalogue = async (): Promise<unknown> => {
    const tables = await database.query('select * from tierd.iceberg_tables');
    const spaces = await database.query('select * from tierd.iceberg_namespace_properties');
    return [tables.rows, spaces.rows];
  };
  const before = await catalogue();
  for (const change of CHANGES) {
    await expect(database.query(change), change).rejects.toThrow(/is to be read only/u);
  }
  expect(await catalogue()).toEqual(before);
});
