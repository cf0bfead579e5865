import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TableDescription } from '../../../src/domain/table.ts';
import {
  addDigests,
  assertSameRows,
  type DigestMode,
  digestRows,
  digestSlice,
  EVERY_ROW,
  formatDigest,
  type RowsDigest,
} from '../../../src/hot/measure/digest.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { dayOf, describePublic, reading } from '../../support/hot.ts';

let database: TestDatabase;
let client: pg.Client;
const day = dayOf('2024-01-15');

const digest = (table: TableDescription, mode: DigestMode, range = day): Promise<RowsDigest> =>
  reading(client, () => digestSlice(client, table, range, null, mode));

/** Columns whose equality hides differences that the archive must not lose. */
const COLUMNS = `n numeric, f float8, j jsonb, i interval, t text collate folded, b bytea, js json, x xml, p point`;
const VALUES = `1.0, 0, '{"a": 1.0}', '1 month', 'Strasse', '\\x00', '{"a": 1}', '<a/>', '(1,2)'`;
const HIDDEN_UPDATES = [
  ['numeric 1.0 to 1.00', `n = 1.00`],
  ['0 to -0', `f = '-0'`],
  ['jsonb 1.0 to 1.00', `j = '{"a": 1.00}'`],
  ['interval of a month to 30 days', `i = '30 days'`],
  ['letters that the collation holds equal', `t = 'STRASSE'`],
  ['a byte', `b = '\\x01'`],
  ['json whitespace', `js = '{"a":1}'`],
  ['an xml element', `x = '<b/>'`],
  ['a point', `p = '(1,3)'`],
] as const;

describe.each(['versions', 'content'] as const)('the digest by %s', (mode) => {
  let table: TableDescription;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.connect();
    await database.query(
      `create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
    );
    await database.query(`create table rows (ts timestamptz, k int, ${COLUMNS})`);
    await database.query(
      `insert into rows select '2024-01-15+00'::timestamptz + i * interval '1 minute', i, ${VALUES} from generate_series(0, 99) i`,
    );
    table = await describePublic(client, 'rows');
  });

  it('is the same for the same rows, whatever the session has set', async () => {
    const before = await digest(table, mode);
    await client.query(
      `set timezone = 'Asia/Kolkata'; set datestyle = 'German'; set extra_float_digits = -5; set bytea_output = escape`,
    );
    expect(formatDigest(await digest(table, mode))).toBe(formatDigest(before));
    await client.query('reset all');
    expect(before.rows).toBe(100n);
  });

  it.each(HIDDEN_UPDATES)('I1: sees %s', async (_, change) => {
    const before = await digest(table, mode);
    await database.query(`update rows set ${change} where k = 42`);
    const after = await digest(table, mode);
    expect(() => assertSameRows(table.ref, before, after)).toThrow(
      /updated, replaced or rewritten/,
    );
  });

  it('I1: sees two rows exchange a value', async () => {
    const before = await digest(table, mode);
    await database.query(`update rows set k = case k when 1 then 2 else 1 end where k in (1, 2)`);
    expect((await digest(table, mode)).sum).not.toBe(before.sum);
  });

  it('I1: sees a row replaced by another, a row more and a row fewer', async () => {
    const before = await digest(table, mode);
    await database.query(
      `begin; delete from rows where k = 50; insert into rows (ts, k) values ('2024-01-15 12:00+00', 50); commit`,
    );
    const replaced = await digest(table, mode);
    expect(() => assertSameRows(table.ref, before, replaced)).toThrow(/no longer those/);
    await database.query(`insert into rows (ts, k) values ('2024-01-15 12:00+00', 1000)`);
    const more = await digest(table, mode);
    expect(() => assertSameRows(table.ref, replaced, more)).toThrow(
      '100 were exported and there are 101',
    );
  });

  it('I1: tells two equal rows from one', async () => {
    await database.query(`insert into rows select * from rows where k = 7`);
    const two = await digest(table, mode);
    await database.query(`delete from rows where ctid = (select max(ctid) from rows where k = 7)`);
    expect((await digest(table, mode)).rows).toBe(two.rows - 1n);
  });

  it('I1: sees a column that was added with a default, which rewrites no row', async () => {
    const before = await digest(table, mode);
    await database.query('alter table rows add column venue text default $$XNYS$$');
    const after = await digest(table, mode);
    expect(() => assertSameRows(table.ref, before, after)).toThrow(/columns were altered/);
  });

  it('of the parts adds up to that of the whole', async () => {
    const whole = await digest(table, mode);
    const noon = day.fromInclusive + 43_200_000;
    const first = await digest(table, mode, { ...day, toExclusive: noon });
    const second = await digest(table, mode, { ...day, fromInclusive: noon });
    expect(formatDigest(addDigests(first, second))).toBe(formatDigest(whole));
  });

  it('of no rows is a digest too', async () => {
    expect(await digest(table, mode, dayOf('2030-01-01'))).toMatchObject({ rows: 0n, sum: 0n });
  });
});

describe('the digest by content', () => {
  it('of a partition is that of its table, though its columns are in another order', async () => {
    await database.query(`
      create table whole (ts timestamptz, a int, b text) partition by range (ts);
      create table leaf (b text, gone int, ts timestamptz, a int);
      alter table leaf drop column gone;
      insert into leaf values ('x', '2024-01-15 12:00+00', 1), (null, '2024-01-15 13:00+00', 2);
      alter table whole attach partition leaf for values from ('2024-01-15+00') to ('2024-01-16+00')`);
    const table = await describePublic(client, 'whole');
    const leaf = { schema: 'public', name: 'leaf' };
    const ofLeaf = await reading(client, () =>
      digestRows(client, table, leaf, EVERY_ROW, 'content'),
    );
    expect(await digest(table, 'content')).toMatchObject(ofLeaf);
  });
});

describe('the digest by versions', () => {
  it('outlives VACUUM and freezing, and takes a rewritten table for a changed one', async () => {
    await database.query(
      `create table kept as select '2024-01-15+00'::timestamptz as ts, i as v from generate_series(1, 1000) i`,
    );
    const table = await describePublic(client, 'kept');
    const before = await digest(table, 'versions');
    await database.query('vacuum freeze kept');
    expect((await digest(table, 'versions')).sum).toBe(before.sum);
    await database.query('delete from kept where v < 500');
    const fewer = await digest(table, 'versions');
    // Where a snapshot is open in this database (autovacuum's ANALYZE has one) it keeps the deleted rows, and
    // all others at their places: it is rewritten until nobody sees them any more.
    const rewritten = async (): Promise<bigint> => {
      await database.query('vacuum full kept');
      return (await digest(table, 'versions')).sum;
    };
    await expect.poll(rewritten).not.toBe(fewer.sum);
    const again = await digest(table, 'content');
    await database.query('vacuum full kept');
    expect((await digest(table, 'content')).sum).toBe(again.sum);
  });
});
