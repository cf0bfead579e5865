/** What is kept by its interval: rows of one go where rows of others stay, proven; what is not named stays for ever. */
import type pg from 'pg';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { setHold } from '../../../src/jobs/hold.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { askStores } from '../../support/ask-stores.ts';
import { auditOf } from '../../support/audit-entries.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { dumpDatabase } from '../../support/dump.ts';
import { ageLake, expire, planExpiry } from '../../support/expire.ts';
import { days, failureOf, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

/** Ten days in the lake, each with 40 rows of 1m, 8 of 5m, 1 of 1d, 1 of 3m and 1 without. */
const FIRST = 64;
const ALL = 10;
/** Days of which rows go. */
const [DAYS_OF_1M, DAYS_OF_5M] = [7, 4];
const KEPT = { '1m': 57, '5m': 60, '1d': 2_555 };
const [A_DAY, OF_1M, OF_5M] = [51, 40, 8];
const GONE = DAYS_OF_1M * OF_1M + DAYS_OF_5M * OF_5M;

let database: TestDatabase;
let bench: Bench;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  client = await database.connect();
});

async function coldTable(
  type = 'text',
  changes: Partial<Dataset> = {},
  of = 'bars',
): Promise<Dataset> {
  await database.query(`create table ${of} (time timestamptz not null, span ${type}, id bigint)`);
  await fill(of, type);
  const dataset = makeDataset(of, {
    sortBy: ['time'],
    intervalColumn: 'span',
    coldDaysByInterval: KEPT,
    ...changes,
  });
  await rotateAll(bench, dataset);
  await ageLake(database);
  return dataset;
}

async function fill(table: string, type: string): Promise<void> {
  await database.query(
    `insert into ${table}
     select $1::timestamptz + d * interval '24 hours' + n * interval '7 minutes',
       (case when n < $3 then '1m' when n < $4 then '5m' when n = $4 then '1d' when n = $4 + 1 then '3m' end)::${type},
       d * 100 + n
     from generate_series(0, $2::int - 1) d, generate_series(0, $5::int - 1) n`,
    [daysAgo(FIRST), ALL, OF_1M, OF_1M + OF_5M, A_DAY],
  );
}

async function countsOf(dataset: Dataset): Promise<Readonly<Record<string, number>>> {
  const sql = `select coalesce(span::varchar, '-') as span, count(*)::int as n from ${dataset.name} group by 1`;
  const { rows } = await askStores(bench, client, [dataset], sql);
  return Object.fromEntries(
    (rows as { span: string; n: number }[]).map(({ span, n }) => [span.trim(), n]),
  );
}

const BEFORE = { '1m': ALL * OF_1M, '5m': ALL * OF_5M, '1d': ALL, '3m': ALL, '-': ALL };
const AFTER = { ...BEFORE, '1m': (ALL - DAYS_OF_1M) * OF_1M, '5m': (ALL - DAYS_OF_5M) * OF_5M };

describe('an expiry by interval', () => {
  it.each(['text', 'char(6)', 'bars_span'])(
    'I2: takes the rows of an interval that are old enough, and no others (%s)',
    async (type) => {
      await database.query(`create type bars_span as enum ('1m', '5m', '1d', '3m')`);
      const dataset = await coldTable(type);
      expect(await countsOf(dataset)).toEqual(BEFORE);
      const { plan, expired, thinned, failed } = await expire(bench, dataset, { force: true });
      expect([expired, failed]).toEqual([[], []]);
      expect(thinned).toHaveLength(DAYS_OF_1M);
      expect(plan).toMatchObject({ rows: GONE, coldRows: ALL * A_DAY });
      expect(plan.intervals).toMatchObject([
        { interval: '1m', rows: DAYS_OF_1M * OF_1M },
        { interval: '5m', rows: DAYS_OF_5M * OF_5M },
        { interval: '1d', rows: 0 },
      ]);
      expect(await countsOf(dataset)).toEqual(AFTER);
      const { bytes, provenRows } = await scrub(bench.rooms, {
        dataset: 'bars',
        sample: null,
        prove: 'standard',
        onProgress: () => undefined,
      });
      expect(bytes).toMatchObject({ missing: [], altered: [], unknown: [] });
      expect(provenRows).toBe(ALL * A_DAY - GONE);
      await ageLake(database);
      expect((await expire(bench, dataset)).plan.rows).toBe(0);
    },
  );

  it('writes down what is gone: of each slice the rows, their hash, and that of the slice before and after', async () => {
    await expire(bench, await coldTable(), { force: true });
    const entries = await auditOf(database, 'expired');
    expect(entries).toHaveLength(DAYS_OF_1M);
    expect(entries[0]).toMatchObject({
      rows: String(OF_1M + OF_5M),
      intervals: '1m, 5m',
      cold_days_by_interval: '1m: 57, 5m: 60, 1d: 2555',
    });
    expect(entries[0]?.['row_hash_after']).toMatch(/^[0-9a-f]{16}$/u);
    expect(entries[0]?.['row_hash_after']).not.toBe(entries[0]?.['row_hash_before']);
  });

  it('retires a slice whole where all of its rows are old enough', async () => {
    const dataset = await coldTable('text', {
      coldDaysByInterval: { '1m': 60, '5m': 60, '1d': 60, '3m': 60 },
    });
    await database.query(
      `insert into bars values ('${daysAgo(70)}', '1m', 1), ('${daysAgo(70)}', '5m', 2)`,
    );
    await rotateAll(bench, dataset);
    await ageLake(database);
    const { expired, thinned } = await expire(bench, dataset, { force: true });
    expect(expired).toMatchObject([{ slices: 1, rows: 2 }]);
    // Those without an interval stay.
    expect(thinned).toHaveLength(DAYS_OF_5M);
    expect((await countsOf(dataset))['-']).toBe(ALL);
  });

  it('says what stays for ever, and of what there was never a row', async () => {
    const dataset = await coldTable('text', { coldDaysByInterval: { ...KEPT, '1min': 57 } });
    const notes = (await planExpiry(bench, dataset)).notes.join('\n');
    expect(notes).toContain('7 old rows of 3m, which datasets.bars.cold_days_by_interval does not');
    expect(notes).toContain('7 old rows without span stay for ever');
    expect(notes).toContain('names 1min, and no old row in the lake was ever of it');
  });

  it('I7: a dry run changes nothing, and plans what the run does; what was read is read once', async () => {
    const limits = { ...makeDataset('bars').limits, maxShare: 0.3 };
    const dataset = await coldTable('text', { limits });
    const before = await dumpDatabase(database.url);
    const plan = await planExpiry(bench, dataset);
    expect(await dumpDatabase(database.url)).toEqual(before);
    const failure = await failureOf(expire(bench, dataset));
    expect(JSON.stringify(failure.context)).toContain('share_of_lake');
    expect(await countsOf(dataset)).toEqual(BEFORE);
    const read = vi.spyOn(bench.rooms.store, 'readable');
    await planExpiry(bench, dataset);
    expect(read).not.toHaveBeenCalled();
    expect((await expire(bench, dataset, { force: true })).plan.thinned).toEqual(plan.thinned);
  });

  it('keeps what is held whole', async () => {
    const dataset = await coldTable();
    const wish = { range: days(FIRST, FIRST - 1), reason: 'case 17', until: null };
    await setHold(bench.rooms, { dataset: 'bars', ...wish });
    const { plan, thinned } = await expire(bench, dataset, { force: true });
    expect(thinned).toHaveLength(DAYS_OF_1M - 1);
    expect(plan.notes.join()).toContain('48 rows');
  });

  it('leaves a slice alone, and goes on, where a row is not as it was published', async () => {
    const dataset = await coldTable();
    const [first] = await listSegments(client, { dataset: 'bars', states: ['live'] });
    await database.query(
      `update tierd.segments set sha256 = repeat('0', 64) where object_key = $1`,
      [first?.key],
    );
    const { thinned, failed } = await expire(bench, dataset, { force: true });
    expect([thinned.length, failed.length]).toEqual([DAYS_OF_1M - 1, 1]);
  });
});

describe('after a change of the table', () => {
  it('a column that was renamed is the same, and one that took its name is not', async () => {
    const dataset = await coldTable();
    await database.query('alter table bars rename column span to period');
    const renamed = { ...dataset, intervalColumn: 'period' };
    expect((await planExpiry(bench, renamed)).rows).toBe(GONE);
    await rotateAll(bench, renamed);
    await database.query(`alter table bars add column span text default '1m'`);
    const { rows, notes } = await planExpiry(bench, dataset);
    expect(rows).toBe(0);
    expect(notes.join()).toContain(`${String(DAYS_OF_1M * A_DAY)} old rows without span stay`);
  });

  it('a column that is no more is named, and nothing expires', async () => {
    const dataset = await coldTable();
    const failure = await failureOf(expire(bench, { ...dataset, intervalColumn: 'spam' }));
    expect(failure).toMatchObject({ code: 'COLUMN_NOT_FOUND' });
    expect(failure.hint).toContain('did you mean span instead of spam?');
  });
});
