/** What may happen to a table and its lake, in any order, and what each does to the model. */
import fc from 'fast-check';
import type { SliceUnit } from '../../../src/domain/time/time-range.ts';
import { IDS, isWithin, type Model, type Row, SPANS } from './model.ts';

export interface Condition {
  readonly sql: string;
  readonly holds: (row: Row) => boolean;
}

/** What a job of tierd does, which may be killed. */
export type Job =
  | { readonly do: 'rotate' | 'compact' | 'expire' }
  /** Of the lake. */
  | { readonly do: 'delete'; readonly by: Condition; readonly now: boolean }
  /** Of the lake, those rows of a file that it has. */
  | { readonly do: 'correct'; readonly ids: readonly number[]; readonly value: number | null }
  | {
      readonly do: 'restore';
      readonly span: keyof typeof SPANS;
      readonly where: Condition | null;
    };

export type Step =
  | Job
  /** New rows, and newer versions of those that there are, wherever these lie. */
  | { readonly do: 'write'; readonly ids: readonly number[]; readonly value: number | null }
  /** Of hot rows alone, as SQL does it. */
  | { readonly do: 'update'; readonly ids: readonly number[]; readonly value: number | null }
  | { readonly do: 'remove'; readonly ids: readonly number[] }
  | { readonly do: 'unpin' | 'gc' | 'scrub' | 'widen' }
  | { readonly do: 'add column' | 'drop column' | 'rename column' }
  | { readonly do: 'add label' | 'rename label' }
  /** The table gets another name, in the database and in the configuration. */
  | { readonly do: 'rename table' }
  /** The dataset gets another name in the configuration, and then in the ledger. */
  | { readonly do: 'rename dataset' }
  /** In the configuration: for what comes to the lake from now on. */
  | { readonly do: 'slice by'; readonly unit: SliceUnit }
  | { readonly do: 'sort by'; readonly columns: readonly string[] }
  /** At so many effects of the job, or never where it has fewer. */
  | {
      readonly do: 'crash';
      readonly job: Job;
      readonly at: number;
      readonly moment: 'before' | 'sent';
    };

const id = fc.integer({ min: 0, max: IDS - 1 });
const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 6 });
const value = fc.option(fc.integer({ min: 0, max: 5 }));

const condition: fc.Arbitrary<Condition> = fc.oneof(
  id.map((one) => ({ sql: `id = ${String(one)}`, holds: (row: Row) => row.id === one })),
  fc.integer({ min: 0, max: 5 }).map((least) => ({
    sql: `value >= ${String(least)}`,
    holds: (row: Row) => row.value !== null && row.value >= least,
  })),
  fc.constant({ sql: "kind = 'k1'", holds: (row: Row) => row.kind === 'k1' }),
  fc.constant({ sql: 'value is null', holds: (row: Row) => row.value === null }),
  fc.constant({
    sql: 'not (value = 3 or id % 2 = 0)',
    holds: (row: Row) => row.id % 2 !== 0 && row.value !== null && row.value !== 3,
  }),
);

const job: fc.Arbitrary<Job> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('rotate' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('delete' as const), by: condition, now: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('correct' as const), ids, value }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('restore' as const),
      span: fc.constantFrom<keyof typeof SPANS>('december', 'january', 'both'),
      where: fc.option(condition),
    }),
  },
);

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: job },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), ids, value }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('update' as const), ids, value }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), ids }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('unpin' as const, 'gc' as const, 'scrub' as const, 'widen' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('add column' as const, 'drop column' as const, 'rename column' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'add label' as const,
        'rename label' as const,
        'rename table' as const,
        'rename dataset' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('slice by' as const),
      unit: fc.constantFrom('hour' as const, 'day' as const, 'month' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('sort by' as const),
      columns: fc.constantFrom(['time'], ['value', 'kind', 'time'], ['id', 'time']),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      job,
      at: fc.integer({ min: 1, max: 70 }),
      moment: fc.constantFrom('before' as const, 'sent' as const),
    }),
  },
);

/** @param isPinned of a hot row, whether it is to stay */
export function applyJob(model: Model, done: Job, isPinned: (id: number) => boolean): void {
  const { hot, cold } = model;
  switch (done.do) {
    case 'rotate':
      for (const row of [...hot.values()]) {
        if (isPinned(row.id)) continue;
        cold.set(row.id, row);
        hot.delete(row.id);
      }
      return;
    case 'compact':
      return;
    case 'expire':
      for (const one of [...cold.keys()]) if (isWithin(one, SPANS.december)) cold.delete(one);
      return;
    case 'delete':
      for (const row of [...cold.values()]) if (done.by.holds(row)) cold.delete(row.id);
      return;
    case 'correct':
      for (const one of done.ids) if (cold.has(one)) cold.set(one, model.rowOf(one, done.value));
      return;
    case 'restore':
      for (const row of [...cold.values()]) {
        if (!isWithin(row.id, SPANS[done.span]) || done.where?.holds(row) === false) continue;
        hot.set(row.id, row);
        cold.delete(row.id);
      }
  }
}
