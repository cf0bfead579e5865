import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TableHazard } from '../../../src/domain/plan/hazards.ts';
import { findHazards } from '../../../src/hot/hazards/hazards.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { describePublic, reading } from '../../support/hot.ts';
import { describeOn } from '../../support/servers.ts';

let database: TestDatabase;
let client: pg.Client;

async function hazardsOf(name: string, by: pg.Client = client): Promise<readonly TableHazard[]> {
  const table = await describePublic(by, name);
  return reading(by, () => findHazards(by, table));
}

const ref = (name: string): { schema: string; name: string } => ({ schema: 'public', name });

describe('hazards around a table', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.connect();
  });

  it('are none where there is nothing but the table and an index on its time', async () => {
    await database.query('create table calm (ts timestamptz, v int); create index on calm (ts, v)');
    expect(await hazardsOf('calm')).toEqual([]);
  });

  it('are foreign keys that refer to it, with what they do', async () => {
    await database.query(`
      create table ticks (id int primary key, ts timestamptz);
      create index on ticks (ts);
      create table orders (tick int references ticks on delete cascade, other int references ticks)`);
    expect(await hazardsOf('ticks')).toEqual([
      {
        kind: 'foreign_key',
        constraint: 'orders_tick_fkey',
        from: ref('orders'),
        to: ref('ticks'),
        onDelete: 'cascade',
      },
      {
        kind: 'foreign_key',
        constraint: 'orders_other_fkey',
        from: ref('orders'),
        to: ref('ticks'),
        onDelete: 'no action',
      },
    ]);
  });

  it('are triggers and rules on delete, enabled ones only, also of one partition', async () => {
    await database.query(`
      create function note() returns trigger language plpgsql as $$ begin return old; end $$;
      create table watched (ts timestamptz) partition by range (ts);
      create index on watched (ts);
      create table watched_1 partition of watched for values from ('2024-01-01') to ('2024-01-02');
      create table watched_2 partition of watched default;
      create trigger everywhere after delete on watched for each row execute function note();
      create trigger here after delete or insert on watched_1 for each row execute function note();
      create trigger sleeping after delete on watched_1 for each row execute function note();
      alter table watched_1 disable trigger sleeping;
      create trigger inserting after insert on watched for each row execute function note();
      create table ruled (ts timestamptz);
      create index on ruled (ts);
      create rule kept as on delete to ruled do instead nothing`);
    expect(await hazardsOf('watched')).toEqual([
      { kind: 'delete_trigger', trigger: 'everywhere', on: ref('watched'), mayKeepRows: false },
      { kind: 'delete_trigger', trigger: 'here', on: ref('watched_1'), mayKeepRows: false },
    ]);
    expect(await hazardsOf('ruled')).toEqual([
      { kind: 'delete_rule', rule: 'kept', on: ref('ruled') },
    ]);
  });

  it('are missing indexes and default partitions, unlogged tables, heirs and foreign partitions', async () => {
    await database.query(`
      create unlogged table loose (ts timestamptz, v int);
      create index on loose (v, ts);
      create table heir () inherits (loose);
      create table richer (note text) inherits (heir);
      create foreign data wrapper nowhere;
      create server elsewhere foreign data wrapper nowhere;
      create foreign table distant () inherits (loose) server elsewhere;
      alter table heir add primary key (v);
      create table followers (of int references heir);
      create trigger after_delete after delete on richer for each row execute function note();
      create table parted (ts timestamptz) partition by range (ts);
      create index on parted (ts);
      create unlogged table soft partition of parted for values from ('2024-01-03') to ('2024-01-04');
      create table deep partition of parted for values from ('2024-01-04') to ('2024-01-06') partition by range (ts);
      create unlogged table softer partition of deep for values from ('2024-01-04') to ('2024-01-05');
      create foreign table far partition of parted for values from ('2024-01-01') to ('2024-01-02') server elsewhere`);
    expect(await hazardsOf('loose')).toEqual([
      { kind: 'unlogged', tables: [ref('loose')] },
      { kind: 'no_time_index' },
      { kind: 'inheritance', children: [ref('distant'), ref('heir'), ref('richer')] },
      { kind: 'heir_columns', heir: ref('richer'), columns: ['note'] },
      { kind: 'foreign_heir', heir: ref('distant') },
      {
        kind: 'foreign_key',
        constraint: 'followers_of_fkey',
        from: ref('followers'),
        to: ref('heir'),
        onDelete: 'no action',
      },
      { kind: 'delete_trigger', trigger: 'after_delete', on: ref('richer'), mayKeepRows: false },
    ]);
    expect(await hazardsOf('parted')).toEqual([
      { kind: 'unlogged', tables: [ref('soft'), ref('softer')] },
      { kind: 'no_default_partition' },
      { kind: 'foreign_partition', partition: ref('far') },
    ]);
  });

  it('are columns that may name large objects, where the database has any', async () => {
    await database.query(
      'create table blobs (ts timestamptz, body oid); create index on blobs (ts)',
    );
    expect(await hazardsOf('blobs')).toEqual([]);
    await database.query("insert into blobs values (now(), lo_from_bytea(0, 'body'))");
    expect(await hazardsOf('blobs')).toEqual([{ kind: 'large_objects', columns: ['body'] }]);
  });

  it('are publications, and whether a deleted row can be named to their subscribers', async () => {
    await database.query(`
      create table sent (ts timestamptz primary key);
      create table sent_bare (ts timestamptz);
      create index on sent_bare (ts);
      create publication everything for table sent, sent_bare;
      create publication inserts for table sent with (publish = 'insert')`);
    expect(await hazardsOf('sent')).toEqual([
      { kind: 'publication', publication: 'everything', sendsDeletes: true, hasIdentity: true },
      { kind: 'publication', publication: 'inserts', sendsDeletes: false, hasIdentity: true },
    ]);
    expect(await hazardsOf('sent_bare')).toEqual([
      { kind: 'publication', publication: 'everything', sendsDeletes: true, hasIdentity: false },
    ]);
    await database.query('alter table sent_bare replica identity full');
    expect(await hazardsOf('sent_bare')).toMatchObject([{ hasIdentity: true }]);
  });

  it('are rights that the role lacks and row security that applies to it', async () => {
    const role = `reader_${database.name}`;
    await database.query(`
      create role ${role};
      create table guarded (ts timestamptz, v int);
      create index on guarded (ts);
      alter table guarded enable row level security;
      create policy visible on guarded using (v > 0);
      grant select on guarded to ${role}`);
    const reader = await database.connect();
    try {
      await reader.query(`set role ${role}`);
      expect(await hazardsOf('guarded', reader)).toEqual([
        { kind: 'row_security' },
        { kind: 'missing_privilege', privilege: 'delete' },
        { kind: 'missing_privilege', privilege: 'ownership' },
        { kind: 'missing_privilege', privilege: 'vacuum' },
      ]);
      await database.query(`grant delete, maintain on guarded to ${role}`);
      expect(await hazardsOf('guarded', reader)).toEqual([
        { kind: 'row_security' },
        { kind: 'missing_privilege', privilege: 'ownership' },
      ]);
      expect(await hazardsOf('guarded')).toEqual([]);
    } finally {
      await reader.end();
      await database.query(`drop table guarded; drop role ${role}`);
    }
  });
});

describe('the right to vacuum', () => {
  it('is that to each partition, for it is those that are vacuumed', async () => {
    const role = `vacuums_${database.name}`;
    await database.query(`
      create role ${role};
      create table cut (ts timestamptz) partition by range (ts);
      create index on cut (ts);
      create table cut_1 partition of cut default;
      grant select, delete, maintain on cut to ${role}`);
    const client = await database.connect();
    try {
      await client.query(`set role ${role}`);
      const lacks = { kind: 'missing_privilege', privilege: 'vacuum' };
      expect(await hazardsOf('cut', client)).toContainEqual(lacks);
      await database.query(`grant maintain on cut_1 to ${role}`);
      expect(await hazardsOf('cut', client)).not.toContainEqual(lacks);
    } finally {
      await client.end();
      await database.query(`drop table cut; drop role ${role}`);
    }
  });
});

describeOn('timescale', 'hazards around a hypertable', () => {
  it('are none on a plain one, whose own triggers do not count', async () => {
    database = await createTestDatabase({ timescale: true });
    client = await database.connect();
    await database.query(`
      create table h (ts timestamptz not null, v int);
      select create_hypertable('h', by_range('ts', interval '1 day'));
      insert into h values ('2024-01-01', 1)`);
    expect(await hazardsOf('h')).toEqual([]);
  });
});
