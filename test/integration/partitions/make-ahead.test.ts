/** Partitions that are made ahead, and rows that had gone to the default one. NOW is 2026-03-31 13:45 UTC. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { TierdError } from '../../../src/domain/errors.ts';
import { DAY_MS, HOUR_MS } from '../../../src/domain/time/time-range.ts';
import { checkPartitions } from '../../../src/hot/doctor/check-partitions.ts';
import { lookAtReach } from '../../../src/hot/partitions/look-at-reach.ts';
import { describeShape } from '../../../src/hot/table/introspect.ts';
import { inTransaction } from '../../../src/hot/transaction.ts';
import { planPartitionsOf } from '../../../src/jobs/partitions.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { aheadDataset, boundsOf, makeAhead } from '../../support/partitions.ts';
import { type Bench, NOW, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

let database: TestDatabase;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
});

const COLUMNS = 'time timestamptz not null, symbol text not null, price numeric';
const bars = aheadDataset('bars');

/** The session's zone and date style are unusual on purpose: bounds are compared in UTC. */
async function bounds(table = 'bars'): Promise<readonly string[]> {
  const client = await database.connect();
  await client.query("set timezone = 'UTC'; set datestyle = 'ISO'");
  const found = await boundsOf(
    { ...database, query: (text, values) => client.query(text, values) },
    table,
  );
  await client.end();
  return found;
}

async function one(sql: string): Promise<unknown> {
  const { rows } = await database.query(sql);
  return Object.values(rows[0] as object)[0];
}

async function refusalOf(dataset: Dataset): Promise<string> {
  const error: unknown = await makeAhead(bench.rooms, dataset).catch((thrown: unknown) => thrown);
  if (!(error instanceof TierdError)) throw new Error('it was not refused');
  expect(error.code).toBe('REFUSED');
  return error.message;
}

async function createBars(more = ''): Promise<void> {
  await database.query(
    `create table bars (${COLUMNS}, primary key (symbol, time)) partition by range (time);
     create table bars_20260331 partition of bars for values from ('2026-03-31 00:00Z') to ('2026-04-01 00:00Z');
     ${more}`,
  );
}

describe('partitions are made ahead', () => {
  it('until the time that is asked for, named and cut as those before them, and again there is nothing to do', async () => {
    await createBars();
    const first = await makeAhead(bench.rooms, bars);
    expect(first.made.map(({ ref }) => ref.name)).toEqual(['bars_20260401', 'bars_20260402']);
    expect(await bounds()).toEqual([
      "bars_20260331: FOR VALUES FROM ('2026-03-31 00:00:00+00') TO ('2026-04-01 00:00:00+00')",
      "bars_20260401: FOR VALUES FROM ('2026-04-01 00:00:00+00') TO ('2026-04-02 00:00:00+00')",
      "bars_20260402: FOR VALUES FROM ('2026-04-02 00:00:00+00') TO ('2026-04-03 00:00:00+00')",
    ]);
    expect(new Date(first.reach ?? 0).toISOString()).toBe('2026-04-03T00:00:00.000Z');
    const again = await makeAhead(bench.rooms, bars);
    expect(again.made).toEqual([]);
    expect((await database.query(`select job, dataset, state from tierd.runs`)).rows).toEqual([
      { job: 'partitions', dataset: 'partitions:bars', state: 'done' },
    ]);
    expect(
      await one(
        `select count(*)::int from tierd.audit where entry::jsonb ->> 'action' = 'partition_made'`,
      ),
    ).toBe(2);
  });

  it.for([
    ['timestamp', {}, "('2026-03-31')", "('2026-04-01')", "'2026-04-02 00:00:00'"],
    ['date', {}, "('2026-03-31')", "('2026-04-01')", "'2026-04-02'"],
    [
      'bigint',
      { timeUnit: 'ms' as const },
      '(1774915200000)',
      '(1775001600000)',
      "'1775088000000'",
    ],
    ['integer', { timeUnit: 's' as const }, '(1774915200)', '(1775001600)', '1775088000'],
  ] as const)('of a %s column too', async ([type, changes, from, to, next]) => {
    await database.query(
      `create table bars (time ${type} not null, symbol text) partition by range (time);
       create table bars_p1 partition of bars for values from ${from} to ${to}`,
    );
    const { made } = await makeAhead(bench.rooms, aheadDataset('bars', changes));
    expect(made.map(({ ref }) => ref.name)).toEqual(['bars_p20260401', 'bars_p20260402']);
    expect((await bounds())[1]).toContain(`TO (${next})`);
  });

  it('from midnight to midnight of the zone that is named', async () => {
    await database.query(`create table bars (${COLUMNS}) partition by range (time)`);
    const partitions = {
      every: { unit: 'month', count: 1 },
      aheadMs: 32 * DAY_MS,
      timeZone: 'Europe/Berlin',
    } as const;
    await makeAhead(bench.rooms, aheadDataset('bars', { partitions }));
    expect(await bounds()).toEqual([
      "bars_p20260301: FOR VALUES FROM ('2026-02-28 23:00:00+00') TO ('2026-03-31 22:00:00+00')",
      "bars_p20260401: FOR VALUES FROM ('2026-03-31 22:00:00+00') TO ('2026-04-30 22:00:00+00')",
      "bars_p20260501: FOR VALUES FROM ('2026-04-30 22:00:00+00') TO ('2026-05-31 22:00:00+00')",
    ]);
  });

  it('with what their newest neighbour has, and the parent does not give', async () => {
    await createBars();
    const role = `tierd_reader_${database.name}`;
    await database.query(
      `create role ${role}; grant select on bars_20260331 to ${role} with grant option;
       alter table bars_20260331 set (fillfactor = 70), enable row level security, replica identity full;
       create policy own on bars_20260331 for select to ${role} using (symbol <> 'secret');
       create index on bars_20260331 (price) where price > 0; create index on bars (time)`,
    );
    try {
      await makeAhead(bench.rooms, bars);
      const like = (name: string) =>
        database.query(
          `select relreplident, relrowsecurity, reloptions, relpersistence, relacl::text, pg_get_userbyid(relowner) as owner,
                  array(select regexp_replace(pg_get_indexdef(indexrelid), '(INDEX |public\\.)\\S+', '\\1', 'g') from pg_index where indrelid = c.oid order by 1) as indexes,
                  (select polname || pg_get_expr(polqual, polrelid) from pg_policy where polrelid = c.oid) as policy
           from pg_class c where relname = $1`,
          [name],
        );
      const { rows } = await like('bars_20260331');
      expect((rows[0] as { indexes: unknown[] }).indexes).toHaveLength(3);
      expect((await like('bars_20260401')).rows).toEqual(rows);
    } finally {
      await database.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('with a replica identity that is an index of the neighbour alone', async () => {
    await createBars(
      `create unique index own on bars_20260331 (time, symbol); alter table bars_20260331 replica identity using index own`,
    );
    await makeAhead(bench.rooms, bars);
    expect(
      await one(
        `select array_agg(pg_get_indexdef(indexrelid)) from pg_index where indrelid = 'bars_20260401'::regclass and indisreplident`,
      ),
    ).toEqual([expect.stringContaining('USING btree ("time", symbol)')]);
  });

  it('after the newest that has a beginning and an end, in name and in kind', async () => {
    await createBars(
      `create table bars_past partition of bars for values from (minvalue) to ('2026-03-30 00:00Z');
       alter table bars_20260331 set (fillfactor = 70)`,
    );
    await database.query(
      `create table bars_far partition of bars for values from ('2027-01-01 00:00Z') to (maxvalue)`,
    );
    const { made } = await makeAhead(bench.rooms, bars);
    expect(made.map(({ ref }) => ref.name)).toEqual(['bars_20260401', 'bars_20260402']);
    expect(await one(`select reloptions from pg_class where relname = 'bars_20260402'`)).toEqual([
      'fillfactor=70',
    ]);
  });

  it('also where columns are generated, dropped, identities, or refer to another table', async () => {
    await database.query(
      `create table symbols (symbol text primary key); insert into symbols values ('a');
       create table bars (gone int, time timestamptz not null, id bigint generated by default as identity, symbol text references symbols,
         twice int generated always as (length(symbol) * 2) stored, check (symbol <> ''), mood text default 'calm') partition by range (time);
       create table bars_20260331 partition of bars for values from ('2026-03-31 00:00Z') to ('2026-04-01 00:00Z');
       alter table bars drop column gone; create index on bars (time);
       create table bars_rest partition of bars default;
       insert into bars (time, symbol) values ('2026-04-01 05:00Z', 'a')`,
    );
    const { made } = await makeAhead(bench.rooms, bars);
    expect(made.map(({ rowsMoved }) => rowsMoved)).toEqual([1n, 0n]);
    await database.query(`insert into bars (time, symbol) values ('2026-04-01 06:00Z', 'a')`);
    const { rows } = await database.query(
      'select id::int, twice, mood from bars_20260401 order by id',
    );
    expect(rows).toEqual([
      { id: 1, twice: 2, mood: 'calm' },
      { id: 2, twice: 2, mood: 'calm' },
    ]);
    await expect(
      database.query(`insert into bars (time, symbol) values ('2026-04-01 06:00Z', 'b')`),
    ).rejects.toThrow('foreign key');
  });

  it('while rows are written into the table, and read from it, by transactions that stay open', async () => {
    await createBars();
    const writer = await database.connect();
    const reader = await database.connect();
    await writer.query(`begin; insert into bars values ('2026-03-31 01:00Z', 'a', 1)`);
    await reader.query('begin; select count(*) from bars');
    const { made } = await makeAhead(bench.rooms, bars);
    expect(made).toHaveLength(2);
    await writer.query('commit');
    await reader.query('commit');
  });

  it('each once, where two make them at the same time', async () => {
    await createBars();
    const all = await Promise.allSettled([1, 2, 3].map(() => makeAhead(bench.rooms, bars)));
    for (const ended of all) {
      if (ended.status === 'rejected') expect(ended.reason).toMatchObject({ code: 'LEASE_HELD' });
    }
    expect(await bounds()).toHaveLength(3);
  });
});

describe('rows that had gone to the default partition', () => {
  const WITH_DEFAULT = `create table bars_rest partition of bars default;
    insert into bars select '2026-04-01 00:00Z'::timestamptz + n * interval '1 minute', 's' || n % 7, n / 7.0 from generate_series(0, 2000) n;
    insert into bars values ('2030-01-01', 'far', 1), ('2020-01-01', 'old', 1)`;

  it('come into the one that is made, every one as it was, and others stay', async () => {
    await createBars(WITH_DEFAULT);
    await database.query('create table before as table bars');
    const plan = await planPartitionsOf(bench.rooms, bars);
    expect(plan.missing.map(({ defaultRows }) => defaultRows)).toEqual([1440, 561]);
    expect(await bounds()).toHaveLength(2);
    const { made } = await makeAhead(bench.rooms, bars);
    expect(made.map(({ rowsMoved }) => rowsMoved)).toEqual([1440n, 561n]);
    expect(await one('select count(*)::int from only bars_rest')).toBe(2);
    expect(await one('select count(*)::int from bars_20260401')).toBe(1440);
    expect(
      await one(
        'select count(*)::int from ((table bars except all table before) union all (table before except all table bars)) d',
      ),
    ).toBe(0);
  });

  it('are seen once by every statement meanwhile, also by one that waits', async () => {
    await createBars(WITH_DEFAULT);
    const holder = await database.connect();
    await holder.query('begin; select count(*) from bars_rest');
    const making = makeAhead(bench.rooms, bars);
    const readers = await Promise.all([1, 2, 3].map(() => database.connect()));
    let isOver = false;
    const seen = Promise.all(
      readers.map(async (client) => {
        const counts = new Set<number>();
        while (!isOver) {
          const { rows } = await client.query(
            `select count(*)::int as n from bars where time >= '2026-04-01 00:00Z' and time < '2026-04-03 00:00Z'`,
          );
          counts.add((rows[0] as { n: number }).n);
        }
        return [...counts];
      }),
    );
    await holder.query('commit');
    await making;
    isOver = true;
    expect(await seen).toEqual([[2001], [2001], [2001]]);
  });

  it('stay, and nothing is made, where their way would set off a trigger or a foreign key', async () => {
    await createBars(WITH_DEFAULT);
    await database.query(
      `create table notes (symbol text, time timestamptz, foreign key (symbol, time) references bars on delete cascade)`,
    );
    expect(await refusalOf(bars)).toContain(
      'would set off foreign key notes_symbol_time_fkey of public.notes',
    );
    await database.query(
      `drop table notes; create function f() returns trigger language plpgsql as 'begin return null; end';
       create trigger keep before delete on bars for each row execute function f()`,
    );
    expect(await refusalOf(bars)).toContain('would set off trigger keep of public.bars');
    expect(await bounds()).toHaveLength(2);
  });

  it.for([
    'for table bars',
    'for table only bars_rest',
    'for tables in schema public',
    'for all tables',
  ])('stay where a publication %s would tell of their DELETE alone', async (what) => {
    await createBars(WITH_DEFAULT);
    await database.query(`create publication told ${what}`);
    expect(await refusalOf(bars)).toContain(
      'would set off a DELETE for the subscribers of publication told',
    );
    expect(await one('select count(*)::int from only bars_rest')).toBe(2003);
    // As the documentation has it be done by hand: the table stays as it is for subscribers.
    await database.query(
      `begin; lock table bars in access exclusive mode;
       create temporary table moved on commit drop as select * from bars_rest where time >= '2026-04-01 00:00Z' and time < '2026-04-02 00:00Z';
       delete from bars_rest where time >= '2026-04-01 00:00Z' and time < '2026-04-02 00:00Z';
       create table bars_20260401 partition of bars for values from ('2026-04-01 00:00Z') to ('2026-04-02 00:00Z');
       insert into bars select * from moved; commit`,
    );
    expect(await one('select count(*)::int from bars_20260401')).toBe(1440);
  });

  it('stay where what would be set off is of a table that this one is a partition of', async () => {
    await database.query(
      `create table world (${COLUMNS}) partition by list (symbol);
       create table bars partition of world for values in ('a') partition by range (time);
       create table bars_20260331 partition of bars for values from ('2026-03-31 00:00Z') to ('2026-04-01 00:00Z');
       create table bars_rest partition of bars default; insert into bars values ('2026-04-01 05:00Z', 'a', 1);
       create function f() returns trigger language plpgsql as 'begin return null; end';
       create trigger keep before delete on world for each row execute function f()`,
    );
    await expect(makeAhead(bench.rooms, bars)).rejects.toThrow(
      'would set off trigger keep of public.world',
    );
    await database.query('drop trigger keep on world; create publication told for table world');
    expect(await refusalOf(bars)).toContain('the subscribers of publication told');
    await database.query('drop publication told');
    await makeAhead(bench.rooms, bars);
    expect(await one('select count(*)::int from only bars_rest')).toBe(0);
  });

  it('stay where they are too many, with what to do, and partitions of other times are made', async () => {
    await createBars(`create table bars_rest partition of bars default;
      insert into bars select '2026-04-01 00:00Z'::timestamptz + n * interval '1 ms', 's', 1 from generate_series(0, 100000) n`);
    const error: unknown = await makeAhead(bench.rooms, bars).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'REFUSED',
      exitCode: 4,
      message:
        'making 1 of 2 partitions of bars is refused: more than 100,000 rows of the default partition public.bars_rest belong into public.bars_20260401, and nobody could read the table while they move. The others were made.',
    });
    expect((await bounds()).map((told) => told.split(':')[0])).toEqual([
      'bars_20260331',
      'bars_20260402',
      'bars_rest',
    ]);
    expect(await one('select state from tierd.runs')).toBe('partly');
    expect(await refusalOf(bars)).toContain('Nothing was changed');
    expect(await one('select state from tierd.runs order by id desc limit 1')).toBe('refused');
  });
});

describe('nothing is made', () => {
  it('of a table that is cut by anything but its time alone', async () => {
    await database.query(
      `create table a (${COLUMNS}) partition by list (symbol);
       create table b (${COLUMNS}) partition by range (time, symbol);
       create table c (${COLUMNS}) partition by range (date_trunc('day', time at time zone 'UTC'));
       create table d (${COLUMNS}) partition by range (time);
       create table d_1 partition of d for values from ('2026-03-31') to ('2026-04-01') partition by hash (symbol);
       create table e (${COLUMNS})`,
    );
    expect(await refusalOf(aheadDataset('a'))).toContain(
      'public.a is partitioned by LIST (symbol), and partitions are made ahead only of RANGE (time)',
    );
    expect(await refusalOf(aheadDataset('b'))).toContain('RANGE ("time", symbol)');
    expect(await refusalOf(aheadDataset('c'))).toContain('public.c is partitioned by');
    expect(await refusalOf(aheadDataset('d'))).toContain(
      'public.d_1 is a partition that is partitioned itself',
    );
    expect(await refusalOf(aheadDataset('e'))).toContain('public.e is no partitioned table');
  });

  it('over a table that has its name', async () => {
    await createBars('create table bars_20260402 (like bars)');
    expect(await refusalOf(bars)).toContain('there is a public.bars_20260402 already');
    expect(await bounds()).toHaveLength(1);
  });

  it('of hours where the column tells days', async () => {
    await database.query('create table bars (time date not null) partition by range (time)');
    const partitions = { every: { unit: 'hour', count: 6 }, aheadMs: HOUR_MS } as const;
    expect(await refusalOf(aheadDataset('bars', { partitions }))).toContain(
      "partitions of hours can't be told apart",
    );
  });

  it('where there is none to follow and nothing says how long one is', async () => {
    await database.query(`create table bars (${COLUMNS}) partition by range (time)`);
    expect(await refusalOf(bars)).toContain(
      "how long a partition of public.bars is to be can't be told",
    );
  });

  describeOn('timescale', 'of a hypertable', () => {
    it('whose chunks come by themselves', async () => {
      const own = await createTestDatabase({ timescale: true });
      const { rooms } = await openBench(own);
      await own.query(`create table bars (${COLUMNS}); select create_hypertable('bars', 'time')`);
      await expect(makeAhead(rooms, bars)).rejects.toMatchObject({
        code: 'REFUSED',
        message: expect.stringContaining('public.bars is a hypertable') as string,
      });
    });
  });
});

describe('the doctor', () => {
  const checks = async (before = '') => {
    const client = await database.connect();
    await client.query(before);
    const options = { doing: 'looking', isolation: 'read committed', readOnly: true } as const;
    const found = await inTransaction(client, options, () => checkPartitions(client, bars, NOW));
    return found.map(({ name, status, found: told }) => [
      name.slice('dataset:bars:'.length),
      status,
      told,
    ]);
  };

  it('tells how far partitions reach, when they end, and of rows in the default one', async () => {
    await createBars('create table bars_rest partition of bars default');
    expect(await checks()).toEqual([
      ['partitions', 'error', 'partitions reach to 2026-04-01: missing in 10 h'],
    ]);
    await database.query(`insert into bars values ('2030-01-01', 'far', 1)`);
    await makeAhead(bench.rooms, bars);
    expect(await checks()).toEqual([
      ['partitions', 'ok', 'partitions reach to 2026-04-03'],
      ['default_partition', 'warning', 'the default partition public.bars_rest has 1 row'],
    ]);
    await database.query('drop table bars_20260331');
    expect(await checks()).toContainEqual([
      'partitions',
      'error',
      'there is no partition for now: rows go to the default one, or are refused',
    ]);
  });

  it('tells whose the table is where that can not be read, and that its rows are not known', async () => {
    await createBars(`create table bars_rest partition of bars default`);
    const role = `tierd_other_${database.name}`;
    await database.query(`create role ${role}`);
    try {
      expect(await checks(`set role ${role}`)).toEqual([
        [
          'partitions',
          'error',
          'public.bars belongs to another role, and only its owner can make partitions of it',
        ],
        ['partitions', 'error', 'partitions reach to 2026-04-01: missing in 10 h'],
        [
          'default_partition',
          'warning',
          'how many rows the default partition public.bars_rest has is not known',
        ],
      ]);
    } finally {
      await database.query(`drop role ${role}`);
    }
  });
});

describe('a glance', () => {
  it('tells how far partitions reach, also where the default one is locked', async () => {
    await createBars('create table bars_rest partition of bars default');
    const holder = await database.connect();
    await holder.query('begin; lock table only bars_rest in access exclusive mode');
    const client = await database.connect();
    const options = {
      doing: 'looking',
      isolation: 'read committed',
      readOnly: true,
      limits: { lockTimeoutMs: 50 },
    } as const;
    const [table, { partitions }] = [{ schema: 'public', name: 'bars' }, bars];
    if (partitions === undefined) throw new Error('it has the setting');
    const look = await inTransaction(client, options, async () => {
      const shape = await describeShape(client, table, 'time');
      return lookAtReach(client, { ...shape, kind: 'partitioned' }, bars, partitions, NOW);
    });
    expect(look).toEqual({
      reach: Date.parse('2026-04-01T00:00Z'),
      short: 'partitions reach to 2026-04-01: missing in 10 h',
      defaultRows: null,
    });
    await holder.query('rollback');
  });
});
