import type pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TableDescription } from '../../../src/domain/table.ts';
import { deleteRows } from '../../../src/hot/delete/delete-rows.ts';
import { type VacuumedTable, vacuumTable } from '../../../src/hot/delete/vacuum.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { backendOf, dayOf, describePublic, writing } from '../../support/hot.ts';
import { describeOn } from '../../support/servers.ts';

let database: TestDatabase;
let client: pg.Client;
const day = dayOf('2024-01-15');

async function vacuum(
  table: TableDescription,
  by: pg.Client = client,
): Promise<readonly VacuumedTable[]> {
  return vacuumTable(by, table, {
    ranges: [day],
    analyze: true,
    truncate: false,
    lockTimeoutMs: 200,
    statementTimeoutMs: 60_000,
  });
}

/** Deletes as a rotation does. */
const remove = (table: TableDescription): Promise<unknown> =>
  writing(client, () =>
    deleteRows(client, table, {
      range: day,
      filter: null,
      mode: 'versions',
      maxRowsPerStatement: 1_000,
      lockTimeoutMs: 5_000,
    }),
  );

describe('vacuuming after a deletion', () => {
  let table: TableDescription;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.connect();
  });

  beforeEach(async () => {
    await database.query(`
      drop table if exists v;
      create table v with (autovacuum_enabled = off) as
        select '2024-01-15+00'::timestamptz + i * interval '1 minute' as ts, i as n from generate_series(0, 1439) i`);
    table = await describePublic(client, 'v');
  });

  it.each(['drop table v', 'alter table v rename to v_renamed'])(
    'has nothing to tell of a table that is gone since: %s (I4)',
    async (statement) => {
      await remove(table);
      await database.query(`drop table if exists v_renamed; ${statement}`);
      expect(await vacuum(table)).toEqual([]);
    },
  );

  it('reports the table cleaned', async () => {
    await remove(table);
    expect(await vacuum(table)).toMatchObject([
      {
        table: { schema: 'public', name: 'v' },
        result: { outcome: 'cleaned' },
        deadRowsBefore: 1440,
        deadRowsAfter: 0,
      },
    ]);
  });

  it('takes the pointers that VACUUM leaves in a large table for the next time for what they are', async () => {
    await database.query(`
      drop table if exists large;
      create table large with (autovacuum_enabled = off) as
        select '2024-01-15+00'::timestamptz - i * interval '1 minute' as ts, repeat('x', 500) as v from generate_series(-20, 20000) i;
      create index on large (ts)`);
    const large = await describePublic(client, 'large');
    await remove(large);
    expect(await vacuum(large)).toMatchObject([
      { result: { outcome: 'cleaned' }, deadRowsBefore: 21, deadRowsAfter: 0 },
    ]);
  });

  it('names who still sees the dead rows when an old snapshot does, and none who reads another database', async () => {
    const elsewhere = await (await createTestDatabase()).connect();
    await elsewhere.query(`begin isolation level repeatable read; select count(*) from pg_class`);
    await database.query(`create table writes_between (n int)`);
    const reader = await database.connect();
    await reader.query(
      `set application_name = 'nightly dump'; begin isolation level repeatable read; select count(*) from pg_class`,
    );
    await remove(table);
    const [result] = await vacuum(table);
    expect(result).toMatchObject({ result: { outcome: 'unremovable' }, deadRowsAfter: 1440 });
    expect(JSON.stringify(result)).toContain(
      `pid ${String(await backendOf(reader))} (nightly dump), idle in transaction`,
    );
    await reader.query('rollback');
    expect(await vacuum(table)).toMatchObject([{ result: { outcome: 'cleaned' } }]);
    await elsewhere.query('rollback');
  });

  it('says that it was skipped, and who holds the lock', async () => {
    const holder = await database.connect();
    await holder.query(`set application_name = 'migration'; begin; lock table v in share mode`);
    await database.query('select 1');
    expect(await vacuum(table)).toMatchObject([
      {
        result: {
          outcome: 'skipped',
          reason: `locked by pid ${String(await backendOf(holder))} migration`,
        },
      },
    ]);
    await holder.query('rollback');
  });

  it('says that it was skipped when the role may not, which the server itself keeps quiet about', async () => {
    await database.query(
      `create role deleter_${database.name} login; grant select, delete on v to deleter_${database.name}`,
    );
    const deleter = await database.connect();
    try {
      await deleter.query(`set role deleter_${database.name}`);
      await remove(table);
      expect(await vacuum(table, deleter)).toMatchObject([
        {
          result: { outcome: 'skipped', reason: expect.stringContaining('does not own') as string },
        },
      ]);
    } finally {
      await deleter.end();
      await database.query(`drop table v; drop role deleter_${database.name}`);
    }
  });

  it('vacuums the partitions that the range touches and no others', async () => {
    await database.query(`
      create table p (ts timestamptz) partition by range (ts);
      create table p14 partition of p for values from ('2024-01-14 00:00+00') to ('2024-01-15 00:00+00') with (autovacuum_enabled = off);
      create table p15 partition of p for values from ('2024-01-15 00:00+00') to ('2024-01-16 00:00+00') with (autovacuum_enabled = off);
      create table prest partition of p default with (autovacuum_enabled = off);
      insert into p select '2024-01-14+00'::timestamptz + i * interval '1 hour' from generate_series(0, 71) i`);
    const parted = await describePublic(client, 'p');
    await remove(parted);
    expect(await vacuum(parted)).toMatchObject([
      { table: { name: 'p15' }, result: { outcome: 'cleaned' }, deadRowsBefore: 24 },
      { table: { name: 'prest' }, result: { outcome: 'cleaned' }, deadRowsBefore: 0 },
    ]);
  });
});

describeOn('timescale', 'vacuuming after a deletion from a hypertable', () => {
  it('vacuums the chunk that the range touches', async () => {
    database = await createTestDatabase({ timescale: true });
    client = await database.connect();
    await database.query(`
      create table h (ts timestamptz not null) with (autovacuum_enabled = off);
      select create_hypertable('h', by_range('ts', interval '1 day'));
      insert into h select '2024-01-14+00'::timestamptz + i * interval '1 hour' from generate_series(0, 71) i`);
    const table = await describePublic(client, 'h');
    await remove(table);
    expect(await vacuum(table)).toMatchObject([
      { result: { outcome: 'cleaned' }, deadRowsBefore: 24, deadRowsAfter: 0 },
    ]);
  });
});
