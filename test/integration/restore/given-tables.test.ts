/** A copy is made once, whatever became of the table and of the database since. */
import { beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../../src/hot/server/connect.ts';
import { takeOverLake } from '../../../src/jobs/lake-owner.ts';
import { planRestoreOf } from '../../../src/jobs/restore.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { copyDatabase } from '../../support/dump.ts';
import { days, restore, restoreRooms, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const ROWS_A_DAY = 20;
const dataset = makeDataset('bars', { sortBy: [] });
const INTO = { schema: 'public', name: 'bars_copy' };

let database: TestDatabase;
let bench: Bench;

/** Days 40, 39 and 38 are cold, and day 40 was copied. */
beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  await database.query('create table bars (time timestamptz not null, id bigint not null)');
  for (const day of [40, 39, 38, 5]) {
    await database.query(
      `insert into bars select $1::timestamptz + n * interval '7 minutes', $2 * 1000 + n
       from generate_series(0, ${String(ROWS_A_DAY - 1)}) n`,
      [daysAgo(day), day],
    );
  }
  await rotateAll(bench, dataset);
  await restore(bench, dataset, days(40, 39), { into: INTO });
});

async function idsIn(where: TestDatabase, table: string): Promise<{ rows: number; ids: number }> {
  const { rows } = await where.query(
    `select count(*)::int as rows, count(distinct id)::int as ids from ${table}`,
  );
  return rows[0] as { rows: number; ids: number };
}

const once = (days_: number) => ({ rows: days_ * ROWS_A_DAY, ids: days_ * ROWS_A_DAY });

describe('a restore into another table', () => {
  it('knows the table under another name, and its old name as another table', async () => {
    await database.query('alter table bars_copy rename to kept');
    const into = { schema: 'public', name: 'kept' };
    const again = await restore(bench, dataset, days(40, 38), { into });
    expect(again.totals.restored).toHaveLength(1);
    expect(await idsIn(database, 'kept')).toEqual(once(2));

    const anew = await restore(bench, dataset, days(40, 38), { into: INTO });
    expect(anew.totals.restored).toHaveLength(2);
    expect(await idsIn(database, 'bars_copy')).toEqual(once(2));
  });

  it('knows its rows in a table that took its place', async () => {
    await database.query(
      `create table swap as table bars_copy; drop table bars_copy; alter table swap rename to bars_copy`,
    );
    const again = await restore(bench, dataset, days(40, 37), { into: INTO });
    expect(again.plan.notes.join('\n')).toContain('1 slice was copied into public.bars_copy');
    expect(await idsIn(database, 'bars_copy')).toEqual(once(3));
  });

  it('gives a table that was made anew the rows again', async () => {
    await database.query('drop table bars_copy; create table bars_copy (like bars)');
    const { totals } = await restore(bench, dataset, days(40, 37), { into: INTO });
    expect(totals.restored).toHaveLength(3);
    expect(await idsIn(database, 'bars_copy')).toEqual(once(3));
  });

  it('is refused, with the statement that helps, where the table can not be made', async () => {
    const into = { schema: 'nowhere', name: 'kept' };
    await expect(restore(bench, dataset, days(40, 38), { into })).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('there is no schema nowhere') as string,
      hint: expect.stringContaining('create schema "nowhere"') as string,
    });
    const role = `maker_${database.name}`;
    await database.query(
      `create schema nowhere; create role ${role}; grant usage on schema nowhere, tierd, public to ${role};
       grant select on all tables in schema tierd, public to ${role}`,
    );
    const asRole = async () => {
      const client = await connect({ url: database.url, job: 'test' });
      await client.query(`set role ${role}`);
      return client;
    };
    const request = { span: days(40, 38), where: null, into, pinUntil: null };
    const rooms = { ...restoreRooms(bench, dataset), connect: asRole };
    const plan = await planRestoreOf(rooms, dataset, request, bench.rooms.signal);
    expect(plan.refusals).toMatchObject([
      { guard: 'missing_privilege', hint: `grant usage, create on schema "nowhere" to "${role}";` },
    ]);
    await database.query(`drop owned by ${role}; drop role ${role}`);
  });

  it('refuses the slices of which it can not tell', async () => {
    await database.query(
      `create table swap as table bars_copy; drop table bars_copy; alter table swap rename to bars_copy;
       delete from bars_copy where id = 40001`,
    );
    const { totals } = await restore(bench, dataset, days(40, 37), { into: INTO });
    expect(totals.restored).toHaveLength(2);
    expect(totals.failed).toMatchObject([{ error: { code: 'MOVE_REFUSED' } }]);
    expect(totals.failed[0]?.error.message).toContain('it holds 19 rows of that time, not the 20');
    await database.query('delete from bars_copy where id between 40000 and 40999');
    await restore(bench, dataset, days(40, 37), { into: INTO });
    expect(await idsIn(database, 'bars_copy')).toEqual(once(3));
  });
});

describeOn('pg_dump', 'a restore in a database that came back from a dump', () => {
  let copy: TestDatabase;
  let there: Pick<Bench, 'rooms'>;

  beforeEach(async () => {
    copy = await createTestDatabase();
    await copyDatabase(database.url, copy.url);
    there = {
      rooms: { ...bench.rooms, connect: () => connect({ url: copy.url, job: 'test' }) },
    };
    const db = await copy.connect();
    await takeOverLake(there.rooms, db);
    await db.end();
  });

  it('doubles nothing in the table that was copied into before', async () => {
    const again = await restore(there, dataset, days(40, 37), { into: INTO });
    expect(again.totals.restored).toHaveLength(2);
    expect(await idsIn(copy, 'bars_copy')).toEqual(once(3));
    // By now it is known again for certain.
    const third = await restore(there, dataset, days(40, 37), { into: INTO });
    expect(third.totals.restored).toEqual([]);
  });

  it('doubles nothing where the table was renamed since', async () => {
    await copy.query('alter table bars_copy rename to kept');
    const into = { schema: 'public', name: 'kept' };
    await restore(there, dataset, days(40, 37), { into });
    expect(await idsIn(copy, 'kept')).toEqual(once(3));
  });

  it('takes no other table for the copied one because of its number', async () => {
    await copy.query(
      `create table other (like bars);
       update tierd.restores set into_identity =
         regexp_replace(into_identity, '[0-9]+$', 'other'::regclass::oid::text) where into_identity is not null`,
    );
    const { totals } = await restore(there, dataset, days(40, 37), {
      into: { schema: 'public', name: 'other' },
    });
    expect(totals.restored).toHaveLength(3);
    expect(await idsIn(copy, 'other')).toEqual(once(3));
  });
});
