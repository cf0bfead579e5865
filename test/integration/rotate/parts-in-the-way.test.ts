/** What stands around one partition or chunk: found by the plan, and in the way of that move only. */
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Check } from '../../../src/domain/check.ts';
import type { RotationPlan } from '../../../src/domain/plan/plan.ts';
import { checkDataset } from '../../../src/hot/doctor/doctor-dataset.ts';
import { planRotationOf, type RotationOutcome, rotateDataset } from '../../../src/jobs/rotate.ts';
import { wholenessOf } from '../../../src/jobs/rotation/outcome.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { readCold } from '../../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { reading } from '../../support/hot.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import { disturbedAt } from '../faults/disturb.ts';

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

async function open(options: { timescale?: boolean } = {}): Promise<void> {
  database = await createTestDatabase(options);
  db = await database.connect();
  bench = await openBench(database);
}

// A database for each test is many; without their connections the server has room for them.
afterEach(() => db.end());

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, n) => from + n);

/** One row an hour from 40 days ago until now, named by its number: ten days are due. */
async function fillHourly(table: string): Promise<void> {
  await database.query(
    `insert into ${table} select $1::timestamptz + n * interval '1 hour', 's' || n % 5, n
     from generate_series(0, 24 * 40 - 1) n`,
    [daysAgo(40)],
  );
}

/** Two partitions that are due: `parts_a` with the rows 0 to 95, `parts_b` with 96 to 239. */
async function makeParts(key = ''): Promise<void> {
  await database.query(
    `create table parts (time timestamptz not null, symbol text, id int${key}) partition by range (time);
     create table parts_a partition of parts for values from ('${daysAgo(40)}') to ('${daysAgo(36)}');
     create table parts_b partition of parts for values from ('${daysAgo(36)}') to ('${daysAgo(30)}');
     create table parts_rest partition of parts default`,
  );
  await fillHourly('parts');
}

const rotate = (table = 'parts', force = false, rooms = bench.rooms): Promise<RotationOutcome> =>
  rotateDataset(rooms, makeDataset(table), { force });

const plan = (table = 'parts', rooms = bench.rooms): Promise<RotationPlan> =>
  planRotationOf(rooms, makeDataset(table));

const obstaclesOf = ({ moves }: RotationPlan): string[][] =>
  moves.map(({ obstacles }) => obstacles.map(({ guard }) => guard));

const doctor = async (table = 'parts', by = db): Promise<readonly Check[]> =>
  (
    await reading(by, () =>
      checkDataset(by, makeDataset(table), { now: () => NOW }, () => Promise.resolve([])),
    )
  ).filter(({ status }) => status === 'error');

async function idsOf(dataset: string): Promise<{ hot: number[]; cold: number[] }> {
  const hot = await db.query<{ id: number }>(`select id from ${dataset} order by id`);
  const live = await listSegments(db, { dataset, states: ['live'] });
  const cold = live.length === 0 ? [] : await readCold(bench.lake, live, 'id');
  return {
    hot: hot.rows.map((row) => row.id),
    cold: cold.map((row) => Number(row['id'])).sort((a, b) => a - b),
  };
}

/** A role that owns nothing, has every right on the ledger, and is whoever `rooms` connects as. */
async function asRole(grants: (role: string) => string): Promise<{ rooms: Rooms; role: string }> {
  const role = `tierd_test_${database.name.slice(-8)}`;
  await database.query(
    `create role ${role};
     grant usage, create on schema tierd to ${role}; grant all on all tables in schema tierd to ${role};
     grant all on all sequences in schema tierd to ${role};
     ${grants(role)}`,
  );
  const connect: Rooms['connect'] = async (purpose) => {
    const client = await bench.rooms.connect(purpose);
    await client.query(`set role ${role}`);
    return client;
  };
  return { rooms: { ...bench.rooms, connect }, role };
}

const DEPENDENTS: readonly (readonly [what: string, sql: string, guard: string, mend: string])[] = [
  ['a view', 'create view busy as select * from parts_a', 'dependent_object', 'drop view busy'],
  [
    'a materialized view',
    'create materialized view busy as select * from parts_a',
    'dependent_object',
    'drop materialized view busy',
  ],
  [
    'a function that reads it',
    'create function busy() returns bigint language sql begin atomic select count(*) from parts_a; end',
    'dependent_object',
    'drop function busy',
  ],
  [
    'a column of its row type',
    'create table busy (row parts_a)',
    'dependent_object',
    'drop table busy',
  ],
  [
    'a foreign key of its own',
    'alter table parts_a add unique (id); create table busy (id int constraint busy_id references parts_a (id))',
    'foreign_key',
    'alter table "public"."busy" drop constraint "busy_id"',
  ],
];

describe('a partition that something stands in the way of', () => {
  beforeEach(async () => {
    await open();
  });

  it.each(DEPENDENTS)(
    'stays hot, unexported, and the others are moved: %s',
    async (_what, sql, guard, mend) => {
      await makeParts();
      await database.query(sql);
      expect(obstaclesOf(await plan())).toEqual([[guard], []]);
      expect((await doctor()).map(({ name }) => name)).toEqual([`dataset:parts:${guard}`]);
      const outcome = await rotate();
      expect(outcome.totals.failed.map(({ error }) => [error.code, error.exitCode])).toEqual([
        ['MOVE_REFUSED', 3],
      ]);
      expect(outcome.totals.failed[0]?.error.message).toMatch(/busy.*parts_a/s);
      expect(wholenessOf(outcome.totals)).toBe('partly');
      expect(await idsOf('parts')).toEqual({
        hot: [...range(0, 96), ...range(240, 960)],
        cold: range(96, 240),
      });
      const moves = await db.query('select state from tierd.moves');
      expect(moves.rows).toEqual([{ state: 'finished' }]);
      await database.query(mend);
      expect((await rotate()).totals.failed).toEqual([]);
      expect((await idsOf('parts')).cold).toEqual(range(0, 240));
    },
  );

  it('is none for a rule of its own: a dropped partition fires none, and it is mentioned', async () => {
    await makeParts();
    await database.query('create rule kept as on delete to parts_a do instead nothing');
    const found = await plan();
    expect(found.refusals).toEqual([]);
    expect(found.notes.join()).toContain('rule kept of public.parts_a does not fire');
    expect((await rotate()).totals.failed).toEqual([]);
    expect(await idsOf('parts')).toEqual({ hot: range(240, 960), cold: range(0, 240) });
  });

  it('is everything for a rule of the partition that keeps the rest, from which rows are deleted', async () => {
    await makeParts();
    await database.query('create rule "Kept all" as on delete to parts_rest do instead nothing');
    const found = await plan();
    expect(obstaclesOf(found)).toEqual([['delete_rule'], ['delete_rule']]);
    const [obstacle] = found.moves[0]?.obstacles ?? [];
    await database.query(obstacle?.hint.split(';')[0] ?? '');
    expect((await rotate()).totals.failed).toEqual([]);
  });

  it('is none for the rule of a partition from which nothing is deleted by its name', async () => {
    await database.query(
      `create table parts (time timestamptz, symbol text, id int) partition by range (time);
       create table parts_old partition of parts for values from (minvalue) to ('${daysAgo(39)}') partition by hash (id);
       create table parts_old1 partition of parts_old for values with (modulus 2, remainder 0);
       create table parts_old2 partition of parts_old for values with (modulus 2, remainder 1);
       create table parts_a partition of parts for values from ('${daysAgo(39)}') to ('${daysAgo(36)}') partition by hash (id);
       create table parts_a1 partition of parts_a for values with (modulus 1, remainder 0);
       create table parts_rest partition of parts for values from ('${daysAgo(36)}') to (maxvalue)`,
    );
    await fillHourly('parts');
    await database.query(
      `create rule kept as on delete to parts_old2 do instead nothing;
       create rule kept as on delete to parts_a do instead nothing;
       create rule kept as on delete to parts_a1 do instead nothing`,
    );
    const found = await plan();
    expect(found.refusals).toEqual([]);
    expect(obstaclesOf(found).flat()).toEqual([]);
    expect((await rotate()).totals.failed).toEqual([]);
    expect(await idsOf('parts')).toEqual({ hot: range(240, 960), cold: range(0, 240) });
  });

  it('is one move where the rule is of a partition that has rows of its time beside', async () => {
    await database.query(
      `create table parts (time timestamptz, symbol text, id int) partition by list (symbol);
       create table parts_x partition of parts default partition by range (time);
       create table parts_x1 partition of parts_x for values from ('${daysAgo(40)}') to ('${daysAgo(36)}');
       create table parts_x2 partition of parts_x for values from ('${daysAgo(36)}') to ('${daysAgo(30)}');
       create table parts_rest partition of parts_x for values from ('${daysAgo(30)}') to (maxvalue);
       create table parts_y partition of parts for values in ('Y') partition by range (time);
       create table parts_y1 partition of parts_y for values from (minvalue) to ('${daysAgo(36)}')`,
    );
    await fillHourly('parts');
    await database.query('create rule kept as on delete to parts_y1 do instead nothing');
    expect(obstaclesOf(await plan())).toEqual([['delete_rule'], []]);
    const outcome = await rotate();
    expect(wholenessOf(outcome.totals)).toBe('partly');
    expect((await idsOf('parts')).cold).toEqual(range(96, 240));
  });

  it('ends as refused, not as failed, where that is all there was to do', async () => {
    await makeParts();
    await database.query(
      'create view a as select * from parts_a; create view b as select * from parts_b',
    );
    const outcome = await rotate();
    expect(outcome.totals.moved).toEqual([]);
    expect(wholenessOf(outcome.totals)).toBe('refused');
    expect((await listRuns(db, { limit: 1 }))[0]).toMatchObject({
      state: 'refused',
      errorCode: 'MOVE_REFUSED',
    });
  });

  it('is found below a sub-partitioned one, once, and where that would go as a whole', async () => {
    await database.query(
      `create table parts (time timestamptz, symbol text, id int) partition by range (time);
       create table parts_a partition of parts for values from ('${daysAgo(40)}') to ('${daysAgo(36)}') partition by hash (id);
       create table parts_a1 partition of parts_a for values with (modulus 2, remainder 0);
       create table parts_a2 partition of parts_a for values with (modulus 2, remainder 1);
       create table parts_rest partition of parts default`,
    );
    await fillHourly('parts');
    await database.query('create view low as select * from parts_a2');
    expect(obstaclesOf(await plan())[0]).toEqual(['dependent_object']);
    await database.query('drop view low; create view high as select * from parts_a');
    expect(obstaclesOf(await plan())[0]).toEqual(['dependent_object']);
    // It needs the table and its row type, and is one view.
    await database.query('drop view high; create view high as select parts_a from parts_a');
    expect(obstaclesOf(await plan())[0]).toEqual(['dependent_object']);
    expect((await rotate()).totals.failed).toHaveLength(1);
  });

  it('is one of another owner, in a schema that may not be used, or with row security', async () => {
    await makeParts();
    await database.query('create schema closed; alter table parts_b set schema closed');
    const { rooms, role } = await asRole(
      (name) => `grant all on schema public to ${name};
        alter table parts owner to ${name}; grant select, delete on parts_a, parts_rest to ${name};
        alter table closed.parts_b owner to ${name};
        alter table parts_rest owner to ${name}`,
    );
    const found = await plan('parts', rooms);
    expect(found.moves.map(({ obstacles }) => obstacles.map(({ message }) => message))).toEqual([
      [expect.stringContaining('owns neither partition public.parts_a nor its schema')],
      [expect.stringContaining('lacks USAGE on the schema of partition closed.parts_b')],
    ]);
    const outcome = await rotate('parts', false, rooms);
    expect(wholenessOf(outcome.totals)).toBe('refused');
    await database.query(
      `alter table parts_a owner to ${role}; grant usage on schema closed to ${role};
       alter table parts_a enable row level security; alter table parts_a force row level security`,
    );
    expect(obstaclesOf(await plan('parts', rooms))).toEqual([['row_security'], []]);
    await database.query('alter table "public"."parts_a" disable row level security');
    expect((await rotate('parts', false, rooms)).totals.failed).toEqual([]);
    expect((await idsOf('parts')).cold).toEqual(range(0, 240));
    await database.query(`drop owned by ${role} cascade; drop role ${role}`);
  });

  it('may be one that an event trigger minds: that is said beforehand', async () => {
    await makeParts();
    await database.query(
      `create function mind() returns event_trigger language plpgsql as $$ begin end $$;
       create event trigger minding on sql_drop when tag in ('DROP TABLE') execute function mind();
       create event trigger elsewhere on ddl_command_end when tag in ('CREATE TABLE') execute function mind()`,
    );
    const { notes } = await plan();
    expect(notes.filter((note) => note.includes('event trigger'))).toEqual([
      expect.stringContaining('minding (sql_drop)'),
    ]);
  });
});

describe('rows that are referred to', () => {
  beforeEach(async () => {
    await open();
  });

  it('hold their own partition and no other: those without are detached, then dropped', async () => {
    await makeParts(', primary key (id, time)');
    await database.query(
      `create table orders (id int, at timestamptz, constraint orders_of foreign key (id, at) references parts);
       insert into orders select id, time from parts where id in (100, 500)`,
    );
    await expect(rotate()).rejects.toMatchObject({ code: 'REFUSED', exitCode: 3 });
    const outcome = await rotate('parts', true);
    expect(outcome.totals.failed.map(({ error }) => [error.code, error.message])).toEqual([
      ['MOVE_REFUSED', expect.stringContaining('public.orders refers to 1 row')],
    ]);
    expect(await idsOf('parts')).toEqual({ hot: range(96, 960), cold: range(0, 96) });
    await database.query('delete from orders where id = 100');
    expect((await rotate('parts', true)).totals.failed).toEqual([]);
    expect((await idsOf('parts')).cold).toEqual(range(0, 240));
    expect((await db.query('select from orders')).rowCount).toBe(1);
  });

  it('hold their own slice of a plain table', async () => {
    await database.query(
      `create table ticks (time timestamptz, symbol text, id int primary key);
       create table orders (tick int constraint orders_tick references ticks)`,
    );
    await fillHourly('ticks');
    await database.query('insert into orders values (30), (31), (900)');
    const outcome = await rotate('ticks', true);
    expect(outcome.totals.moved).toHaveLength(9);
    expect(outcome.totals.failed.map(({ error }) => error.hint)).toEqual([
      expect.stringContaining('alter table "public"."orders" drop constraint "orders_tick"'),
    ]);
    expect((await idsOf('ticks')).hot).toEqual([...range(24, 48), ...range(240, 960)]);
  });

  it('and that come to be referred to after the plan keep their slice hot, and the run goes on', async () => {
    await database.query(
      `create table ticks (time timestamptz, symbol text, id int primary key);
       create table orders (tick int constraint orders_tick references ticks)`,
    );
    await fillHourly('ticks');
    let isDone = false;
    const rooms = disturbedAt(bench, 'publishing', async () => {
      if (!isDone) await database.query('insert into orders values (30)');
      isDone = true;
    });
    const outcome = await rotate('ticks', true, rooms);
    expect(outcome.totals.failed.map(({ error }) => error.code)).toEqual(['POSTGRES_FAILED']);
    expect((await idsOf('ticks')).hot).toEqual([...range(24, 48), ...range(240, 960)]);
  });
});

describe('a trigger that keeps rows', () => {
  it('keeps their slice hot; the others are moved, and nothing is exported a second time', async () => {
    await open();
    await database.query(
      `create table ticks (time timestamptz, symbol text, id int);
       create function keep() returns trigger language plpgsql as
         $$ begin return case when old.id = 30 then null else old end; end $$;
       create trigger keeping before delete on ticks for each row execute function keep()`,
    );
    await fillHourly('ticks');
    await expect(rotate('ticks')).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('can keep the row') as string,
    });
    const outcome = await rotate('ticks', true);
    expect(outcome.totals.failed.map(({ error }) => [error.code, error.hint])).toEqual([
      [
        'ROWS_KEPT',
        expect.stringContaining('alter table "public"."ticks" disable trigger "keeping"'),
      ],
    ]);
    expect(bench.events.filter(({ kind }) => kind === 'retrying')).toEqual([]);
    expect((await idsOf('ticks')).hot).toEqual([...range(24, 48), ...range(240, 960)]);
  });
});

describeOn('timescale', 'a chunk that something stands in the way of', () => {
  beforeEach(async () => {
    await open({ timescale: true });
    await database.query(
      `create table hyper (time timestamptz not null, symbol text, id int, primary key (id, time));
       select create_hypertable('hyper', 'time', chunk_time_interval => interval '5 days')`,
    );
    await fillHourly('hyper');
  });

  it('stays hot, and the others are moved: a view reads it', async () => {
    const [first, ...others] = (await plan('hyper')).moves;
    const chunk = first?.parts[0]?.ref;
    await database.query(
      `create view busy as select * from "${chunk?.schema ?? ''}"."${chunk?.name ?? ''}"`,
    );
    expect(obstaclesOf(await plan('hyper'))).toEqual([
      ['dependent_object'],
      ...others.map(() => []),
    ]);
    const outcome = await rotate('hyper');
    expect(outcome.totals.moved).toHaveLength(others.length);
    expect(wholenessOf(outcome.totals)).toBe('partly');
  });

  it('is every chunk while a foreign key refers to the hypertable, and --force promises nothing', async () => {
    await database.query(
      'create table orders (id int, at timestamptz, constraint orders_of foreign key (id, at) references hyper)',
    );
    const outcome = await rotate('hyper', true);
    expect(wholenessOf(outcome.totals)).toBe('refused');
    await database.query(outcome.totals.failed[0]?.error.hint ?? '');
    expect((await rotate('hyper')).totals.failed).toEqual([]);
  });
});
