/** Rows of the lake come back into a plain table: whole, once, pinned; or not at all, and why. */
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { planRestoreOf } from '../../../src/jobs/restore.ts';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { lookAtLedger } from '../../../src/jobs/survey/look-at-ledger.ts';
import { listPins, unpin } from '../../../src/ledger/pins.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { askStores } from '../../support/ask-stores.ts';
import { differingRows } from '../../support/codec/read-back.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { dumpDatabase } from '../../support/dump.ts';
import {
  days,
  failureOf,
  restore,
  restoreRooms,
  rotateAll,
  WEEK_ON,
} from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const ROWS_A_DAY = 50;
const COLUMNS =
  'time timestamptz not null, symbol text, id bigint not null, price numeric(20,8), note text[], primary key (id, time)';

let database: TestDatabase;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
});

async function fill(table: string, ...daysBack: readonly number[]): Promise<void> {
  for (const day of daysBack) {
    await database.query(
      `insert into ${table} (time, symbol, id, price, note)
       select $1::timestamptz + n * interval '7 minutes', 's' || n % 3, $2 * 1000 + n, n / 7.0, array['n' || n, null]
       from generate_series(0, $3 - 1) n`,
      [daysAgo(day), day, ROWS_A_DAY],
    );
  }
}

/** Days 40, 39 and 38 are cold; `<table>_before` is what they were. */
async function coldTable(table: string, columns = COLUMNS) {
  await database.query(`create table ${table} (${columns})`);
  await fill(table, 40, 39, 38, 5);
  await database.query(`create table ${table}_before as select * from ${table} where id >= 38000`);
  const dataset = makeDataset(table);
  await rotateAll(bench, dataset);
  return dataset;
}

async function count(table: string, where = 'true'): Promise<number> {
  const { rows } = await database.query(`select count(*)::int as n from ${table} where ${where}`);
  return (rows[0] as { n: number }).n;
}

async function states(dataset: string): Promise<readonly string[]> {
  const db = await database.connect();
  const all = await listSegments(db, { dataset, states: ['live', 'retired', 'removed'] });
  return all.map(({ state }) => state);
}

describe('restore', () => {
  it('I1, I2: brings whole slices back as they were, retires their segments and pins them', async () => {
    const dataset = await coldTable('bars');
    const { plan, totals } = await restore(bench, dataset, days(40, 38));

    expect(totals.failed).toEqual([]);
    expect(plan.rows).toBe(2 * ROWS_A_DAY);
    expect(await states('bars')).toEqual(['retired', 'retired', 'live']);
    const db = await database.connect();
    await database.query(
      `create table restored as select * from bars where id >= 39000;
       create table wanted as select * from bars_before where id >= 39000`,
    );
    expect(await differingRows(db, 'wanted', 'restored')).toEqual([]);
    expect(await listPins(db, 'bars')).toEqual([
      { range: days(40, 39), until: WEEK_ON },
      { range: days(39, 38), until: WEEK_ON },
    ]);
    const [run] = await listRuns(db, { dataset: 'bars', limit: 1 });
    expect(run).toMatchObject({ job: 'restore', state: 'done', rowsMoved: 100n });
    const looked = await lookAtLedger(db, [dataset]);
    expect(looked?.lastRuns.get('bars')?.run).toMatchObject({ job: 'rotate' });
    const { rows } = await askStores(bench, db, [dataset], 'select count(*) n from bars');
    expect(rows).toEqual([{ n: 4 * ROWS_A_DAY }]);
  });

  it('is not taken for a dataset that never was rotated, once all of it came back', async () => {
    const dataset = await coldTable('bars');
    await restore(bench, dataset, days(40, 37));
    const asked = askStores(bench, await database.connect(), [dataset], 'select nothing from bars');
    const { hint } = await failureOf(asked);
    expect(hint).toContain('Nothing is in the lake of: bars.');
  });

  it('rotate → restore → rotate gives equal fingerprints, once the pin has ended', async () => {
    const dataset = await coldTable('bars');
    const fingerprints = async (): Promise<unknown> => {
      const found = await database.query(
        `select s.range_from, s.fingerprint from tierd.slices s join tierd.segments g on g.slice_id = s.id
         where g.state = 'live' order by 1`,
      );
      return found.rows;
    };
    const before = await fingerprints();
    await restore(bench, dataset, days(40, 37));
    expect(await fingerprints()).toEqual([]);

    const held = await rotateDataset(bench.rooms, dataset, { force: true });
    expect(held.plan.rows).toBe(0);
    expect(held.plan.notes.join('\n')).toMatch(
      /150 rows of 2026-02-19T00:00:00.000Z.2026-02-22T00:00:00.000Z were restored and stay hot until 2026-04-07T13:45:00.000Z; `tierd unpin bars`/,
    );

    const later = { rooms: { ...bench.rooms, clock: { now: () => WEEK_ON + 1 } } };
    await rotateAll(later, dataset);
    expect(await count('bars', 'id >= 38000')).toBe(0);
    expect(await fingerprints()).toEqual(before);
  });

  it('a pin that is released lets the rotation take the rows again', async () => {
    const dataset = await coldTable('bars');
    await restore(bench, dataset, days(40, 37), { pinUntil: null });
    const plan = await planRotationOf(bench.rooms, dataset);
    expect(plan.notes.join('\n')).toContain('stay hot until it is unpinned');
    const db = await database.connect();
    expect(await unpin(db, 'bars', days(40, 39))).toEqual([days(40, 39)]);
    await rotateAll(bench, dataset);
    expect(await count('bars', 'id >= 38000')).toBe(2 * ROWS_A_DAY);
    expect(await unpin(db, 'bars', null)).toHaveLength(2);
  });

  it('refuses a slice that is only partly asked for, names the span, and takes it whole with force', async () => {
    const dataset = await coldTable('bars');
    const span = {
      fromInclusive: Date.parse(daysAgo(40)) + 3_600_000,
      toExclusive: Date.parse(daysAgo(39)),
    };
    const failure = await failureOf(restore(bench, dataset, span));
    expect(failure).toMatchObject({ code: 'REFUSED', exitCode: 3 });
    expect(failure.hint).toContain(`--from ${daysAgo(40)} --to ${daysAgo(39)}`);
    expect(await states('bars')).toEqual(['live', 'live', 'live']);

    const { totals } = await restore(bench, dataset, span, { force: true });
    expect(totals.restored).toHaveLength(1);
    expect(await count('bars', 'id >= 40000')).toBe(ROWS_A_DAY);
  });

  it('I2: a late row with the key of a cold one refuses its slice alone, which stays cold', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `insert into bars select time, 'late', id, price, note from bars_before where id = 39007`,
    );
    const { totals } = await restore(bench, dataset, days(40, 37));
    expect(totals.restored).toHaveLength(2);
    expect(totals.failed.map(({ error }) => error)).toMatchObject([{ code: 'RESTORE_REJECTED' }]);
    expect(totals.failed[0]?.error.message).toContain('39007');
    expect(totals.failed[0]?.error.hint).toContain('tierd rotate bars');
    expect(await states('bars')).toEqual(['retired', 'live', 'retired']);
    expect(await count('bars', 'id between 39000 and 39999')).toBe(1);
  });

  it('hints at no rotation that would not take the late row from its way', async () => {
    const { name } = await coldTable('bars');
    const dataset = makeDataset(name, { onColdDuplicate: 'keep-both' });
    await database.query(
      `insert into bars select time, 'late', id, price, note from bars_before where id = 39007`,
    );
    const { totals } = await restore(bench, dataset, days(39, 38));
    expect(totals.failed[0]?.error.hint).toContain(
      'on_cold_duplicate is keep-both: delete the hot row',
    );
  });

  it('says why a function of a trigger finds no table of the application', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `create table seen (id bigint);
       create function note_it() returns trigger language plpgsql as $$ begin insert into seen values (new.id); return new; end $$;
       create trigger noting after insert on bars for each row execute function note_it()`,
    );
    const { totals } = await restore(bench, dataset, days(39, 38), { force: true });
    expect(totals.failed[0]?.error.message).toContain('relation "seen" does not exist');
    expect(totals.failed[0]?.error.hint).toContain('search_path');
  });

  it('leaves late rows without such a key where they are', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `insert into bars select time, 'late', id + 500000, price, note from bars_before`,
    );
    const { totals } = await restore(bench, dataset, days(40, 37));
    expect(totals.failed).toEqual([]);
    expect(await count('bars', 'id >= 38000')).toBe(6 * ROWS_A_DAY);
  });

  it('copies into another table that it makes, once, and leaves the rows cold', async () => {
    const dataset = await coldTable('bars');
    const into = { schema: 'public', name: 'bars_2026' };
    const first = await restore(bench, dataset, days(40, 39), { into });
    expect(first.totals.restored).toHaveLength(1);
    const again = await restore(bench, dataset, days(40, 37), { into });
    expect(again.totals.restored).toHaveLength(2);
    expect(again.plan.notes.join('\n')).toContain('1 slice was copied into public.bars_2026');
    const db = await database.connect();
    expect(await differingRows(db, 'bars_before', 'bars_2026')).toEqual([]);
    expect(await states('bars')).toEqual(['live', 'live', 'live']);
    expect(await listPins(db, 'bars')).toEqual([]);
  });

  it('copies nothing twice that went back and left again, or that late rows replaced, since', async () => {
    const dataset = await coldTable('bars');
    const into = { schema: 'public', name: 'bars_copy' };
    await restore(bench, dataset, days(40, 38), { into });
    // Day 40 leaves as a new generation; of day 39 a late row replaces the slice; day 38 was never copied.
    await restore(bench, dataset, days(40, 39));
    await unpin(await database.connect(), 'bars', null);
    await database.query(
      `insert into bars select time, 'late', id, price, note from bars_before where id = 39007`,
    );
    await rotateAll(bench, dataset);

    const { totals } = await restore(bench, dataset, days(40, 37), { into });
    expect(totals.restored.map(({ planned }) => planned.rows)).toEqual([ROWS_A_DAY]);
    for (const { error } of totals.failed) expect(error).toMatchObject({ code: 'MOVE_REFUSED' });
    expect(totals.failed[0]?.error.message).toContain('they would be there twice');
    expect(await count('bars_copy')).toBe(3 * ROWS_A_DAY);
    expect(await count('(select distinct id from bars_copy) ids')).toBe(3 * ROWS_A_DAY);
  });

  it('I2: refuses another table whose rows are seen in its own', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `create table child () inherits (bars);
       create table parent (like bars); alter table bars inherit parent`,
    );
    for (const name of ['child', 'parent']) {
      const copied = restore(bench, dataset, days(40, 37), { into: { schema: 'public', name } });
      const refusal = await failureOf(copied);
      expect(refusal).toMatchObject({ code: 'REFUSED' });
      expect(refusal.message).toContain(`public.${name} shares its rows with public.bars`);
    }
    expect(await count('parent')).toBe(ROWS_A_DAY);
    expect(await states('bars')).toEqual(['live', 'live', 'live']);
  });

  it('goes on with a copy by field ids, where the names of two columns changed places before it', async () => {
    const columns =
      'time timestamptz not null, symbol text, id bigint not null, price numeric, note text[], venue text';
    const dataset = await coldTable('bars', columns);
    await database.query(
      `alter table bars rename symbol to was; alter table bars rename venue to symbol;
       alter table bars rename was to venue`,
    );
    const into = { schema: 'public', name: 'bars_copy' };
    const renamed = { ...dataset, sortBy: [] };
    await restore(bench, renamed, days(40, 39), { into });
    const { totals } = await restore(bench, renamed, days(40, 37), { into });
    expect(totals.failed).toEqual([]);
    const wrong = await count(
      'bars_copy c join bars_before o using (id)',
      'c.venue is distinct from o.symbol or c.symbol is not null',
    );
    expect(wrong).toBe(0);
    expect(await count('bars_copy')).toBe(3 * ROWS_A_DAY);
  });

  it('refuses another table whose columns do not fit, by name and type', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      'create table odd (time timestamptz, symbol text, id int, price numeric(20,8), more int not null)',
    );
    const { totals } = await restore(bench, dataset, days(40, 39), {
      into: { schema: 'public', name: 'odd' },
    });
    const message = totals.failed[0]?.error.message;
    expect(message).toContain('column id is bigint in the lake and id is integer in the table');
    expect(message).toContain('column note (text[]) has 50 values in the lake');
    expect(message).toContain('column more (integer) is not in the lake');
    expect(await count('odd')).toBe(0);
  });

  it('I3: checks the bytes before anything is inserted', async () => {
    const dataset = await coldTable('bars');
    const db = await database.connect();
    const [first, second] = await listSegments(db, { dataset: 'bars', states: ['live'] });
    await appendFile(join(bench.lake, first?.key ?? ''), 'x');
    await rm(join(bench.lake, second?.key ?? ''));
    const { totals } = await restore(bench, dataset, days(40, 37));
    expect(totals.restored).toHaveLength(1);
    expect(totals.failed.map(({ error }) => error.code)).toEqual([
      'VERIFY_MISMATCH',
      'OBJECT_MISSING',
    ]);
    expect(await count('bars', 'id >= 39000')).toBe(0);
  });

  it('I12: into nothing that another ledger owns, and from nothing', async () => {
    const dataset = await coldTable('bars');
    await database.query(`update tierd.lake set ledger_id = gen_random_uuid()`);
    const failure = await failureOf(restore(bench, dataset, days(40, 39)));
    expect(failure.code).toBe('LAKE_NOT_OWNED');
    expect(await count('bars', 'id >= 38000')).toBe(0);
  });
});

describe('the end of a pin', () => {
  const HOUR = 3_600_000;

  async function pinEnd(): Promise<number> {
    const { rows } = await database.query(
      'select (extract(epoch from pinned_until) * 1000)::float8 as at from tierd.pins',
    );
    return (rows[0] as { at: number }).at;
  }

  it('is a week after the later of the clocks, where nobody says it: one that runs behind sets none that is over', async () => {
    const dataset = await coldTable('bars');
    const behind = { rooms: { ...bench.rooms, clock: { now: () => Date.parse('1970-01-01') } } };
    await restore(behind, dataset, days(40, 39), { pinUntil: 'default' });
    expect(await pinEnd()).toBeGreaterThan(Date.now() + 7 * DAY_MS - HOUR);
    const ahead = { rooms: { ...bench.rooms, clock: { now: () => Date.now() + 50 * DAY_MS } } };
    await database.query('delete from tierd.pins');
    await restore(ahead, dataset, days(39, 38), { pinUntil: 'default' });
    expect(await pinEnd()).toBeGreaterThan(Date.now() + 57 * DAY_MS - HOUR);
  });

  it('does not come by one clock alone: rows stay hot where this machine runs ahead', async () => {
    const dataset = await coldTable('bars');
    await restore(bench, dataset, days(40, 39), { pinUntil: Date.now() + DAY_MS });
    const ahead = { rooms: { ...bench.rooms, clock: { now: () => Date.now() + 50 * DAY_MS } } };
    await rotateAll(ahead, dataset);
    expect(await count('bars', 'id >= 38000')).toBe(50);
  });
});

describeOn('pg_dump', 'restore --dry-run', () => {
  it('I7: the plan changes nothing', async () => {
    const dataset = await coldTable('bars');
    const before = await dumpDatabase(database.url);
    const plan = await planRestoreOf(
      restoreRooms(bench, dataset),
      dataset,
      {
        span: days(40, 37),
        where: null,
        into: { schema: 'public', name: 'other' },
        pinUntil: NOW + DAY_MS,
      },
      bench.rooms.signal,
    );
    expect(plan).toMatchObject({ rows: 150, keepsCold: true });
    expect(plan.slices).toHaveLength(3);
    expect(await dumpDatabase(database.url)).toEqual(before);
  });
});

describe('restore, where the table has more than columns', () => {
  it('computes generated columns again, which must give the same, and keeps identities', async () => {
    const dataset = await coldTable(
      'gen',
      `time timestamptz not null, symbol text, id bigint not null, price numeric(20,8), note text[],
       twice numeric generated always as (price * 2) stored, serial bigint generated always as identity`,
    );
    const { totals } = await restore(bench, dataset, days(40, 37));
    expect(totals.failed).toEqual([]);
    const db = await database.connect();
    await database.query('create table back as select * from gen where id >= 38000');
    expect(await differingRows(db, 'gen_before', 'back')).toEqual([]);
  });

  it('keeps an identity of a table that COPY fills directly', async () => {
    await database.query(
      'create table seen (time timestamptz not null, symbol text, serial bigint generated always as identity)',
    );
    await database.query(
      `insert into seen (time, symbol) select $1::timestamptz, 's' || n from generate_series(1, 9) n`,
      [daysAgo(40)],
    );
    await database.query('create table seen_before as table seen');
    const dataset = makeDataset('seen');
    await rotateAll(bench, dataset);
    await restore(bench, dataset, days(40, 39));
    expect(await differingRows(await database.connect(), 'seen_before', 'seen')).toEqual([]);
  });

  it('rolls back where a generated column is another expression by now', async () => {
    const dataset = await coldTable(
      'gen',
      `time timestamptz not null, symbol text, id bigint not null, price numeric(20,8), note text[],
       twice numeric generated always as (price * 2) stored`,
    );
    const db = await database.connect();
    const { rows } = await db.query<{ version: string }>(
      `select current_setting('server_version_num') as version`,
    );
    // Older ones have no way to say another expression.
    if (Number(rows[0]?.version) < 170_000) return;
    await db.query('alter table gen alter column twice set expression as (price * 3)');
    const { totals } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed.map(({ error }) => error)).toMatchObject([{ code: 'RESTORE_MISMATCH' }]);
    expect(totals.failed[0]?.error.message).toContain('column twice');
    expect(await count('gen', 'id >= 38000')).toBe(0);
    expect(await states('gen')).toEqual(['live', 'live', 'live']);
  });

  it('refuses a trigger by name, lets it fire with force, and proves what it leaves', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `create table log (id bigint);
       create function note() returns trigger language plpgsql as $$ begin insert into public.log values (new.id); return new; end $$;
       create trigger noted after insert on bars for each row execute function note()`,
    );
    const refused = await failureOf(restore(bench, dataset, days(40, 39)));
    expect(refused).toMatchObject({ code: 'REFUSED' });
    expect(refused.message).toContain('trigger noted of public.bars');
    expect(refused.hint).toContain('disable trigger "noted"');
    await restore(bench, dataset, days(40, 39), { force: true });
    expect(await count('log')).toBe(ROWS_A_DAY);

    await database.query(
      `create function alter_it() returns trigger language plpgsql as $$ begin new.symbol := 'x'; return new; end $$;
       create trigger altering before insert on bars for each row execute function alter_it()`,
    );
    const { totals } = await restore(bench, dataset, days(39, 38), { force: true });
    expect(totals.failed.map(({ error }) => error.code)).toEqual(['RESTORE_MISMATCH']);
    expect(await count('log')).toBe(ROWS_A_DAY);
  });

  it('has foreign keys checked by PostgreSQL, at once and where they are deferred', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `create table symbols (symbol text primary key); insert into symbols values ('s0'), ('s1');
       alter table bars add constraint known foreign key (symbol) references symbols not valid`,
    );
    const first = await restore(bench, dataset, days(40, 39));
    expect(first.totals.failed[0]?.error.message).toContain(
      'violates foreign key constraint "known"',
    );
    await database.query('alter table bars alter constraint known deferrable initially deferred');
    const second = await restore(bench, dataset, days(40, 39));
    expect(second.totals.failed[0]?.error.code).toBe('RESTORE_REJECTED');
    expect(await count('bars', 'id >= 40000')).toBe(0);
    await database.query(`insert into symbols values ('s2')`);
    const third = await restore(bench, dataset, days(40, 39));
    expect(third.totals.failed).toEqual([]);
  });

  it('refuses foreign keys that PostgreSQL would not check, by name, unless that is meant', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `create table symbols (symbol text primary key);
       alter table bars add constraint known foreign key (symbol) references symbols not valid;
       alter table bars disable trigger all`,
    );
    const disabled = await failureOf(restore(bench, dataset, days(40, 39)));
    expect(disabled.message).toContain(
      'foreign key known of public.bars would not be checked: its triggers are disabled',
    );
    expect(disabled.hint).toContain('alter table "public"."bars" enable trigger all');
    await database.query('alter table bars enable trigger all');
    const asReplica = {
      rooms: {
        ...bench.rooms,
        connect: async () => {
          const db = await bench.rooms.connect('work');
          await db.query('set session_replication_role = replica');
          return db;
        },
      },
    };
    const unseen = await failureOf(restore(asReplica, dataset, days(40, 39)));
    expect(unseen.message).toContain('would not be checked: session_replication_role is replica');
    expect(await count('bars', 'id >= 40000')).toBe(0);
    await restore(asReplica, dataset, days(40, 39), { force: true });
    expect(await count('bars', 'id >= 40000')).toBe(ROWS_A_DAY);
  });

  it('knows the triggers that fire for its own session: those of a replica, where it is one', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `create function note() returns trigger language plpgsql as $$ begin return new; end $$;
       create trigger here after insert on bars for each row execute function note();
       create trigger there after insert on bars for each row execute function note();
       alter table bars enable replica trigger there`,
    );
    const asReplica = {
      rooms: {
        ...bench.rooms,
        connect: async () => {
          const db = await bench.rooms.connect('work');
          await db.query('set session_replication_role = replica');
          return db;
        },
      },
    };
    const found = await failureOf(restore(asReplica, dataset, days(40, 39)));
    expect(found.message).toContain('trigger there of');
    expect(found.message).not.toContain('trigger here of');
  });

  it('refuses under row-level security, and without the right to insert', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `alter table bars enable row level security; alter table bars force row level security`,
    );
    const role = `reader_${database.name}`;
    await database.query(`create role ${role} login`);
    try {
      await database.query(
        `grant select on bars to ${role};
         grant usage on schema tierd to ${role}; grant all on all tables in schema tierd to ${role};
         grant all on all sequences in schema tierd to ${role};
         grant execute on function pg_control_system() to ${role}`,
      );
      const asRole = {
        rooms: {
          ...bench.rooms,
          connect: async () => {
            const db = await bench.rooms.connect('work');
            await db.query(`set role ${role}`);
            return db;
          },
        },
      };
      const failure = await failureOf(restore(asRole, dataset, days(40, 39)));
      expect(failure.code).toBe('REFUSED');
      expect(failure.message).toContain('row-level security is active on public.bars');
      expect(failure.hint).toContain('grant insert on "public"."bars"');
    } finally {
      await database.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('refuses an INSERT rule by name', async () => {
    const dataset = await coldTable('bars');
    await database.query('create rule swallowed as on insert to bars do instead nothing');
    const failure = await failureOf(restore(bench, dataset, days(40, 39), { force: true }));
    expect(failure.message).toContain('rule swallowed of public.bars');
  });
});

describe('restore, where the columns have changed since (I13)', () => {
  it('gives a younger column its default, and puts a renamed one where it is now', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `alter table bars rename symbol to ticker; alter table bars add source text not null default 'feed'`,
    );
    const renamed = { ...dataset, sortBy: [] };
    const { plan, totals } = await restore(bench, renamed, days(40, 37));
    expect(totals.failed).toEqual([]);
    expect(plan.notes.join('\n')).toContain('get their default: source');
    const wrong = await count(
      'bars b join bars_before o using (id)',
      `b.ticker is distinct from o.symbol or b.source <> 'feed'`,
    );
    expect(wrong).toBe(0);
    expect(await count('bars', 'id >= 38000')).toBe(3 * ROWS_A_DAY);
  });

  it('refuses a younger column that takes no row without it', async () => {
    const dataset = await coldTable('bars');
    await database.query('delete from bars; alter table bars add source text not null');
    const { totals } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed[0]?.error.message).toContain('column source (text) is not in the lake');
  });

  it('refuses a dropped column that has values, and one that was added again under its name', async () => {
    const dataset = await coldTable('bars');
    await database.query('alter table bars drop note; alter table bars add note text[]');
    const { totals } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed[0]?.error.message).toContain(
      'column note (text[]) has 50 values in the lake',
    );
    expect(await states('bars')).toEqual(['live', 'live', 'live']);
  });

  it('leaves out a dropped column of nothing but nulls', async () => {
    const dataset = await coldTable(
      'bars',
      'time timestamptz not null, symbol text, id bigint not null, price numeric(20,8), note text[], empty interval',
    );
    await database.query('alter table bars drop empty');
    const { totals, plan } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed).toEqual([]);
    expect(plan.notes.join('\n')).toContain('nothing but nulls: empty');
    expect(await count('bars', 'id >= 40000')).toBe(ROWS_A_DAY);
  });

  it('refuses a column whose type is another by now', async () => {
    const dataset = await coldTable('bars');
    await database.query('alter table bars alter price type numeric(30,10)');
    const { totals } = await restore(bench, dataset, days(40, 39));
    expect(totals.failed[0]?.error.message).toContain('column price is numeric(20,8) in the lake');
  });
});
