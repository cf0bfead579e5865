/**
 * Any order of inserts, late rows, rotations, deletions, corrections and compactions leaves what a plain map of the rows says, on each
 * kind of table. fast-check prints the seed of a failure, and the shortest order that fails.
 */
import fc from 'fast-check';
import type pg from 'pg';
import { expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { askStores } from '../../support/ask-stores.ts';
import { compact } from '../../support/compact.ts';
import { correct, fileOf } from '../../support/correct.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

/** Days of January 2026, all of them cold. */
const OLDEST_DAYS_AGO = 70;
const DAYS = 4;
const IDS = 12;

type Step =
  /** New rows, and newer versions of those that there are, wherever these lie. */
  | { readonly do: 'write'; readonly ids: readonly number[]; readonly value: number | null }
  | { readonly do: 'rotate' | 'compact' }
  /** Of the lake. */
  | { readonly do: 'delete'; readonly by: Condition; readonly now: boolean }
  /** Of the lake, those rows of a file that it has. */
  | { readonly do: 'correct'; readonly ids: readonly number[]; readonly value: number | null };

interface Condition {
  readonly sql: string;
  readonly holds: (row: Row) => boolean;
}

interface Row {
  readonly id: number;
  readonly value: number | null;
}

const timeOf = (one: number): string => daysAgo(OLDEST_DAYS_AGO - (one % DAYS));

const id = fc.integer({ min: 0, max: IDS - 1 });
const value = fc.option(fc.integer({ min: 0, max: 5 }));

const condition: fc.Arbitrary<Condition> = fc.oneof(
  id.map((one) => ({ sql: `id = ${String(one)}`, holds: (row: Row) => row.id === one })),
  fc.integer({ min: 0, max: 5 }).map((least) => ({
    sql: `value >= ${String(least)}`,
    holds: (row: Row) => row.value !== null && row.value >= least,
  })),
  fc.constant({ sql: 'value is null', holds: (row: Row) => row.value === null }),
  fc.constant({
    sql: 'not (value = 3 or id % 2 = 0)',
    holds: (row: Row) => row.id % 2 !== 0 && row.value !== null && row.value !== 3,
  }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('write' as const),
    ids: fc.uniqueArray(id, { minLength: 1, maxLength: 6 }),
    value,
  }),
  fc.record({ do: fc.constantFrom('rotate' as const, 'rotate' as const, 'compact' as const) }),
  fc.record({ do: fc.constant('delete' as const), by: condition, now: fc.boolean() }),
  fc.record({
    do: fc.constant('correct' as const),
    ids: fc.uniqueArray(id, { minLength: 1, maxLength: 6 }),
    value,
  }),
);

/** What is where. A hot row hides the one of the lake that has its key. */
class Model {
  readonly hot = new Map<number, Row>();
  readonly cold = new Map<number, Row>();

  take(done: Step): void {
    switch (done.do) {
      case 'write':
        for (const one of done.ids) this.hot.set(one, { id: one, value: done.value });
        return;
      case 'rotate':
        for (const row of this.hot.values()) this.cold.set(row.id, row);
        this.hot.clear();
        return;
      case 'compact':
        return;
      case 'delete':
        for (const row of [...this.cold.values()]) if (done.by.holds(row)) this.cold.delete(row.id);
        return;
      case 'correct':
        for (const one of done.ids) {
          if (this.cold.has(one)) this.cold.set(one, { id: one, value: done.value });
        }
    }
  }

  rows(): readonly Row[] {
    return [...new Map([...this.cold, ...this.hot]).values()].sort((a, b) => a.id - b.id);
  }
}

interface Scene {
  readonly database: TestDatabase;
  readonly client: pg.Client;
  readonly bench: Bench;
  readonly dataset: Dataset;
}

async function perform({ database, bench, dataset }: Scene, wanted: Step): Promise<void> {
  switch (wanted.do) {
    case 'write':
      for (const one of wanted.ids) {
        await database.query(
          `insert into ${dataset.name} (time, id, value) values ($1, $2, $3)
           on conflict (id, time) do update set value = excluded.value`,
          [timeOf(one), one, wanted.value],
        );
      }
      return;
    case 'rotate':
      return rotateAll(bench, dataset);
    case 'compact': {
      const { totals } = await compact(bench, dataset);
      expect(totals.failed).toEqual([]);
      return;
    }
    case 'delete': {
      const wishes = { coldOnly: true, force: true, mayEmpty: true, now: wanted.now };
      const { totals } = await deleteFrom(bench, dataset, wanted.by.sql, wishes);
      expect(totals.failed).toEqual([]);
      return;
    }
    case 'correct': {
      const lines = wanted.ids.map((one) =>
        JSON.stringify({ time: timeOf(one), id: one, value: wanted.value, note: 'corrected' }),
      );
      const file = await fileOf(bench, `${dataset.name}.ndjson`, lines.join('\n'));
      await correct(bench, dataset, file, { onlyKnown: true });
    }
  }
}

const COLUMNS =
  'time timestamptz not null, id int not null, value int, note text default repeat(md5(random()::text), 3), primary key (id, time)';

const KINDS: Readonly<Record<string, (table: string) => string>> = {
  plain: (table) => `create table ${table} (${COLUMNS})`,
  partitioned: (table) =>
    `create table ${table} (${COLUMNS}) partition by range (time);
     create table ${table}_rest partition of ${table} default`,
  hypertable: (table) =>
    `create table ${table} (${COLUMNS});
     select create_hypertable('${table}', 'time', chunk_time_interval => interval '24 hours')`,
};

describeOn(
  'timescale',
  'any order of writes, rotations, deletions, corrections and compactions',
  () => {
    it.each(Object.entries(KINDS))(
      'leaves what a map of the rows says: %s',
      async (kind, create) => {
        const database = await createTestDatabase({ timescale: true });
        const client = await database.connect();
        const bench = await openBench(database);
        let count = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
            count += 1;
            const table = `${kind}_${String(count)}`;
            await database.query(create(table));
            const dataset = makeDataset(table, { sortBy: ['id', 'time'] });
            const scene = { database, client, bench, dataset };
            const model = new Model();
            for (const one of steps) {
              await perform(scene, one);
              model.take(one);
              const sql = `select id, value from ${table} order by id`;
              const { rows } = await askStores(bench, client, [dataset], sql);
              expect(rows).toEqual(model.rows());
            }
            await database.query(`drop table ${table}`);
          }),
          { numRuns: 8 },
        );
      },
      300_000,
    );
  },
);
