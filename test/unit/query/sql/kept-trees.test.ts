/** Trees of questions are kept for whoever asks again, in little memory. */
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { admitSelect } from '../../../../src/query/sql/statement.ts';

test('the tree of a short question is kept, that of a long one is made anew', async () => {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const isKept = async (sql: string) =>
    (await admitSelect(connection, sql)) === (await admitSelect(connection, sql));
  expect(await isKept('select 1 from ticks')).toBe(true);
  const list = Array.from({ length: 50_000 }, (_, at) => String(at)).join(', ');
  expect(await isKept(`select 1 from ticks where lot in (${list})`)).toBe(false);
  connection.closeSync();
  instance.closeSync();
});
