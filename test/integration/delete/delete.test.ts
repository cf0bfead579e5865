/** Rows leave the lake for good: those that were meant, and no others. */
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { endHold, setHold } from '../../../src/jobs/hold.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import { pause } from '../../../src/ledger/pauses.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments, type SegmentRecord } from '../../../src/ledger/segments.ts';
import { askStores } from '../../support/ask-stores.ts';
import { differingRows } from '../../support/codec/read-back.ts';
import { compact } from '../../support/compact.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { deleteFrom, planDelete } from '../../support/delete.ts';
import { dumpDatabase } from '../../support/dump.ts';
import { readIceberg } from '../../support/iceberg-reader.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const COLUMNS =
  'time timestamptz not null, symbol text, id bigint not null, price numeric(20,8), ratio float8, note text[]';
/** Days that are cold, before NOW, and rows of each; every third is of the symbol s1. */
const [FIRST, LAST] = [65, 60];
const DAYS = 6;
const ROWS_A_DAY = 21;
const OF_A_SYMBOL = 7;

let database: TestDatabase;
let bench: Bench;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase({ timescale: true });
  bench = await openBench(database);
  client = await database.connect();
});

async function fill(table: string, from: number, to: number, firstId = 0): Promise<void> {
  for (let day = from; day >= to; day -= 1) {
    await database.query(
      `insert into ${table} (time, symbol, id, price, ratio, note)
       select $1::timestamptz + n * interval '7 minutes', 's' || n % 3, $2 + n, n / 7.0,
              (array['NaN', '-0', '0', '1.5'])[1 + n % 4]::float8, array['n' || n, null]
       from generate_series(0, $3 - 1) n`,
      [daysAgo(day), firstId + day * 1000, ROWS_A_DAY],
    );
  }
}

const KEYED = `${COLUMNS}, primary key (id, time)`;

/** Six days are cold, a segment each; `bars_before` is what they were. */
async function coldTable(changes: Partial<Dataset> = {}, columns = KEYED): Promise<Dataset> {
  await database.query(`create table bars (${columns})`);
  return fillAndRotate(changes);
}

async function fillAndRotate(changes: Partial<Dataset> = {}): Promise<Dataset> {
  await fill('bars', FIRST, LAST);
  await database.query('create table bars_before as select * from bars');
  const dataset = makeDataset('bars', changes);
  await rotateAll(bench, dataset);
  return dataset;
}

/** Rows of a day that is cold; `v` of each is one of `values`, `w` the first. */
async function oddTable(type: string, values: readonly string[]): Promise<Dataset> {
  const rows = values.map(
    (value, id) => `('${daysAgo(FIRST)}', ${String(id)}, ${value}, ${values[0] ?? 'null'})`,
  );
  await database.query(`create type mood as enum ('sad', 'ok', 'happy'); create domain amount as numeric;
    create table odd (time timestamptz not null, id int not null, v ${type}, w ${type}, primary key (id, time));
    insert into odd values ${rows.join(', ')}; create table odd_before as select * from odd`);
  const dataset = makeDataset('odd', { sortBy: ['id'] });
  await rotateAll(bench, dataset);
  return dataset;
}

const live = (): Promise<readonly SegmentRecord[]> =>
  listSegments(client, { dataset: 'bars', states: ['live'] });

async function filesOf(): Promise<readonly string[]> {
  const entries = await readdir(join(bench.lake, 'bars'), { recursive: true });
  return entries.filter((name) => name.endsWith('.parquet'));
}

/** All that the lake has comes back into another table, and is what was there less `gone`. */
async function expectAllBut(dataset: Dataset, gone: string): Promise<void> {
  await database.query(`drop table if exists bars_copy; delete from bars_before where ${gone}`);
  const { totals } = await restore(bench, dataset, days(FIRST + 2, LAST - 2), {
    into: { schema: 'public', name: 'bars_copy' },
  });
  expect(totals.failed).toEqual([]);
  expect(await differingRows(client, 'bars_before', 'bars_copy')).toEqual([]);
  const { bytes, unproven, unjudged } = await scrub(bench.rooms, {
    dataset: 'bars',
    sample: null,
    prove: 'standard',
    onProgress: () => undefined,
  });
  expect(bytes).toMatchObject({ missing: [], altered: [], unknown: [], leftovers: [] });
  expect([unproven, unjudged]).toEqual([[], []]);
}

async function auditOf(action: string): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await client.query<{ entry: Record<string, unknown> }>(
    `select entry::jsonb as entry from tierd.audit
     where chain = 'bars' and entry::jsonb ->> 'action' = $1 order by number`,
    [action],
  );
  return rows.map(({ entry }) => entry);
}

describe('delete', () => {
  it('I1, I2, I6: takes the rows that match out of the lake, and no others', async () => {
    const dataset = await coldTable();
    const { plan, totals } = await deleteFrom(bench, dataset, `symbol = 's1' and ratio > 1`);
    expect(totals.failed).toEqual([]);
    expect(plan.rows).toBe(totals.deleted.reduce((sum, { planned }) => sum + planned.chosen, 0));
    expect(totals.deleted).toHaveLength(DAYS);
    await expectAllBut(dataset, `symbol = 's1' and ratio > 1`);
    const asked = `select count(*) as n from bars where symbol = 's1' and ratio > 1`;
    expect((await askStores(bench, client, [dataset], asked)).rows).toEqual([{ n: 0 }]);
  });

  it('leaves slices alone that have no such row', async () => {
    const dataset = await coldTable();
    const before = await live();
    const { totals } = await deleteFrom(bench, dataset, 'id in (65003, 65004, 62001)');
    expect(totals.deleted.map(({ planned }) => planned.chosen)).toEqual([2, 1]);
    const after = new Set((await live()).map(({ key }) => key));
    expect(before.filter(({ key }) => after.has(key))).toHaveLength(DAYS - 2);
    await expectAllBut(dataset, 'id in (65003, 65004, 62001)');
  });

  it('does so only within --from and --to', async () => {
    const dataset = await coldTable();
    const span = {
      fromInclusive: Date.parse(daysAgo(63)) + 3_600_000,
      toExclusive: Date.parse(daysAgo(62)) + 3_600_000,
    };
    await deleteFrom(bench, dataset, `symbol <> 's0'`, { span });
    await expectAllBut(
      dataset,
      `symbol <> 's0' and time >= '${new Date(span.fromInclusive).toISOString()}'
       and time < '${new Date(span.toExclusive).toISOString()}'`,
    );
  });

  it('keeps a row of which the condition is null', async () => {
    const dataset = await coldTable();
    await database.query(`insert into bars (time, id) values ('${daysAgo(64)}', 1), ('${daysAgo(64)}', 2);
      insert into bars_before select * from bars`);
    await rotateAll(bench, dataset);
    await deleteFrom(bench, dataset, `not (symbol = 's0')`);
    await expectAllBut(dataset, `not (symbol = 's0')`);
    await deleteFrom(bench, dataset, 'symbol is null');
    await expectAllBut(dataset, 'symbol is null');
  });

  it('lets a slice go that has no other rows', async () => {
    const dataset = await coldTable();
    const { totals } = await deleteFrom(bench, dataset, `id >= 65000 or id = 64000`);
    expect(totals.deleted.map(({ segments }) => segments)).toEqual([0, 1]);
    expect(await live()).toHaveLength(DAYS - 1);
    await expectAllBut(dataset, 'id >= 65000 or id = 64000');
  });

  it('changes nothing a second time, and says so', async () => {
    const dataset = await coldTable();
    await deleteFrom(bench, dataset, `symbol = 's1'`);
    const before = await live();
    const { plan, totals } = await deleteFrom(bench, dataset, `symbol = 's1'`);
    expect([plan.rows, totals.deleted]).toEqual([0, []]);
    expect(await live()).toEqual(before);
  });

  it('I7: a dry run changes nothing, and plans what the run does', async () => {
    const dataset = await coldTable();
    const before = [await dumpDatabase(database.url), await filesOf()];
    const plan = await planDelete(bench, dataset, `symbol = 's1'`);
    expect([await dumpDatabase(database.url), await filesOf()]).toEqual(before);
    expect(plan.rows).toBe(DAYS * OF_A_SYMBOL);
    const { totals } = await deleteFrom(bench, dataset, `symbol = 's1'`);
    expect(totals.deleted.map(({ planned }) => planned)).toEqual(plan.slices);
  });

  it('writes down who, when, why, how many and by which condition, and not the condition', async () => {
    const dataset = await coldTable();
    await deleteFrom(bench, dataset, 'id = 65003', { reason: 'request 17' });
    const [entry, ...more] = await auditOf('deleted');
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ reason: 'request 17', rows: '1', slices: [{ rows: 1 }] });
    expect(entry?.['where_sha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(await dumpDatabase(database.url)).not.toContain('id = 65003');
    expect((await listRuns(client, { dataset: 'bars', limit: 1 })).at(0)).toMatchObject({
      job: 'delete',
      state: 'done',
    });
  });

  it('takes every version of a row that the lake has, whichever came late', async () => {
    const dataset = await coldTable({ onColdDuplicate: 'keep-both' });
    await database.query(`insert into bars select * from bars_before where id = 65003;
      update bars set price = 42; insert into bars_before select * from bars`);
    await rotateAll(bench, dataset);
    const { plan } = await deleteFrom(bench, dataset, 'id = 65003');
    expect(plan.rows).toBe(2);
    await expectAllBut(dataset, 'id = 65003');
  });

  it('takes the row that replaced an older one, which does not come back', async () => {
    const dataset = await coldTable();
    await database.query(`insert into bars select * from bars_before where id in (65003, 65004);
      update bars set price = 42; delete from bars_before where id in (65003, 65004);
      insert into bars_before select * from bars`);
    await rotateAll(bench, dataset);
    const { plan } = await deleteFrom(bench, dataset, 'price = 42');
    expect(plan.rows).toBe(2);
    await expectAllBut(dataset, 'price = 42');
  });

  it('thins merged segments, and what it has thinned can be merged', async () => {
    const dataset = await coldTable();
    await deleteFrom(bench, dataset, `symbol = 's1'`);
    await compact(bench, dataset);
    expect((await live()).length).toBeLessThan(DAYS);
    await deleteFrom(bench, dataset, `symbol = 's2'`);
    await expectAllBut(dataset, `symbol in ('s1', 's2')`);
  });

  it('means a column by what it is called now, in whichever slice it is', async () => {
    const dataset = await coldTable();
    await database.query('alter table bars add column venue text');
    await fill('bars', LAST - 1, LAST - 1);
    await database.query(`update bars set venue = 'x' where id % 2 = 0;
      alter table bars_before add column venue text; insert into bars_before select * from bars`);
    await rotateAll(bench, dataset);
    const { totals } = await deleteFrom(bench, dataset, `venue = 'x'`);
    expect(totals.deleted).toHaveLength(1);
    expect((await deleteFrom(bench, dataset, `venue is null and id < 61000`)).plan.rows).toBe(
      ROWS_A_DAY + 10,
    );
  });

  it('I13: means one column by a name, whatever it was called', async () => {
    const dataset = await coldTable({ sortBy: ['id'] }, `${KEYED}, cost numeric(20,8)`);
    await database.query(`alter table bars rename column symbol to ticker; alter table bars drop column price;
      alter table bars rename column cost to price; insert into bars (time, ticker, id, price)
      values ('${daysAgo(LAST - 1)}', 's1', 1, 1), ('${daysAgo(LAST - 1)}', 's2', 2, 2)`);
    await rotateAll(bench, dataset);
    // What was price is another column, and is not judged by the name that another has now.
    expect((await planDelete(bench, dataset, 'price is not null')).rows).toBe(2);
    expect((await planDelete(bench, dataset, 'price_4 is not null')).rows).toBeGreaterThan(2);
    const unknown = await failureOf(planDelete(bench, dataset, `symbol = 's1'`));
    expect(unknown.message).toContain('symbol');
    const { plan } = await deleteFrom(bench, dataset, `ticker = 's1'`);
    expect(plan.rows).toBe(DAYS * OF_A_SYMBOL + 1);
    expect((await planDelete(bench, dataset, `ticker = 's1'`)).rows).toBe(0);
  });

  it('I13: knows the time of slices in which its column had another name, and so does a compaction', async () => {
    await coldTable({ sortBy: ['id'] });
    await database.query(
      `alter table bars rename column time to at; alter table bars_before rename column time to at`,
    );
    const dataset = makeDataset('bars', { sortBy: ['id'], timeColumn: 'at' });
    const span = days(63, 62);
    const { plan } = await deleteFrom(bench, dataset, 'id % 2 = 0', { span });
    expect(plan.slices.map(({ range }) => range)).toEqual([span]);
    expect((await planDelete(bench, dataset, 'id % 2 = 0', { span })).rows).toBe(0);
    expect((await compact(bench, dataset)).totals).toMatchObject({ failed: [] });
    expect((await live()).length).toBeLessThan(DAYS);
    await deleteFrom(bench, dataset, 'id >= 65000');
    await expectAllBut(dataset, 'id >= 65000 or id % 2 = 0 and id / 1000 = 63');
  });

  it('I2: an Iceberg table has the rows no more', async () => {
    const dataset = await coldTable({ iceberg: true });
    await deleteFrom(bench, dataset, `symbol = 's1' or id >= 65000`);
    const { rows } = await database.query('select metadata_location from tierd.iceberg_tables');
    const [row] = rows as { metadata_location: string }[];
    const { files } = await readIceberg(row?.metadata_location ?? '');
    expect(files.map(({ path }) => path).sort()).toEqual(
      (await live()).map(({ key }) => join(bench.lake, key)).sort(),
    );
    expect(files).toHaveLength(DAYS - 1);
  });

  it('I1: is undone where what is published does not hold the other rows', async () => {
    const dataset = await coldTable();
    const before = await live();
    const spoiling = {
      ...nodeFileSystem,
      link: async (from: string, to: string) => {
        await nodeFileSystem.link(from, to);
        await appendFile(to, 'x');
      },
    };
    const store = await openLocalStore(bench.lake, spoiling);
    const { totals } = await deleteFrom(
      { rooms: { ...bench.rooms, store } },
      dataset,
      'id < 60010',
    );
    expect(totals.failed.map(({ error }) => error.code)).toEqual(['VERIFY_MISMATCH']);
    expect(await live()).toEqual(before);
    await expectAllBut(dataset, 'false');
  });

  it('names a segment that is unreadable, and changes nothing', async () => {
    const dataset = await coldTable();
    const [first] = await live();
    await appendFile(join(bench.lake, first?.key ?? ''), 'PAR1');
    const failure = await failureOf(deleteFrom(bench, dataset, `symbol = 's1'`));
    expect(failure.message).toContain(first?.key ?? 'no key');
    expect(await live()).toHaveLength(DAYS);
  });
});

describe('the files of what was deleted', () => {
  it('I3: stay for the grace period, and are then removed by the next job', async () => {
    const dataset = await coldTable();
    await deleteFrom(bench, dataset, `symbol = 's1'`);
    expect(await filesOf()).toHaveLength(2 * DAYS);
    const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
    await rotateAll({ rooms: { ...bench.rooms, settings } }, dataset);
    expect(await filesOf()).toHaveLength(DAYS);
  });

  it('are gone at once with --now, with those of earlier runs, and what was known of their values', async () => {
    const dataset = await coldTable();
    await deleteFrom(bench, dataset, 'id = 65003');
    const { totals } = await deleteFrom(bench, dataset, 'id = 65004', { now: true });
    expect(totals.removed).toBe(2);
    expect(await filesOf()).toHaveLength(DAYS);
    expect((await deleteFrom(bench, dataset, 'id = 65004', { now: true })).totals.removed).toBe(0);
    const { rows } = await client.query(
      `select 1 from tierd.segments where state = 'removed' and statistics <> '{}'`,
    );
    expect(rows).toEqual([]);
    await expectAllBut(dataset, 'id in (65003, 65004)');
  });
});

describe('a deletion is refused', () => {
  it('while rows that match are hot, unless they may stay there', async () => {
    const dataset = await coldTable();
    await database.query(`insert into bars select * from bars_before where id = 65003`);
    const failure = await failureOf(deleteFrom(bench, dataset, `symbol = 's0'`));
    expect(failure).toMatchObject({ code: 'REFUSED' });
    expect(failure.message).toContain('1 row that matches is in PostgreSQL');
    expect(failure.hint).toContain('DELETE FROM public.bars');
    const { plan } = await deleteFrom(bench, dataset, `symbol = 's0'`, { coldOnly: true });
    expect([plan.hotRows, plan.rows]).toEqual([1, DAYS * OF_A_SYMBOL]);
  });

  it('where there are too many hot rows to be looked at, unless they may stay there', async () => {
    const dataset = await coldTable();
    await database.query(`insert into bars select * from bars_before`);
    const where = `lower(symbol) = 's1'`;
    const failure = await failureOf(deleteFrom(bench, dataset, where, { maxHotRows: 5 }));
    expect(failure).toMatchObject({ code: 'HOT_ROWS_EXCEEDED' });
    const wishes = { maxHotRows: 5, coldOnly: true };
    const { plan } = await deleteFrom(bench, dataset, where, wishes);
    expect([plan.hotRows, plan.rows]).toEqual([null, DAYS * OF_A_SYMBOL]);
  });

  it('where a hold is on rows that would go, by its name', async () => {
    const dataset = await coldTable();
    const wish = { dataset: 'bars', range: days(63, 62), reason: 'case 17', until: null };
    const hold = await setHold(bench.rooms, wish);
    const failure = await failureOf(deleteFrom(bench, dataset, `symbol = 's1'`, { force: true }));
    expect(failure).toMatchObject({ code: 'REFUSED' });
    expect(failure.message).toContain('case 17');
    expect((await deleteFrom(bench, dataset, 'id >= 65000')).plan.rows).toBe(ROWS_A_DAY);
    await endHold(bench.rooms, hold.id, 'closed');
    await deleteFrom(bench, dataset, `symbol = 's1'`);
    await expectAllBut(dataset, `symbol = 's1' or id >= 65000`);
  });

  it('where a hold was set after the plan was made: it is seen before COMMIT', async () => {
    const dataset = await coldTable();
    const wish = { dataset: 'bars', range: null, reason: 'case 19', until: null };
    let setting: Promise<unknown> = Promise.resolve();
    const rooms = {
      ...bench.rooms,
      newId: () => {
        setting = setHold(bench.rooms, wish);
        return bench.rooms.newId();
      },
      connect: async (purpose: 'work' | 'direct') => {
        await setting;
        return bench.rooms.connect(purpose);
      },
    };
    const failure = await failureOf(deleteFrom({ rooms }, dataset, `symbol = 's1'`));
    expect(failure.message).toContain('case 19');
    await expectAllBut(dataset, 'false');
  });

  it('where more than max_share of the lake would go, unless forced', async () => {
    const { limits } = makeDataset('bars');
    const dataset = await coldTable({ limits: { ...limits, maxShare: 0.3 } });
    const where = `symbol = 's1'`;
    expect(await failureOf(deleteFrom(bench, dataset, where))).toMatchObject({ code: 'REFUSED' });
    await deleteFrom(bench, dataset, where, { force: true });
    await expectAllBut(dataset, where);
  });

  it('where nothing would be left, unless somebody names the dataset', async () => {
    const dataset = await coldTable();
    const failure = await failureOf(deleteFrom(bench, dataset, 'id > 0', { force: true }));
    expect(failure.hint).toContain('--may-empty bars');
    await deleteFrom(bench, dataset, 'id > 0', { force: true, mayEmpty: true });
    expect(await live()).toEqual([]);
  });

  it('while the dataset is paused', async () => {
    const dataset = await coldTable();
    await pause(client, { kind: 'dataset', dataset: 'bars' }, 'ann');
    expect(await failureOf(deleteFrom(bench, dataset, 'id = 1'))).toMatchObject({
      code: 'DATASET_PAUSED',
    });
  });

  it.each([
    ['price =', 'QUERY_INVALID', 'does not parse'],
    ['prise > 1', 'QUERY_INVALID', 'did you mean price'],
    ['other.price > 1', 'QUERY_INVALID', 'no column other.price'],
    ['id', 'QUERY_INVALID', 'BIGINT'],
    [`id > array['x']`, 'QUERY_INVALID', `can't be told`],
    ['id in (select id from bars)', 'QUERY_NOT_ALLOWED', 'a subquery'],
    ['exists (from bars)', 'QUERY_NOT_ALLOWED', 'a subquery'],
    ['random() < 0.5', 'QUERY_NOT_ALLOWED', 'the function random'],
    ['time < now()', 'QUERY_NOT_ALLOWED', 'the function now'],
    [`age(time) > interval '1 day'`, 'QUERY_NOT_ALLOWED', 'the function age'],
    ['count(*) > 1', 'QUERY_NOT_ALLOWED', 'the function count'],
    ['row_number() over () = 1', 'QUERY_NOT_ALLOWED', 'a window function'],
    ['columns(*) > 1', 'QUERY_NOT_ALLOWED', '*'],
    ['id = $1', 'QUERY_NOT_ALLOWED', 'a parameter'],
    ['id = 1) or (true', 'QUERY_INVALID', 'does not parse'],
    ['id = 1), (true', 'QUERY_NOT_ALLOWED', 'not one expression'],
    ['id = 1) from bars where (true', 'QUERY_NOT_ALLOWED', 'not one expression'],
    ['id = 1) limit (1', 'QUERY_NOT_ALLOWED', 'not one expression'],
    ['id = 1); delete from bars where (true', 'QUERY_NOT_ALLOWED', 'not one expression'],
    ['id = 1 -- and nothing else', 'QUERY_OK', ''],
  ])('where the condition is %s', async (where, code, told) => {
    const dataset = await coldTable();
    if (code === 'QUERY_OK') {
      await planDelete(bench, dataset, where);
      return;
    }
    const failure = await failureOf(planDelete(bench, dataset, where));
    expect(failure).toMatchObject({ code });
    expect(failure.message).toContain(told);
  });

  it('where a number that is held as text is compared as text', async () => {
    const dataset = await coldTable({}, KEYED.replace('numeric(20,8)', 'numeric'));
    const failure = await failureOf(planDelete(bench, dataset, 'price > 1'));
    expect(failure).toMatchObject({ code: 'QUERY_INVALID' });
    expect(failure.message).toContain('held as text');
    const { rows } = await planDelete(bench, dataset, 'price::decimal(38,10) > 1');
    expect(rows).toBe(DAYS * 13);
  });

  it.each([
    ['numeric', `coalesce(v, '0') > '500'`, 'v::decimal'],
    ['numeric', `case when v is null then '0' else v end <> '1.50'`, 'v::decimal'],
    ['numeric', `nullif(v, '1.50') is not null`, 'v::decimal'],
    ['numeric', 'v <> w', 'v::decimal'],
    ['numeric', '(v, 1) <> (w, 1)', 'v::decimal'],
    ['amount', `v <> '1.50'`, 'v::decimal'],
    ['interval', `v <> '24 hours'`, 'v::interval'],
    ['int[]', 'length(v) > 2', 'v::varchar'],
    ['jsonb', `v <> '{"a":1}'`, `v->>'key'`],
    ['char(4)', `v <> 'ab'`, 'rtrim(v)'],
    ['char(4)', `v::text <> 'ab'`, 'rtrim(v)'],
    ['mood', `v between 'sad' and 'ok'`, 'v in ('],
  ])('where %s is compared otherwise than in PostgreSQL: %s', async (type, where, hint) => {
    const dataset = await oddTable(type, ['null']);
    const failure = await failureOf(planDelete(bench, dataset, where));
    expect(failure).toMatchObject({ code: 'QUERY_INVALID' });
    expect(failure.message).toContain('v of odd (');
    expect(failure.hint).toContain(hint);
  });

  it('where the condition fails on a value', async () => {
    const dataset = await coldTable();
    const failure = await failureOf(deleteFrom(bench, dataset, 'symbol::integer = 1'));
    expect(failure).toMatchObject({ code: 'USAGE' });
    expect(failure.hint).toContain('try_cast');
  });
});

describe('a deletion knows', () => {
  it.each([
    ['numeric', ['1.5', '1.50', '9', '500'], 'v::decimal(38,10) > 1.50'],
    ['interval', ['1 day', '24:00:00', '100 days', '20 days'], `v::interval > interval '20 days'`],
    ['jsonb', ['{"a":1.0}', '{"a":2}'], `v->>'a' = '2'`],
    ['char(4)', ['ab', 'abcd'], `rtrim(v) <> 'ab'`],
    ['mood', ['sad', 'ok'], `v <> 'ok'`],
  ])('the values of %s as PostgreSQL does: %j %s', async (type, values, where) => {
    const dataset = await oddTable(type, [...values.map((value) => `'${value}'`), 'null']);
    const { rows } = await database.query(
      `select count(*)::int as n from odd_before where ${where}`,
    );
    expect((await planDelete(bench, dataset, where)).rows).toBe((rows as { n: number }[])[0]?.n);
  });

  it('a partitioned table', async () => {
    await database.query(`create table bars (${KEYED}) partition by range (time);
      create table bars_rest partition of bars default`);
    const dataset = await fillAndRotate();
    await deleteFrom(bench, dataset, `symbol = 's1'`);
    await expectAllBut(dataset, `symbol = 's1'`);
  });
});

describeOn('timescale', 'a deletion of a hypertable', () => {
  it('leaves its chunks alone and the lake without the rows', async () => {
    await database.query(`create table bars (${KEYED});
      select create_hypertable('bars', 'time', chunk_time_interval => interval '3 days')`);
    const dataset = await fillAndRotate();
    await deleteFrom(bench, dataset, `symbol = 's1'`);
    await expectAllBut(dataset, `symbol = 's1'`);
  });
});
