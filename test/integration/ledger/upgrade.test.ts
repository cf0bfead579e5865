/** What an older ledger says is said by the newer one too. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type pg from 'pg';
import { expect, it } from 'vitest';
import { migrate } from '../../../src/ledger/migrate.ts';
import { createTestDatabase } from '../../support/database.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));
const NAMES = readdirSync(MIGRATIONS)
  .filter((file) => /^\d+_.*\.sql$/.test(file))
  .sort();

/** Brings the ledger to just before `name`, or back to it. */
async function step(client: pg.Client, direction: 'up' | 'down', name: string): Promise<void> {
  const before = NAMES.findIndex((file) => file.startsWith(name));
  await runner({
    dbClient: client,
    dir: MIGRATIONS,
    ignorePattern: '(?!.*\\.sql$).*|schema\\.sql',
    direction,
    count: direction === 'up' ? before : NAMES.length - before,
    schema: 'tierd',
    createSchema: true,
    migrationsSchema: 'tierd',
    migrationsTable: 'migrations',
    log: () => undefined,
  });
}

it('knows the tables that an older ledger knew by their number, also one that is gone', async () => {
  const database = await createTestDatabase();
  const db = await database.connect();
  await step(db, 'up', '0025');
  await db.query(
    `create table public.kept (t timestamptz);
     create table public.gone (t timestamptz);
     insert into tierd.runs (job, dataset, holder, state, started_at, finished_at)
     values ('restore', 'bars', 'h', 'done', now(), now());
     insert into tierd.moves (id, run_id, dataset, token, removal, range_from, range_to, state)
     select gen_random_uuid(), id, 'bars', 1, 'delete', now(), now() + interval '1 day', 'finished' from tierd.runs;
     insert into tierd.slices (move_id, dataset, range_from, range_to, generation, row_count, fingerprint, columns)
     select id, 'bars', range_from, range_to, 1, 1, '{}', '[]' from tierd.moves;
     insert into tierd.restores (id, run_id, dataset, slice_id, into_table, state, row_count)
     select gen_random_uuid(), r.id, 'bars', s.id, t.into_table, 'done', 1
     from tierd.runs r, tierd.slices s,
          (values ('public.kept'::regclass::oid), ('public.gone'::regclass::oid), (null)) t (into_table);
     drop table public.gone`,
  );
  const read = async (): Promise<unknown> => {
    const found = await db.query(
      `select into_schema, into_name,
              into_identity = concat_ws('/', (select system_identifier from pg_control_system()),
                (select oid from pg_database where datname = current_database()), to_regclass('public.' || into_name)::oid) as is_right
       from tierd.restores order by into_name, into_identity`,
    );
    return found.rows;
  };
  const expected = [
    { into_schema: 'public', into_name: 'kept', is_right: true },
    { into_schema: null, into_name: null, is_right: false },
    { into_schema: null, into_name: null, is_right: null },
  ];
  await migrate(db);
  expect(await read()).toEqual(expected);
  // As an older version had it, and as the newer has it again.
  await step(db, 'down', '0025');
  await migrate(db);
  expect(await read()).toEqual(expected);
});
