import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetMetadata } from 'hyparquet';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { listColumns } from '../../../src/ledger/columns.ts';
import { listSegments, type SegmentRecord } from '../../../src/ledger/segments.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const FORCE = { force: true };
const dataset = makeDataset('ticks', { sortBy: ['time'], hotDays: 5 });

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  bench = await openBench(database);
  await database.query('create table ticks (time timestamptz, gone int, price int, size int)');
  await database.query('alter table ticks drop column gone');
});

/** Moves one day of one row, and returns what the footer of its file says. */
async function moveDay(age: number, values: string): Promise<Record<string, number | undefined>> {
  await database.query(`insert into ticks select $1::timestamptz + interval '1 h', ${values}`, [
    daysAgo(age),
  ]);
  const before = new Set((await segments()).map(({ key }) => key));
  await rotateDataset(bench.rooms, dataset, FORCE);
  const [added] = (await segments()).filter(({ key }) => !before.has(key));
  const bytes = await readFile(join(bench.lake, added?.key ?? 'none'));
  const { schema, key_value_metadata: pairs } = parquetMetadata(new Uint8Array(bytes).buffer);
  const ids = Object.fromEntries(schema.slice(1).map(({ name, field_id: id }) => [name, id]));
  const told = JSON.parse(pairs?.find(({ key }) => key === 'tierd.columns')?.value ?? '[]') as {
    readonly id: number;
    readonly name: string;
  }[];
  expect(Object.fromEntries(told.map(({ name, id }) => [name, id]))).toEqual(ids);
  return ids;
}

function segments(): Promise<readonly SegmentRecord[]> {
  return listSegments(db, { states: ['live'] });
}

describe('I13: the field ids in the files', () => {
  it('are those of the columns, whatever becomes of their names', async () => {
    expect(await moveDay(20, '1, 2')).toEqual({ time: 1, price: 3, size: 4 });
    await database.query('alter table ticks rename price to cost');
    expect(await moveDay(19, '1, 2')).toEqual({ time: 1, cost: 3, size: 4 });
    await database.query('alter table ticks drop column cost');
    await database.query('alter table ticks add column price int');
    expect(await moveDay(18, '2, 1')).toEqual({ time: 1, size: 4, price: 5 });
    await database.query('alter table ticks rename size to other');
    await database.query('alter table ticks rename price to size');
    expect(await moveDay(17, '2, 1')).toEqual({ time: 1, other: 4, size: 5 });
    await database.query('alter table ticks alter column size type bigint');
    expect(await moveDay(16, '2, 1')).toEqual({ time: 1, other: 4, size: 5 });
  });

  it('stay with the names in a table that was made anew, as a restore does', async () => {
    await moveDay(20, '1, 2');
    await database.query('alter table ticks rename to ticks_before');
    await database.query(
      'create table ticks as select time, price, size, 7 as note from ticks_before',
    );
    expect(await moveDay(19, '1, 2, 3')).toEqual({ time: 1, price: 3, size: 4, note: 5 });
  });

  it('of a column that went stay its own in the ledger', async () => {
    await moveDay(20, '1, 2');
    await database.query('alter table ticks drop column size');
    await moveDay(19, '1');
    const known = await listColumns(db, 'ticks');
    expect(known.map(({ fieldId, name, isDropped }) => [fieldId, name, isDropped])).toEqual([
      [1, 'time', false],
      [3, 'price', false],
      [4, 'size', true],
    ]);
  });

  it('are missing in segments from before, which are read beside the others', async () => {
    await moveDay(20, '1, 2');
    // As the ledger has them that were written before there were ids.
    await db.query(`update tierd.slices set columns =
      (select jsonb_agg(c - 'fieldId' order by n) from jsonb_array_elements(columns) with ordinality as e (c, n))`);
    await moveDay(19, '3, 4');
    const { rows } = await askStores(
      bench,
      db,
      [dataset],
      'select sum(price) as price, sum(size) as size from cold.ticks',
    );
    expect(rows).toEqual([{ price: 4, size: 6 }]);
  });
});
