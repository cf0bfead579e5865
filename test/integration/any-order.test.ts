/**
 * Any order of what may happen to a table and its lake leaves what a plain map of the rows says, on each kind of table.
 * fast-check prints the shortest order that fails. `TIERD_TEST_SEQUENCES` says how many orders of each kind,
 * `TIERD_TEST_SEED` which.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { verifyAudit } from '../../src/jobs/audit/verify-audit.ts';
import { SEED } from '../crash/choose-effects.ts';
import { leftInLedger } from '../crash/leftovers.ts';
import { FIRST_LABELS, type Found, IDS, Model, type Row } from '../support/any-order/model.ts';
import { assertSound, collect, perform, type Scene } from '../support/any-order/perform.ts';
import { type Step, step } from '../support/any-order/steps.ts';
import { askStores } from '../support/ask-stores.ts';
import { createTestDatabase } from '../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';

const SEQUENCES = Number(process.env['TIERD_TEST_SEQUENCES'] ?? 6);

const columnsOf = (table: string): string =>
  `time timestamptz not null, id int not null, value int, kind ${table}_kind, note text default repeat(md5(random()::text), 3), primary key (id, time)`;

const KINDS: Readonly<Record<string, (table: string) => string>> = {
  plain: (table) => `create table ${table} (${columnsOf(table)})`,
  partitioned: (table) =>
    `create table ${table} (${columnsOf(table)}) partition by range (time);
     create table ${table}_first partition of ${table} for values from ('${daysAgo(100)}') to ('${daysAgo(99)}');
     create table ${table}_rest partition of ${table} default`,
  hypertable: (table) =>
    `create table ${table} (${columnsOf(table)});
     select create_hypertable('${table}', 'time', chunk_time_interval => interval '24 hours')`,
};

interface Looked {
  readonly all: ReadonlyMap<number, Row>;
  readonly hot: ReadonlyMap<number, Row>;
  readonly cold: ReadonlyMap<number, Row>;
}

/** All of one snapshot. */
async function look({ bench, client, dataset }: Scene, { columns }: Model): Promise<Looked> {
  const more = columns.map(({ name, number }) => `${name}::varchar as more_${String(number)}`);
  const list = ['id', 'value::varchar as value', 'kind', ...more].join(', ');
  const from = (side: string, table: string): string =>
    `select '${side}' as side, ${list} from ${table}`;
  const { name } = dataset;
  const sql = [from('all', name), from('hot', `hot.${name}`), from('cold', `cold.${name}`)].join(
    ' union all ',
  );
  const { rows } = await askStores(bench, client, [dataset], sql);
  const of = (side: string): ReadonlyMap<number, Row> => {
    const found = rows.filter((row) => row['side'] === side).map((row) => rowOf(row, columns));
    // None is there twice.
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
    return new Map(found.map((row) => [row.id, row]));
  };
  return { all: of('all'), hot: of('hot'), cold: of('cold') };
}

function rowOf(row: Readonly<Record<string, unknown>>, columns: Model['columns']): Row {
  const more = columns.map(({ number }) => [number, row[`more_${String(number)}`]]);
  const value = row['value'];
  return {
    id: Number(row['id']),
    value: value === null ? null : Number(value),
    kind: row['kind'] as string | null,
    more: Object.fromEntries(more) as Row['more'],
  };
}

const everyId = Array.from({ length: IDS }, (_, id) => id);

/** A row that is to be looked for as it is now, or as it was: columns change for all rows at once. */
function adopt(before: Model, model: Model, looked: Looked): void {
  for (const id of everyId) {
    const found: Found = { hot: looked.hot.get(id) ?? null, cold: looked.cold.get(id) ?? null };
    expect([before.found(id), model.found(id)]).toContainEqual(found);
  }
  model.hot = new Map(looked.hot);
  model.cold = new Map(looked.cold);
}

const sorted = (rows: ReadonlyMap<number, Row>): readonly Row[] =>
  [...rows.values()].sort((a, b) => a.id - b.id);

/** What concerns no row that there is: the look after the next step would see it if it did. */
const QUIET: ReadonlySet<Step['do']> = new Set(['unpin', 'add label', 'slice by', 'sort by']);

async function follow(scene: Scene, steps: readonly Step[]): Promise<void> {
  const model = new Model();
  for (const one of steps) {
    const before = model.copy();
    const certainty = await perform(scene, model, one);
    if (QUIET.has(one.do)) continue;
    const looked = await look(scene, model);
    if (certainty === 'either') adopt(before, model, looked);
    expect({ hot: sorted(looked.hot), cold: sorted(looked.cold) }).toEqual({
      hot: sorted(model.hot),
      cold: sorted(model.cold),
    });
    expect(sorted(looked.all)).toEqual(sorted(model.all()));
  }
  // A rotation alone vacuums after what a killed one committed.
  await perform(scene, model, { do: 'rotate' });
  await collect(scene);
  await assertSound(scene);
  // Of this table: an order that failed before leaves what it was at.
  const own = new RegExp(`\\b${scene.dataset.name}\\b`, 'u');
  const left = await leftInLedger(scene.client);
  expect(left.filter((line) => own.test(line))).toEqual([]);
  const { broken, contradictions } = await verifyAudit(scene.bench.rooms, scene.client);
  expect({ broken, contradictions }).toEqual({ broken: [], contradictions: [] });
  expect(sorted((await look(scene, model)).all)).toEqual(sorted(model.all()));
}

/** So many orders share a database: what each looks through grows with what the orders before it left. */
const SHARED_BY = 25;

class Ground {
  #shared: Omit<Scene, 'dataset'> | null = null;
  #remove = (): Promise<void> => Promise.resolve();
  #orders = 0;

  /** A new one has taken its place once so many were given. */
  async give(): Promise<{ readonly base: Omit<Scene, 'dataset'>; readonly order: number }> {
    if (this.#orders % SHARED_BY === 0) await this.#renew();
    this.#orders += 1;
    if (this.#shared === null) throw new Error('there is no database');
    return { base: this.#shared, order: this.#orders };
  }

  async #renew(): Promise<void> {
    await this.leave();
    await this.#shared?.database.drop();
    const database = await createTestDatabase({ timescale: true });
    const client = await database.connect();
    const bench = await openBench(database, {}, (remove) => {
      this.#remove = remove;
    });
    this.#shared = { database, client, bench };
  }

  /** The last database is dropped, or kept for a look, when the file has ended. */
  async leave(): Promise<void> {
    await this.#remove();
  }
}

describeOn('timescale', `any order of steps (seed ${String(SEED)})`, () => {
  it.each(Object.entries(KINDS))(
    'leaves what a map of the rows says: %s',
    async (kind, create) => {
      const ground = new Ground();
      const property = fc.asyncProperty(
        fc.array(step, { minLength: 6, maxLength: 20 }),
        async (steps) => {
          const { base, order } = await ground.give();
          const { database } = base;
          const table = `${kind}_${String(order)}`;
          const labels = FIRST_LABELS.map((label) => `'${label}'`).join(', ');
          await database.query(`create type ${table}_kind as enum (${labels}); ${create(table)}`);
          const dataset = makeDataset(table, { sortBy: ['id', 'time'] });
          const scene = { ...base, dataset };
          await follow(scene, steps);
          await database.query(`drop table ${scene.dataset.table.name}`);
        },
      );
      try {
        await fc.assert(property, { numRuns: SEQUENCES, seed: SEED });
      } finally {
        await ground.leave();
      }
    },
    SEQUENCES * 120_000,
  );
});
