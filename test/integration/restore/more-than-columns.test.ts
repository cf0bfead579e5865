/** Restores into tables with generated columns, identities, triggers, rules, foreign keys and rights. */
import { describe, expect, it } from 'vitest';
import { differingRows } from '../../support/codec/read-back.ts';
import { beforeEachColdDays, type ColdDays, ROWS_A_DAY } from '../../support/cold-days.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { daysAgo, makeDataset } from '../../support/rotation.ts';

let database: ColdDays['database'];
let bench: ColdDays['bench'];
let coldTable: ColdDays['coldTable'];
let count: ColdDays['count'];
let states: ColdDays['states'];

beforeEachColdDays((cold) => {
  ({ database, bench, coldTable, count, states } = cold);
});

/** Whose sessions take themselves for those of a replica. */
function replicaBench() {
  return {
    rooms: {
      ...bench.rooms,
      connect: async () => {
        const db = await bench.rooms.connect('work');
        await db.query('set session_replication_role = replica');
        return db;
      },
    },
  };
}

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
    const asReplica = replicaBench();
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
    const asReplica = replicaBench();
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
