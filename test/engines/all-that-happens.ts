/** All that happens to an Iceberg table, and what the engines answer after each of it: wherever the lake lies. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpin } from '../../src/ledger/pins.ts';
import { compact } from '../support/compact.ts';
import { correct, fileOf } from '../support/correct.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { deleteFrom } from '../support/delete.ts';
import { ageLake, expire } from '../support/expire.ts';
import { days, restore, rotateAll } from '../support/restore.ts';
import { type Bench, daysAgo, makeDataset } from '../support/rotation.ts';
import { type AskedTable, askPostgres, ENGINES } from './asked-table.ts';
import type { Answers, Question } from './engine.ts';

/** Days that are cold, by how long ago they are: one that expires, and those of another month, which become one. */
const AGES = [65, 47, 46, 45, 44, 43, 42, 41, 40];
const ROWS_A_DAY = 300;
const COLD_DAYS = 60;
/** What is younger stays hot. */
const CUTOFF = daysAgo(30);

const dataset = makeDataset('ticks', { iceberg: true, coldDays: COLD_DAYS });

/** As the questions have it. */
function utc(age: number): string {
  return new Date(daysAgo(age)).toISOString().slice(0, 19);
}

/** Of columns that are the same through all that happens. */
const LASTING: readonly Question[] = [
  { name: 'all', filter: null },
  { name: 'a key', filter: "symbol = 'ETH'" },
  { name: 'a key that is not there', filter: "symbol = 'ETHEREAL'" },
  { name: 'a long key', filter: `symbol = '${'long '.repeat(8)}'` },
  { name: 'a whole number', filter: 'size > 100' },
  { name: 'a decimal', filter: 'price >= 12.12500000' },
  { name: 'numbers among which NaN is none', filter: 'ratio < 100' },
  { name: 'a null', filter: 'ratio is null' },
  { name: 'no null', filter: 'ratio is not null' },
  { name: 'a time', filter: `time >= {${utc(44)}}` },
  { name: 'a span of time', filter: `time >= {${utc(45)}} and time < {${utc(44)}}` },
];
const AT_FIRST: readonly Question[] = [...LASTING, { name: 'a lot', filter: 'lot = 7' }];
/** The lots of then are called otherwise, and their name is that of another column. */
const LATER: readonly Question[] = [
  ...LASTING,
  { name: 'a renamed column', filter: 'batch = 7' },
  { name: 'a new column of the old name', filter: 'lot = 7' },
  { name: 'a new column', filter: 'note = 3' },
  { name: 'what older files lack', filter: 'note is null' },
];

/** A lake, and the engines that are asked of it. */
export interface AskedLake {
  readonly bench: Bench;
  readonly table: AskedTable;
}

/** To be called where tests are described. @param open what it opens ends by what `atEnd` was given */
export function describeAllThatHappens(
  open: (database: TestDatabase, atEnd: (end: () => unknown) => void) => Promise<AskedLake>,
): void {
  let database: TestDatabase;
  let client: pg.Client;
  let bench: Bench;
  const endings: (() => unknown)[] = [];
  let table: AskedTable;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.connect();
    ({ bench, table } = await open(database, (end) => endings.push(end)));
    endings.push(() => table.end());
    await client.query(`set timezone = 'UTC'; set datestyle = 'ISO'; set extra_float_digits = 1`);
    // `cold` is what PostgreSQL had of the rows that have moved, and is asked instead of them.
    for (const table of ['ticks', 'cold']) {
      await client.query(
        `create table ${table} (time timestamptz not null, id bigint, symbol text, price numeric(20,8), size int, ratio float8,
                                lot int, owner uuid, born date, doc jsonb, primary key (id, time))`,
      );
    }
  });

  afterAll(async () => {
    for (const end of endings.toReversed()) await end();
  });

  async function insert(): Promise<void> {
    await client.query(
      `insert into ticks
       select $1::timestamptz - age * interval '24 hours' + n * (interval '1 minute' + interval '1 microsecond'), age * 1000 + n,
              case n % 3 when 0 then 'ETH' when 1 then repeat('long ', 8) else 'Ünïcøde' end,
              n / 8.0, n, case when n % 7 = 0 then 'NaN'::float8 else n end, n % 10, gen_random_uuid(),
              date '1969-12-31' + n, '{"a": 1}'
       from unnest($2::int[]) age, generate_series(0, $3::int - 1) n`,
      [daysAgo(0), AGES, ROWS_A_DAY],
    );
  }

  async function insertLate(): Promise<void> {
    await client.query(
      `insert into ticks (time, id, symbol, price, size, lot, batch, note)
       select $1::timestamptz + n * interval '1 second', 1000000 + n, 'LATE', n, 3000000000 + n, n % 8, n % 9, n % 5
       from generate_series(1, 40) n`,
      [daysAgo(47)],
    );
  }

  async function alterBoth(...changes: readonly string[]): Promise<void> {
    for (const change of changes) {
      for (const table of ['ticks', 'cold']) await client.query(`alter table ${table} ${change}`);
    }
  }

  async function rotate(): Promise<void> {
    await client.query('insert into cold select * from ticks where time < $1', [CUTOFF]);
    await rotateAll(bench, dataset);
  }

  /** A change of the lake, which is done to what PostgreSQL had as well. */
  async function onCold(change: string, where: string): Promise<void> {
    const { rowCount } = await client.query(`${change} where ${where}`);
    expect(rowCount).toBeGreaterThan(0);
  }

  const between = (from: number, to: number): string =>
    `time >= '${daysAgo(from)}' and time < '${daysAgo(to)}'`;

  interface Step {
    readonly after: string;
    readonly questions?: readonly Question[];
    readonly happens: () => Promise<void>;
  }

  const steps: readonly Step[] = [
    {
      after: 'the first move',
      questions: AT_FIRST,
      happens: async () => {
        await insert();
        await rotate();
      },
    },
    {
      after: 'a restore',
      questions: AT_FIRST,
      happens: async () => {
        const { totals } = await restore(bench, dataset, days(44, 43));
        expect(totals.failed).toEqual([]);
        await onCold('delete from cold', between(44, 43));
      },
    },
    {
      after: 'another move of what came back',
      questions: AT_FIRST,
      happens: async () => {
        await unpin(client, 'ticks', null);
        await rotate();
      },
    },
    {
      after: 'late rows and columns added, renamed, widened and dropped',
      happens: async () => {
        await alterBoth(
          'rename lot to batch',
          'add lot int',
          'add note int',
          'alter size type bigint',
          'drop doc',
        );
        await insertLate();
        await rotate();
      },
    },
    {
      after: 'a compaction of days to a month',
      happens: async () => {
        const { totals } = await compact(bench, dataset);
        expect(totals).toMatchObject({ failed: [], merged: [{}] });
      },
    },
    {
      after: 'a deletion',
      happens: async () => {
        const gone = `size % 10 = 4`;
        await deleteFrom(bench, dataset, gone, { coldOnly: true });
        await onCold('delete from cold', gone);
      },
    },
    {
      after: 'a correction',
      happens: async () => {
        const wrong = 'id % 50 = 7';
        await onCold(`update cold set price = price + 1000, symbol = 'ETH'`, wrong);
        const { rows } = await client.query<{ line: string }>(
          `select row_to_json(c)::text as line from (select * from cold where ${wrong}) c`,
        );
        const text = rows.map(({ line }) => `${line}\n`).join('');
        await correct(bench, dataset, await fileOf(bench, 'right.ndjson', text));
      },
    },
    {
      after: 'an expiry',
      happens: async () => {
        await ageLake(database);
        const { failed } = await expire(bench, dataset);
        expect(failed).toEqual([]);
        await onCold('delete from cold', `time < '${daysAgo(COLD_DAYS)}'`);
      },
    },
  ];

  /** What was true before a step, and the snapshot of then. */
  let before: { readonly snapshot: number; readonly answers: Answers } | null = null;
  let answers: Answers = {};

  for (const [index, { after, happens, questions = LATER }] of steps.entries()) {
    describe(`after ${after}`, () => {
      beforeAll(async () => {
        before = index === 0 ? null : { snapshot: await snapshot(), answers };
        await happens();
        answers = await askPostgres(client, 'cold', questions);
      });

      it.each(ENGINES)('%s answers as PostgreSQL did', async (named) => {
        expect(await table.ask(named, questions)).toEqual(answers);
      });

      if (index === 0) return;
      it.each(ENGINES)('%s travels back to the snapshot before', async (named) => {
        const then = LASTING.map(({ name }) => [name, before?.answers[name]] as const);
        expect(await table.ask(named, LASTING, before?.snapshot)).toEqual(Object.fromEntries(then));
      });
    });
  }

  async function snapshot(): Promise<number> {
    const { rows } = await client.query<{ id: string }>(
      `select document->>'current-snapshot-id' as id from tierd.iceberg_metadata`,
    );
    return Number(rows[0]?.id);
  }
}
