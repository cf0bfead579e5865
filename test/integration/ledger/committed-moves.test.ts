/** What is kept of the committed moves, so that no question has to count them, is what a count would give. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { runner } from 'node-pg-migrate';
import type pg from 'pg';
import { expect, it } from 'vitest';
import { migrate } from '../../../src/ledger/migrate.ts';
import { readSnapshotVersion, SNAPSHOT_VERSION_SQL } from '../../../src/ledger/snapshot-version.ts';
import { createTestDatabase } from '../../support/database.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));
const STATES = ['exporting', 'publishing', 'committed', 'finished', 'abandoned'];

const addRun = (db: pg.Client) =>
  db.query(
    `insert into tierd.runs (job, dataset, holder, state, started_at, finished_at)
     values ('rotate', 'bars', 'h', 'done', now(), now())`,
  );

const add = (db: pg.Client, dataset: string, states: readonly string[]) =>
  db.query(
    `insert into tierd.moves (id, run_id, dataset, token, removal, range_from, range_to, state)
     select gen_random_uuid(), r.id, $1, 1, 'delete', now(), now() + interval '24 hours', state
     from (select min(id) as id from tierd.runs) r, unnest($2::text[]) state`,
    [dataset, states],
  );

async function counted(db: pg.Client): Promise<number> {
  const { rows } = await db.query<{ moves: number }>(
    `select count(*)::int as moves from tierd.moves where state in ('committed', 'finished')`,
  );
  return rows[0]?.moves ?? 0;
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    dataset: fc.constantFrom('bars', 'news'),
    states: fc.array(fc.constantFrom(...STATES), { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('change' as const),
    from: fc.constantFrom(...STATES),
    to: fc.constantFrom(...STATES),
  }),
  fc.record({ kind: fc.constant('remove' as const), of: fc.constantFrom(...STATES) }),
);

it('I11: whatever becomes of moves, the version says how many are committed', async () => {
  const database = await createTestDatabase();
  const db = await database.connect();
  await migrate(db);
  await addRun(db);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      for (const one of steps) {
        if (one.kind === 'add') await add(db, one.dataset, one.states);
        else if (one.kind === 'change') {
          await db.query('update tierd.moves set state = $2 where state = $1', [one.from, one.to]);
        } else await db.query('delete from tierd.moves where state = $1', [one.of]);
      }
      expect((await readSnapshotVersion(db)).moves).toBe(await counted(db));
    }),
    { numRuns: 40 },
  );
  const { rows } = await db.query(`explain (format json) ${SNAPSHOT_VERSION_SQL}`);
  expect(JSON.stringify(rows)).not.toContain('"Relation Name":"moves"');
});

it('also of moves that were committed before it was kept', async () => {
  const database = await createTestDatabase();
  const db = await database.connect();
  const before = readdirSync(MIGRATIONS).filter(
    (file) => /^\d+_.*\.sql$/.test(file) && file < '0038',
  );
  await runner({
    dbClient: db,
    dir: MIGRATIONS,
    ignorePattern: '(?!.*\\.sql$).*|schema\\.sql',
    direction: 'up',
    count: before.length,
    schema: 'tierd',
    createSchema: true,
    migrationsSchema: 'tierd',
    migrationsTable: 'migrations',
    log: () => undefined,
  });
  await addRun(db);
  await add(db, 'bars', STATES);
  await migrate(db);
  expect((await readSnapshotVersion(db)).moves).toBe(2);
});

it('I11: is of the snapshot that it is read in, and holds no other dataset’s commit up', async () => {
  const database = await createTestDatabase();
  const [one, other, reader] = await Promise.all([1, 2, 3].map(() => database.connect()));
  if (one === undefined || other === undefined || reader === undefined) throw new Error('no line');
  await migrate(one);
  await addRun(one);
  await add(one, 'bars', ['finished']);
  await add(one, 'news', ['finished']);
  await reader.query('begin isolation level repeatable read');
  expect((await readSnapshotVersion(reader)).moves).toBe(2);
  await one.query('begin');
  await add(one, 'bars', ['committed']);
  await other.query(`set lock_timeout = '2s'`);
  await add(other, 'news', ['committed']);
  await one.query('commit');
  expect((await readSnapshotVersion(reader)).moves).toBe(2);
  await reader.query('commit');
  expect((await readSnapshotVersion(reader)).moves).toBe(4);
});
