/** A table of four days, of which the oldest three may be moved to the lake. */
import { beforeEach } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { rotateAll } from './restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from './rotation.ts';

export const ROWS_A_DAY = 50;
const COLUMNS =
  'time timestamptz not null, symbol text, id bigint not null, price numeric(20,8), note text[], primary key (id, time)';

export interface ColdDays {
  readonly database: TestDatabase;
  readonly bench: Bench;
  /** `ROWS_A_DAY` rows for each day that began so many days ago. */
  readonly fill: (table: string, ...daysBack: readonly number[]) => Promise<void>;
  /** Days 40, 39 and 38 are cold; `<table>_before` is what they were. */
  readonly coldTable: (table: string, columns?: string) => Promise<Dataset>;
  readonly count: (table: string, where?: string) => Promise<number>;
  /** Of all segments of the dataset. */
  readonly states: (dataset: string) => Promise<readonly string[]>;
}

/** In a database of its own before each test; handed to `use`. */
export function beforeEachColdDays(use: (cold: ColdDays) => void): void {
  beforeEach(async () => {
    const database = await createTestDatabase();
    use(openColdDays(database, await openBench(database)));
  });
}

function openColdDays(database: TestDatabase, bench: Bench): ColdDays {
  const fill: ColdDays['fill'] = async (table, ...daysBack) => {
    for (const day of daysBack) {
      await database.query(
        `insert into ${table} (time, symbol, id, price, note)
         select $1::timestamptz + n * interval '7 minutes', 's' || n % 3, $2 * 1000 + n, n / 7.0, array['n' || n, null]
         from generate_series(0, $3 - 1) n`,
        [daysAgo(day), day, ROWS_A_DAY],
      );
    }
  };
  return {
    database,
    bench,
    fill,
    async coldTable(table, columns = COLUMNS) {
      await database.query(`create table ${table} (${columns})`);
      await fill(table, 40, 39, 38, 5);
      await database.query(
        `create table ${table}_before as select * from ${table} where id >= 38000`,
      );
      const dataset = makeDataset(table);
      await rotateAll(bench, dataset);
      return dataset;
    },
    async count(table, where = 'true') {
      const { rows } = await database.query(
        `select count(*)::int as n from ${table} where ${where}`,
      );
      return (rows[0] as { n: number }).n;
    },
    async states(dataset) {
      const db = await database.connect();
      const all = await listSegments(db, { dataset, states: ['live', 'retired', 'removed'] });
      return all.map(({ state }) => state);
    },
  };
}
