/** Pages of rows, by time and key, wherever the rows lie. */
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import type { RowsAsk } from '../../../../src/domain/ask/structured-ask.ts';
import { rotateDataset } from '../../../../src/jobs/rotate.ts';
import { askStructured } from '../../../support/ask-structured.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../../support/rotation.ts';

const DATASETS = [makeDataset('ticks'), makeDataset('plain', { sortBy: [] })];

interface Scene {
  readonly database: TestDatabase;
  readonly db: pg.Client;
  readonly bench: Bench;
  readonly rows: (more: Partial<RowsAsk>) => ReturnType<typeof askStructured>;
  /** Page by page to the end; `between` is awaited after each. */
  readonly pages: (
    more: Partial<RowsAsk>,
    between?: (page: number) => Promise<void>,
  ) => Promise<readonly Record<string, unknown>[]>;
}

/** `ticks` with a key; `plain` without one, where rows are alike and share their times. */
async function scene(): Promise<Scene> {
  const database = await createTestDatabase();
  const db = await database.connect();
  const bench = await openBench(database);
  await database.query(
    `create table ticks (time timestamptz not null, symbol text not null, lot int, price numeric(20,8),
                         code char(4), rate real, day date, primary key (symbol, time));
     create table plain (time timestamptz not null, lot int, note text)`,
  );
  await database.query(
    `insert into ticks
     select $1::timestamptz + n * interval '1 hour', s, n % 10, n * 1.25, 'c' || n % 3, 0.1 * n, '2026-01-01'::date + n % 5
     from generate_series(0, 24 * 40 - 1) n, unnest(array['a', 'b''; drop table ticks; --', 'Ä"c']) s`,
    [daysAgo(40)],
  );
  await database.query(
    `insert into plain
     select $1::timestamptz + (n / 7) * interval '4 hours', n % 3, case when n % 5 = 0 then null else 'n' || n % 2 end
     from generate_series(0, 7 * 6 * 40 - 1) n`,
    [daysAgo(40)],
  );
  const rows: Scene['rows'] = (more) =>
    askStructured(bench, db, DATASETS, {
      kind: 'rows',
      dataset: 'ticks',
      filters: [],
      from: null,
      to: null,
      columns: null,
      order: 'asc',
      limit: 1_000,
      cursor: null,
      ...more,
    });
  const pages: Scene['pages'] = async (more, between) => {
    const found: Record<string, unknown>[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < 1_000; page += 1) {
      const answer: Awaited<ReturnType<typeof rows>> = await rows({ ...more, cursor });
      found.push(...answer.rows);
      cursor = answer.summary.nextCursor;
      if (cursor === null) return found;
      await between?.(page);
    }
    throw new Error('this does not end');
  };
  return { database, db, bench, rows, pages };
}

const rotateAll = async ({ bench }: Scene): Promise<void> => {
  for (const dataset of DATASETS) await rotateDataset(bench.rooms, dataset, { force: true });
};

describe('rows of a dataset', () => {
  test('come by half-open times and by what a column must be, from both sides', async () => {
    const all = await scene();
    await rotateAll(all);
    const { rows } = await all.rows({
      from: daysAgo(31),
      to: daysAgo(29),
      filters: [{ column: 'symbol', values: ["b'; drop table ticks; --"] }],
      columns: ['time', 'price'],
    });
    expect(rows).toHaveLength(48);
    expect(Object.keys(rows[0] ?? {})).toEqual(['time', 'price']);
    expect(rows[0]).toMatchObject({ time: `${daysAgo(31).replace('.000Z', '')}.000000Z` });
    const { summary } = await all.rows({ from: daysAgo(31), to: daysAgo(29) });
    expect(summary.segmentsRead).toBe(1);
    const several = await all.rows({
      filters: [
        { column: 'lot', values: ['3', '4'] },
        { column: 'code', values: ['c1'] },
        { column: 'symbol', values: ['a', 'Ä"c'] },
      ],
    });
    const counted = await all.db.query(
      `select (select count(*) from generate_series(0, 24 * 40 - 1) n where n % 10 in (3, 4) and n % 3 = 1) * 2 as n`,
    );
    expect(several.rows).toHaveLength(Number(counted.rows[0]?.n));
  });

  test.each<[string, Partial<RowsAsk>]>([
    ['with a key', { dataset: 'ticks' }],
    ['with a key, the newest first', { dataset: 'ticks', order: 'desc' }],
    ['with a key that is not shown', { dataset: 'ticks', columns: ['lot'] }],
    ['without a key, of rows that are alike', { dataset: 'plain' }],
    ['without a key, the newest first', { dataset: 'plain', order: 'desc' }],
    ['without a key, of columns with nulls', { dataset: 'plain', columns: ['note'] }],
  ])('are each on one page, whatever is moved between two of them: %s', async (_, ask) => {
    const all = await scene();
    const table = ask.dataset ?? '';
    const shown = ask.columns?.join(', ') ?? '*';
    const truth = await all.db.query<Record<string, unknown>>(
      `select ${shown} from ${table} as t order by t::text`,
    );
    const found = await all.pages({ ...ask, limit: 97 }, async (page) => {
      if (page === 2) await rotateAll(all);
    });
    expect(found).toHaveLength(truth.rows.length);
    const counted = (rows: readonly Record<string, unknown>[]): string[] =>
      rows.map((row) => JSON.stringify([row['symbol'], row['lot'], row['note']])).sort();
    expect(counted(found)).toEqual(counted(truth.rows));
    const times = found.map((row) => String(row['time']));
    if (ask.columns === undefined) {
      expect(times).toEqual(
        [...times].sort((a, b) => (ask.order === 'desc' ? -1 : 1) * a.localeCompare(b)),
      );
    }
  });

  test('of one time fill more pages than one', async () => {
    const all = await scene();
    await all.database.query('update plain set time = $1', [daysAgo(3)]);
    expect(await all.pages({ dataset: 'plain', limit: 100 })).toHaveLength(7 * 6 * 40);
  });
});

describe('a cursor', () => {
  test('of another question, or of none, is refused', async () => {
    const all = await scene();
    const { summary } = await all.rows({ limit: 2 });
    const cursor = summary.nextCursor;
    expect(cursor).not.toBeNull();
    const refusals: [Partial<RowsAsk>, string][] = [
      [{ cursor, order: 'desc' }, 'another question'],
      [{ cursor, columns: ['lot'] }, 'another question'],
      [{ cursor, filters: [{ column: 'lot', values: ['1'] }] }, 'another question'],
      [{ cursor, dataset: 'plain' }, 'none that tierd gave'],
      [{ cursor: 'nonsense' }, 'none that tierd gave'],
      [{ cursor: Buffer.from('{"q":1}').toString('base64url') }, 'none that tierd gave'],
      [{ cursor: 'x'.repeat(100_000) }, 'none that tierd gave'],
    ];
    for (const [more, expected] of refusals) {
      await expect(all.rows({ limit: 2, ...more })).rejects.toMatchObject({
        code: 'QUERY_INVALID',
        message: expect.stringContaining(expected),
      });
    }
    expect((await all.rows({ limit: 5, cursor })).rows).toHaveLength(5);
  });

  test('is told to be of no use when the key of the table was changed', async () => {
    const all = await scene();
    const { summary } = await all.rows({ limit: 2 });
    await all.database.query('alter table ticks drop constraint ticks_pkey');
    await all.database.query('alter table ticks add primary key (time, symbol)');
    await expect(all.rows({ limit: 2, cursor: summary.nextCursor })).resolves.toBeDefined();
    await all.database.query('alter table ticks drop constraint ticks_pkey');
    await expect(all.rows({ limit: 2, cursor: summary.nextCursor })).rejects.toMatchObject({
      code: 'QUERY_INVALID',
    });
  });

  test('that somebody made up reads nothing else', async () => {
    const all = await scene();
    const { summary } = await all.rows({ limit: 2 });
    const read = JSON.parse(
      Buffer.from(summary.nextCursor ?? '', 'base64url').toString(),
    ) as object;
    const forged = Buffer.from(
      JSON.stringify({ ...read, v: ["' or true; drop table ticks; --", 'x'] }),
    ).toString('base64url');
    await expect(all.rows({ limit: 2, cursor: forged })).rejects.toMatchObject({
      code: expect.stringMatching(/QUERY_(INVALID|FAILED)/),
    });
  });
});

describe('what can not be meant', () => {
  test('is refused with what there is', async () => {
    const all = await scene();
    const wrong: [string, Partial<RowsAsk>, RegExp][] = [
      ['a dataset', { dataset: 'tiks' }, /Did you mean ticks\? There are ticks, plain/],
      [
        'a column',
        { filters: [{ column: 'lots', values: ['1'] }] },
        /Did you mean lot\?.*time, symbol, lot/,
      ],
      ['a column to show', { columns: ['price', 'x; drop'] }, /Its columns are time/],
      ['a number', { filters: [{ column: 'lot', values: ['1.5'] }] }, /whole number/],
      [
        'a decimal',
        { filters: [{ column: 'price', values: ['1.123456789'] }] },
        /fits in DECIMAL\(20,8\)/,
      ],
      ['a float', { filters: [{ column: 'rate', values: ['1; select'] }] }, /a number/],
      ['a day', { filters: [{ column: 'day', values: ['2026-01-01 or true'] }] }, /a day/],
      ['a time', { from: 'yesterday' }, /a day or a time/],
      ['a day that there is not', { from: '2026-02-30' }, /a day or a time/],
    ];
    for (const [what, ask, expected] of wrong) {
      const error: unknown = await all.rows(ask).catch((thrown: unknown) => thrown);
      expect((error as { hint?: string }).hint, what).toMatch(expected);
    }
  });

  test('but a value that reads as another is found by its own', async () => {
    const all = await scene();
    await rotateAll(all);
    const count = async (column: string, value: string): Promise<number> =>
      (await all.rows({ filters: [{ column, values: [value] }], limit: 10_000 })).rows.length;
    expect(await count('price', '1.25')).toBe(3);
    expect(await count('price', '1.250000000')).toBe(3);
    expect(await count('rate', '0.1')).toBe(3);
    expect(await count('day', '2026-01-01')).toBe((24 * 40 * 3) / 5);
    expect(await count('code', 'c1')).toBe(24 * 40);
  });
});
