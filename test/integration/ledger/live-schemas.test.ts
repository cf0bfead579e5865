/** What is kept of the live segments, so that nobody has to count them, is what a count would give. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { runner } from 'node-pg-migrate';
import type pg from 'pg';
import { expect, it } from 'vitest';
import { listLiveSegments } from '../../../src/ledger/live-segments.ts';
import { migrate } from '../../../src/ledger/migrate.ts';
import { createTestDatabase } from '../../support/database.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));
const STATES = ['publishing', 'live', 'retired', 'removed', 'abandoned'];

/** One slice of each of two datasets, which any segment may be of. */
async function fill(db: pg.Client): Promise<void> {
  await db.query(
    `insert into tierd.runs (job, dataset, holder, state, started_at, finished_at)
     values ('rotate', 'bars', 'h', 'done', now(), now());
     insert into tierd.moves (id, run_id, dataset, token, removal, range_from, range_to, state)
     select gen_random_uuid(), id, 'bars', 1, 'delete', now(), now() + interval '1 day', 'finished' from tierd.runs;
     insert into tierd.slices (move_id, dataset, range_from, range_to, generation, row_count, fingerprint, columns)
     select id, d, range_from, range_to, 1, 1, '{}', '[]' from tierd.moves, unnest(array['bars', 'news']) d`,
  );
}

interface Added {
  readonly dataset: string;
  readonly schema: string;
  readonly state: string;
  readonly from: bigint;
  readonly span: bigint;
}

let keys = 0;

async function add(db: pg.Client, added: readonly Added[]): Promise<void> {
  await db.query(
    `insert into tierd.segments (slice_id, schema_id, dataset, object_key, state, bytes, sha256, row_count,
                                 min_time_us, max_time_us, statistics, published_at)
     select s.id, a.schema, a.dataset, a.key, a.state, 1, repeat('0', 64), 1, a.first, a.last, '{}', now()
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
            as a (dataset, schema, key, state, first, last)
     join tierd.slices s on s.dataset = a.dataset`,
    [
      added.map(({ dataset }) => dataset),
      added.map(({ schema }) => schema),
      added.map(() => `k/${String((keys += 1))}`),
      added.map(({ state }) => state),
      added.map(({ from }) => String(from)),
      added.map(({ from, span }) => String(from + span)),
    ],
  );
}

const COUNTED = `select dataset, schema_id, count(*) as segments from tierd.segments where state = 'live' group by 1, 2 order by 1, 2`;
const KEPT = `select dataset, schema_id, segments from tierd.live_schemas where segments > 0 order by 1, 2`;

async function expectRight(db: pg.Client): Promise<void> {
  expect((await db.query(KEPT)).rows).toEqual((await db.query(COUNTED)).rows);
  const { rows } = await db.query(
    `select g.id from tierd.segments g left join tierd.live_schemas l using (dataset, schema_id)
     where g.state = 'live' and (l.longest_us is null or l.longest_us < g.max_time_us::numeric - g.min_time_us)`,
  );
  expect(rows).toEqual([]);
}

const segment = fc.record({
  dataset: fc.constantFrom('bars', 'news'),
  schema: fc.constantFrom('a', 'b'),
  state: fc.constantFrom(...STATES),
  from: fc.bigInt({ min: -1000n, max: 1000n }),
  span: fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 900n })),
});
const step = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    segments: fc.array(segment, { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('change' as const),
    to: fc.constantFrom(...STATES),
    of: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ kind: fc.constant('remove' as const), of: fc.integer({ min: 2, max: 7 }) }),
);

it('whatever becomes of segments, and wherever a question looks for them', async () => {
  const database = await createTestDatabase();
  const db = await database.connect();
  await migrate(db);
  await fill(db);
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 6 }),
      fc.option(fc.bigInt({ min: -1100n, max: 1100n })),
      fc.option(fc.bigInt({ min: -1100n, max: 1100n })),
      async (steps, from, to) => {
        for (const one of steps) {
          if (one.kind === 'add') await add(db, one.segments);
          else if (one.kind === 'change') {
            await db.query('update tierd.segments set state = $1 where id % $2 = 0', [
              one.to,
              one.of,
            ]);
          } else await db.query('delete from tierd.segments where id % $1 = 0', [one.of]);
        }
        await expectRight(db);
        const { rows } = await db.query<{ object_key: string }>(
          `select object_key from tierd.segments where state = 'live' and dataset = 'bars'
             and ($1::bigint is null or max_time_us >= $1) and ($2::bigint is null or min_time_us <= $2)
           order by min_time_us, id`,
          [from, to].map((bound) => (bound === null ? null : String(bound))),
        );
        const listed = await listLiveSegments(db, 'bars', from, to);
        expect(listed.map(({ key }) => key)).toEqual(rows.map((row) => row.object_key));
      },
    ),
    { numRuns: 60 },
  );
});

it('also where they were there before it was kept, and where a segment lasts for ever', async () => {
  const database = await createTestDatabase();
  const db = await database.connect();
  await runner({
    dbClient: db,
    dir: MIGRATIONS,
    ignorePattern: '(?!.*\\.sql$).*|schema\\.sql',
    direction: 'up',
    count: readdirSync(MIGRATIONS).filter((file) => /^\d+_.*\.sql$/.test(file) && file < '0034')
      .length,
    schema: 'tierd',
    createSchema: true,
    migrationsSchema: 'tierd',
    migrationsTable: 'migrations',
    log: () => undefined,
  });
  await fill(db);
  const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
  const kinds = { dataset: 'bars', schema: 'a' };
  await add(db, [
    { ...kinds, state: 'live', from: least, span: most - least },
    { ...kinds, state: 'retired', from: 0n, span: 5n },
    { ...kinds, state: 'live', from: 10n, span: 0n },
  ]);
  await migrate(db);
  await expectRight(db);
  expect(await listLiveSegments(db, 'bars', 11n, most)).toHaveLength(1);
  expect(await listLiveSegments(db, 'bars', 10n, 10n)).toHaveLength(2);
  expect(await listLiveSegments(db, 'news', 10n, 10n)).toHaveLength(0);
});

it('also where who publishes has not been given the table, and nobody else can have it count', async () => {
  const database = await createTestDatabase();
  const db = await database.connect();
  await migrate(db);
  await fill(db);
  const role = `writer_${String(process.pid)}_${String(Date.now())}`;
  await db.query(
    `create role ${role}; grant usage on schema tierd to ${role};
     grant select, insert, update, delete on tierd.segments to ${role}; grant select on tierd.slices to ${role};
     create schema theirs authorization ${role}`,
  );
  try {
    await db.query(`set role ${role}`);
    await add(db, [{ dataset: 'bars', schema: 'a', state: 'live', from: 0n, span: 1n }]);
    await db.query('create table theirs.t as select * from tierd.segments');
    await expect(
      db.query(
        `create trigger t after delete on theirs.t referencing old table as before_rows
         for each statement execute function tierd.count_live_segments()`,
      ),
    ).rejects.toThrow('permission denied');
    await db.query('reset role');
    await expectRight(db);
  } finally {
    await db.query(`reset role; drop owned by ${role} cascade; drop role ${role}`);
  }
});
