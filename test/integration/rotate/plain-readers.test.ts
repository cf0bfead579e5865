/** What a reader without tierd finds in the lake. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetMetadata } from 'hyparquet';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkFolders } from '../../../src/jobs/check-folders.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  bench = await openBench(database);
});

/** By DuckDB's glob with the folders as columns, as its own documentation has it. */
async function readByGlob(columns: string, asColumns = true): Promise<readonly unknown[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `select ${columns} from read_parquet('${bench.lake}/ticks/**/*.parquet', hive_partitioning = ${String(asColumns)}, union_by_name = true)`,
    );
    return reader.getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function moveTicks(columns: string, values: string): Promise<void> {
  await database.query(`create table ticks (time timestamptz, ${columns})`);
  await database.query(`insert into ticks select $1, ${values}`, [daysAgo(40)]);
  await rotateDataset(bench.rooms, makeDataset('ticks', { sortBy: [] }), { force: true });
}

describe('a portable dataset', () => {
  const portable = makeDataset('ticks', { sortBy: [], portable: true });
  const rotate = () => rotateDataset(bench.rooms, portable, { force: false });

  it('holds uuid and time as text', async () => {
    await database.query('create table ticks (time timestamptz, id uuid, at time, day date)');
    await database.query(
      `insert into ticks values ($1, '0f3a9c52-0000-4000-8000-000000000001', '24:00', '2024-01-15')`,
      [daysAgo(40)],
    );
    await rotate();
    expect(await readByGlob('typeof(id) as type, id, "at", day')).toEqual([
      {
        type: 'VARCHAR',
        id: '0f3a9c52-0000-4000-8000-000000000001',
        at: '24:00:00',
        day: '2024-01-15',
      },
    ]);
  });

  it.for([
    ['date', 'infinity'],
    ['date', '-infinity'],
    ['timestamp', 'infinity'],
    ['timestamptz', '-infinity'],
  ] as const)('refuses a %s that is %s, and moves nothing', async ([type, value]) => {
    await database.query(`create table ticks (time timestamptz, until ${type})`);
    await database.query(`insert into ticks values ($1, '2024-01-15'), ($1, '${value}')`, [
      daysAgo(40),
    ]);
    const { totals } = await rotate();
    expect(totals.moved).toEqual([]);
    expect(totals.failed[0]?.error).toMatchObject({
      code: 'VALUE_NOT_HELD',
      message: expect.stringContaining(
        `until (${type === 'timestamp' ? 'timestamp without time zone' : type === 'timestamptz' ? 'timestamp with time zone' : type}) holds the value ${value}`,
      ),
    });
    expect((await db.query('select from ticks')).rowCount).toBe(2);
  });

  it('refuses a number whose type was changed since its first segments', async () => {
    await database.query('create table ticks (time timestamptz, size int, note text)');
    await database.query(`insert into ticks values ($1, 1, 'a')`, [daysAgo(40)]);
    await rotate();
    await database.query('alter table ticks alter size type bigint, alter note type varchar(9)');
    await database.query(`insert into ticks values ($1, 5000000000, 'b')`, [daysAgo(40)]);
    await expect(rotate()).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('column size is BIGINT now and INTEGER in segments'),
    });
    expect((await db.query('select from ticks')).rowCount).toBe(1);
  });
});

describe('a plain reader', () => {
  it.for(['year', 'month', 'day', 'hour', '"Year"'])(
    'sees the table’s own column %s, not the folder’s',
    async (name) => {
      await moveTicks(`${name} int`, '77');
      expect(await readByGlob(`${name} as found`)).toEqual([{ found: 77 }]);
    },
  );

  it.each([
    ['came', 'size int', 'alter table ticks add year int'],
    ['went', 'size int, year int', 'alter table ticks drop year'],
  ])(
    'does not read both kinds of folders where a column %s, and doctor says so',
    async (_, columns, change) => {
      await moveTicks(
        columns,
        columns
          .split(',')
          .map(() => '1')
          .join(),
      );
      const [dataset, rooms] = [makeDataset('ticks', { sortBy: [] }), bench.rooms];
      expect(await checkFolders(rooms, [dataset])).toEqual([]);
      await database.query(
        `${change}; insert into ticks (time, size) values ('${daysAgo(39)}', 2)`,
      );
      await rotateDataset(rooms, dataset, { force: true });
      expect(await checkFolders(rooms, [dataset])).toMatchObject([
        {
          name: 'dataset:ticks:folders',
          status: 'warning',
          found: expect.stringMatching(/^1 segment in year=…, 1 segment in tierd_year=…/) as string,
        },
      ]);
      await expect(readByGlob('size')).rejects.toThrow('Hive partition mismatch');
      expect(await readByGlob('size', false)).toHaveLength(2);
    },
  );

  it('finds json and jsonb as plain text, as any other text', async () => {
    await moveTicks('a json, b jsonb, c text', `'{"x": 1, "x":2}', '{"y": 1}', 'z'`);
    const [segment] = await listSegments(db, { states: ['live'] });
    const bytes = await readFile(join(bench.lake, segment?.key ?? 'none'));
    const { schema } = parquetMetadata(new Uint8Array(bytes).buffer);
    const types = schema.slice(2).map(({ name, type, converted_type, logical_type }) => ({
      name,
      type,
      converted_type,
      logical: logical_type?.type,
    }));
    const text = types.find(({ name }) => name === 'c');
    expect(types).toEqual(['a', 'b', 'c'].map((name) => ({ ...text, name })));
    expect(await readByGlob('a, b')).toEqual([{ a: '{"x": 1, "x":2}', b: '{"y": 1}' }]);
  });
});
