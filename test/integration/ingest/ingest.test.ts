/** Files come in: each row to one place, as PostgreSQL reads it, once. */
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { setHold } from '../../../src/jobs/hold.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { readCold } from '../../support/cold-rows.ts';
import { fileOf } from '../../support/correct.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { dumpDatabase } from '../../support/dump.ts';
import { ingest, planIngest } from '../../support/ingest.ts';
import { failureOf, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const COLUMNS = 'time timestamptz not null, symbol text not null, price numeric(12,4), note text';

let database: TestDatabase;
let bench: Bench;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase({ timescale: true });
  bench = await openBench(database);
  client = await database.connect();
});

async function keyedTable(changes: Partial<Dataset> = {}): Promise<Dataset> {
  await database.query(`create table bars (${COLUMNS}, primary key (symbol, time))`);
  return makeDataset('bars', changes);
}

const at = (day: number, minute = 0): string =>
  new Date(Date.parse(daysAgo(day)) + minute * 60_000).toISOString();

/** A CSV file with these rows; `time,symbol,price,note` unless told otherwise. */
const csv = (
  name: string,
  rows: readonly (readonly (string | number)[])[],
  head = 'time,symbol,price,note',
) => fileOf(bench, name, [head, ...rows.map((row) => row.join(','))].join('\n') + '\n');

const live = () => listSegments(client, { dataset: 'bars', states: ['live'] });

/** All that the lake has, as `time symbol price note`. */
async function coldRows(): Promise<readonly string[]> {
  const rows = await readCold(
    bench.lake,
    await live(),
    `strftime(time at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ') as time, symbol, price::varchar as price, coalesce(note, '∅') as note`,
  );
  return rows.map((row) => Object.values(row).map(String).join(' ')).toSorted();
}

async function hotRows(): Promise<readonly string[]> {
  const { rows } = await client.query<{ row: string }>(
    `select to_char(time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || ' ' || symbol || ' ' || price || ' ' || coalesce(note, '∅') as row
     from bars order by 1`,
  );
  return rows.map(({ row }) => row);
}

async function letters(): Promise<
  readonly { key: string; id: string; code: string; reason: string; payload: string }[]
> {
  const { rows } = await client.query<{
    key: string;
    id: string;
    code: string;
    reason: string;
    payload: string;
  }>(
    `select entry_key as key, entry_id as id, reason_code as code, reason, convert_from(payload, 'UTF8') as payload
     from tierd.dead_letters order by dead_letters.id`,
  );
  return rows;
}

async function expectSound(): Promise<void> {
  const { bytes, unproven } = await scrub(bench.rooms, {
    dataset: 'bars',
    sample: null,
    prove: 'standard',
    onProgress: () => undefined,
  });
  expect(bytes).toMatchObject({ missing: [], altered: [], unknown: [], leftovers: [] });
  expect(unproven).toEqual([]);
}

describe('ingest', () => {
  it('I1, I2: brings each row to one place: what has aged to the lake, the rest to PostgreSQL', async () => {
    const dataset = await keyedTable();
    const file = await csv('a.csv', [
      [at(40), 'a', '1.5', 'x'],
      [at(40, 1), 'b', '2', ''],
      [at(31, 1439), 'a', '3', ''],
      [at(30), 'a', '4', '""'],
      [at(2), 'a', '5', 'y'],
    ]);
    const { plans, totals } = await ingest(bench, dataset, [file]);
    expect(plans[0]).toMatchObject({ conflicts: { known: 0 }, refusals: [] });
    expect(totals).toMatchObject({ slices: 4, cold: 3, hot: 2, segments: 2 });
    expect(await coldRows()).toEqual([
      `${at(40)} a 1.5000 x`,
      `${at(40, 1)} b 2.0000 ∅`,
      `${at(31, 1439)} a 3.0000 ∅`,
    ]);
    expect(await hotRows()).toEqual([`${at(30)} a 4.0000 `, `${at(2)} a 5.0000 y`]);
    await expectSound();
    expect(await letters()).toEqual([]);
  });

  it('I4: moves nothing when the same content comes again, under whatever name', async () => {
    const dataset = await keyedTable();
    const rows = [
      [at(40), 'a', 1, 'x'],
      [at(2), 'a', 5, 'y'],
    ];
    const file = await csv('a.csv', rows);
    await ingest(bench, dataset, [file]);
    const before = [await coldRows(), await hotRows(), await live()];
    const other = await csv('b.csv', rows);
    const { plans, totals } = await ingest(bench, dataset, [file, other]);
    expect(totals).toMatchObject({ slices: 0, cold: 0, hot: 0 });
    expect(plans[0]?.files.map(({ leftOut }) => leftOut)).toEqual([
      `ingested before, as ${file}`,
      `ingested before, as ${file}`,
    ]);
    expect([await coldRows(), await hotRows(), await live()]).toEqual(before);
    // The same rows in another format are there already.
    const json = await fileOf(
      bench,
      'a.ndjson',
      rows
        .map(([time, symbol, price, note]) => `${JSON.stringify({ time, symbol, price, note })}\n`)
        .join(''),
    );
    const again = await ingest(bench, dataset, [json]);
    expect(again.plans[0]?.conflicts).toMatchObject({ known: 2, hot: 0, cold: 0 });
    expect([await coldRows(), await hotRows(), await live()]).toEqual(before);
  });

  it('I7: a dry run shows where rows would go and changes nothing', async () => {
    await database.query(`create table bars (n bigserial, ${COLUMNS}, primary key (symbol, time))`);
    const dataset = makeDataset('bars');
    const file = await csv('a.csv', [
      [at(40), 'a', 1, 'x'],
      [at(2), 'a', 5, 'y'],
      [at(2), 'b', 'abc', 'y'],
    ]);
    const before = await dumpDatabase(database.url);
    const plan = await planIngest(bench, dataset, [file]);
    expect(plan).toMatchObject({
      files: [{ rows: 3, rejected: 1 }],
      slices: [
        { cold: 1, hot: 0 },
        { cold: 0, hot: 1 },
      ],
      refusals: [],
    });
    expect(await dumpDatabase(database.url)).toEqual(before);
    expect((await client.query('select last_value, is_called from bars_n_seq')).rows).toEqual([
      { last_value: '1', is_called: false },
    ]);
  });

  it('I10: keeps what is no row as a dead letter with file, row, column, value and reason', async () => {
    await database.query(
      `create table bars (${COLUMNS}, primary key (symbol, time), check (price <> 13))`,
    );
    const dataset = makeDataset('bars');
    const file = await csv('a.csv', [
      [at(40), 'a', '1', 'fine'],
      [at(40, 1), 'a', 'abc', 'no number'],
      ['yesterday', 'a', '1', 'no time'],
      ['', 'a', '1', 'none'],
      [at(40, 2), '', '1', 'no symbol'],
      [at(40, 3), 'a', '13', 'check'],
      ['2026-02-30', 'a', '1', 'no day'],
      ['2026-01-15T00:00:00.1234567Z', 'a', '1', 'too fine'],
      ['infinity', 'a', '1', 'never'],
      [at(40, 4), 'a', '123456789012', 'too large'],
      [at(40, 5), 'a', '', 'a null that was meant'],
    ]);
    const { totals } = await ingest(bench, dataset, [file]);
    expect(totals).toMatchObject({ cold: 2, hot: 0 });
    const kept = await letters();
    expect(kept.map(({ id, code }) => `${id} ${code}`)).toEqual([
      'row 2 refused',
      'row 3 not_a_time',
      'row 4 missing',
      'row 5 missing',
      'row 6 refused',
      'row 7 refused',
      'row 8 time_too_fine',
      'row 9 time_out_of_range',
      'row 10 refused',
    ]);
    expect(kept[0]?.reason).toContain('price: "abc": refused by PostgreSQL');
    expect(kept[0]?.reason).toContain('invalid input syntax for type numeric');
    expect(kept[4]?.reason).toContain('bars_price_check');
    expect(kept.every(({ key }) => key === file)).toBe(true);
    expect(JSON.parse(kept[0]?.payload ?? '')).toEqual({
      fields: [
        ['time', at(40, 1)],
        ['symbol', 'a'],
        ['price', 'abc'],
        ['note', 'no number'],
      ],
    });
    await ingest(bench, dataset, [file]);
    expect(await letters()).toHaveLength(9);
  });

  it('refuses files most of whose rows would be dead letters, unless forced', async () => {
    const dataset = await keyedTable();
    const rows = Array.from({ length: 60 }, (_, n) => [at(40, n), 'a', n % 2 === 0 ? 'x' : 1, '']);
    const file = await csv('a.csv', rows);
    expect(await failureOf(ingest(bench, dataset, [file]))).toMatchObject({ code: 'REFUSED' });
    expect([await coldRows(), await letters()]).toEqual([[], []]);
    const { totals } = await ingest(bench, dataset, [file], { force: true });
    expect(totals).toMatchObject({ cold: 30 });
    expect(await letters()).toHaveLength(30);
  });

  it('refuses rows whose key PostgreSQL, the lake or the files have with other values, and names them', async () => {
    const dataset = await keyedTable();
    await ingest(bench, dataset, [
      await csv('a.csv', [
        [at(40), 'a', 1, 'x'],
        [at(2), 'a', 5, 'y'],
      ]),
    ]);
    const before = [await coldRows(), await hotRows()];
    const file = await csv('b.csv', [
      [at(40), 'a', 2, 'x'],
      [at(2), 'a', 6, 'y'],
      [at(3), 'a', 6, 'y'],
      [at(3), 'a', 7, 'y'],
      [at(39), 'new', 7, 'y'],
    ]);
    const failure = await failureOf(ingest(bench, dataset, [file]));
    expect(failure).toMatchObject({ code: 'REFUSED' });
    expect(failure.message).toContain('3 rows have keys that other rows have with other values');
    expect(failure.message).toContain(
      '1 row of the files themselves, 1 row of PostgreSQL, 1 row of the lake',
    );
    expect([await coldRows(), await hotRows()]).toEqual(before);
  });

  it('skips them where that is wanted, and takes the rest', async () => {
    const dataset = await keyedTable();
    await ingest(bench, dataset, [
      await csv('a.csv', [
        [at(40), 'a', 1, 'x'],
        [at(2), 'a', 5, 'y'],
      ]),
    ]);
    const rows = [
      [at(40), 'a', 2, 'x'],
      [at(2), 'a', 6, 'y'],
      [at(3), 'a', 6, 'first'],
      [at(3), 'a', 7, 'second'],
      [at(40), 'new', 7, 'y'],
    ];
    const { totals } = await ingest(bench, dataset, [await csv('b.csv', rows)], {
      onConflict: 'skip',
    });
    expect(totals).toMatchObject({ cold: 1, hot: 1 });
    expect(await coldRows()).toEqual([`${at(40)} a 1.0000 x`, `${at(40)} new 7.0000 y`]);
    expect(await hotRows()).toEqual([`${at(3)} a 6.0000 first`, `${at(2)} a 5.0000 y`]);
    await expectSound();
  });

  it('I3: replaces them where that is wanted: in PostgreSQL and in the lake, each where it is', async () => {
    const dataset = await keyedTable();
    const old = [
      [at(40), 'a', 1, 'x'],
      [at(40), 'stays', 1, 'x'],
      [at(2), 'a', 5, 'y'],
    ];
    await ingest(bench, dataset, [await csv('a.csv', old)]);
    // Old and not yet rotated, so that it is still hot.
    await database.query(`insert into bars values ('${at(41)}', 'late', 1, 'hot')`);
    const rows = [
      [at(40), 'a', 2, 'x'],
      [at(40), 'stays', 1, 'x'],
      [at(41), 'late', 9, 'hot'],
      [at(2), 'a', 6, 'y'],
      [at(3), 'a', 6, 'first'],
      [at(3), 'a', 7, 'second'],
    ];
    const { plans } = await ingest(bench, dataset, [await csv('b.csv', rows)], {
      onConflict: 'replace',
    });
    expect(plans[0]?.conflicts).toMatchObject({ known: 1, repeated: 1, hot: 2, cold: 1 });
    expect(await coldRows()).toEqual([`${at(40)} a 2.0000 x`, `${at(40)} stays 1.0000 x`]);
    expect(await hotRows()).toEqual([
      `${at(41)} late 9.0000 hot`,
      `${at(3)} a 7.0000 second`,
      `${at(2)} a 6.0000 y`,
    ]);
    await expectSound();
    await rotateAll(bench, dataset);
    expect(await coldRows()).toContain(`${at(41)} late 9.0000 hot`);
  });

  it('replaces nothing that a hold keeps as it is', async () => {
    const dataset = await keyedTable();
    await ingest(bench, dataset, [await csv('a.csv', [[at(40), 'a', 1, 'x']])]);
    await setHold(bench.rooms, {
      dataset: 'bars',
      range: { fromInclusive: Date.parse(at(40)), toExclusive: Date.parse(at(39)) },
      reason: 'a test',
      until: null,
    });
    const file = await csv('b.csv', [[at(40), 'a', 2, 'x']]);
    expect(
      await failureOf(ingest(bench, dataset, [file], { onConflict: 'replace' })),
    ).toMatchObject({
      code: 'REFUSED',
    });
    expect(await coldRows()).toEqual([`${at(40)} a 1.0000 x`]);
  });
});
