/** I6 over the PostgreSQL face: values of every type are described and given as PostgreSQL itself does, text and binary. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FIXED_COLUMNS, TYPES_SQL, valueSql } from '../support/codec/typed-values.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { connectTo, type FaceDaemon, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';

const ROWS = 36;
const SEED = 20_260_101;

const COLUMNS = [
  ...FIXED_COLUMNS,
  { type: 'numeric(20,8)', value: fc.constantFrom('0', '-1.5', '999999999999.99999999', '10') },
  { type: 'numeric(38,0)', value: fc.constantFrom('9', '10', '-9', '1e37', '10000', '12345678') },
  { type: 'numeric(8,2)[]', value: fc.constantFrom('{1.5,NULL}', '{}') },
  { type: 'timestamptz(0)', value: fc.constantFrom('2024-01-01 00:00:00+00') },
].map((column, index) => ({ ...column, name: `c${String(index)}` }));

interface BytesReader {
  readonly buffer: Buffer;
  offset: number;
  string(length: number): string;
}

/** What comes is compared byte by byte; node-postgres itself reads all of it as UTF-8. */
function readBytes(): void {
  const load = createRequire(createRequire(import.meta.url).resolve('pg'));
  const { BufferReader } = load('pg-protocol/dist/buffer-reader') as {
    readonly BufferReader: { readonly prototype: BytesReader };
  };
  BufferReader.prototype.string = function string(length) {
    const bytes = this.buffer.toString('latin1', this.offset, this.offset + length);
    this.offset += length;
    return bytes;
  };
}

let database: TestDatabase;
let daemon: FaceDaemon;
let postgres: pg.Client;
let face: pg.Client;

beforeAll(async () => {
  readBytes();
  database = await createTestDatabase();
  await database.query(TYPES_SQL);
  const list = COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ');
  await database.query(
    `create table whole (time timestamptz not null, id int not null, ${list});
     create table every (like whole)`,
  );
  const db = await database.connect();
  await db.query(`set time zone 'UTC'`);
  const samples = COLUMNS.map(({ value }) => fc.sample(value, { numRuns: ROWS, seed: SEED }));
  for (let row = 0; row < ROWS; row += 1) {
    const values = COLUMNS.map((column, at) => valueSql(column, at + 3));
    await db.query(
      `insert into whole values (date_trunc('day', now(), 'UTC') - $1::int * interval '24 hours', $2, ${values.join(', ')})`,
      [row % 2 === 0 ? 40 : 3, row, ...samples.map((of) => of[row] ?? null)],
    );
  }
  await database.query('insert into every select * from whole');
  daemon = await startFaceDaemon(database, { datasets: '  every: { time_column: time }' });
  const raw = { types: { getTypeParser: () => (value: unknown) => value } } as pg.ClientConfig;
  postgres = new pg.Client({ connectionString: database.url, ...raw });
  await postgres.connect();
  face = await connectTo(daemon);
  for (const setting of [
    "timezone = 'UTC'",
    "datestyle = 'ISO'",
    "intervalstyle = 'postgres'",
    'extra_float_digits = 1',
    "bytea_output = 'hex'",
  ]) {
    for (const client of [postgres, face]) await client.query(`set ${setting}`);
  }
});

afterAll(async () => {
  await Promise.all([face.end(), postgres.end()]);
  await endHttpDaemon(daemon);
});

async function ask(client: pg.Client, sql: string, binary: boolean): Promise<unknown> {
  try {
    const { rows, fields } = await client.query({
      text: sql,
      binary,
      rowMode: 'array',
      queryMode: 'extended',
    } as pg.QueryConfig);
    return {
      fields: fields.map(({ name, dataTypeID, dataTypeSize, dataTypeModifier, format }) => ({
        name,
        dataTypeID,
        dataTypeSize,
        dataTypeModifier,
        format,
      })),
      rows: rows.map((row: unknown) =>
        (row as unknown[]).map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value)),
      ),
    };
  } catch (error) {
    return { code: (error as pg.DatabaseError).code, message: (error as Error).message };
  }
}

test.each(COLUMNS)('I6: $type ($name) as text', async ({ name }) => {
  const sql = (table: string) => `select ${name} from ${table} order by id`;
  expect(await ask(face, sql('every'), false)).toEqual(await ask(postgres, sql('whole'), false));
});

/** Made of types that only PostgreSQL knows the form of. */
const WITHOUT_BINARY = new Set([
  'tsvector',
  'tsquery',
  'float_range',
  'price[]',
  'quote',
  'quote[]',
]);

test.each(COLUMNS)('I6: $type ($name) in binary', async ({ name, type }) => {
  const sql = (table: string) => `select ${name} from ${table} order by id`;
  const given = await ask(face, sql('every'), true);
  if (WITHOUT_BINARY.has(type)) expect(given).toMatchObject({ code: '0A000' });
  else expect(given).toEqual(await ask(postgres, sql('whole'), true));
});
