/** `tierd attach`: hot and cold as one view inside PostgreSQL, which postgres_fdw and the PostgreSQL face make. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/time/clock.ts';
import { runInside, runTierd } from '../support/cli.ts';
import { stopped } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type FaceDaemon, PASSWORD, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { freePort } from '../support/server-process.ts';

let database: TestDatabase;
let daemon: FaceDaemon;

const DATASETS = `  ticks: { time_column: ts }
  types_t: { time_column: at, columns: {} }`;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    create type mood as enum ('sad', 'ok', 'happy');
    create domain percent as numeric(5,2);
    create table ticks (
      ts timestamptz not null, id int not null, gone int, price numeric(12,4), note text, tag text collate "C", v varchar(10),
      twice int generated always as (id * 2) stored, primary key (ts, id));
    alter table ticks drop column gone;
    comment on table ticks is 'What ticked.';
    comment on column ticks.price is 'In euros, it''s said.';
    insert into ticks (ts, id, price, note, tag, v)
    select date_trunc('day', now(), 'UTC') - d * interval '24 hours' + n * interval '1 minute', d * 1000 + n, n / 8.0,
      (array[null, '', 'NULL', 'a', 'b', 'Ä', 'z', 'Z'])[1 + n % 8], chr(65 + n % 40), n::text
    from unnest(array[1, 3, 40, 41, 55]) d, generate_series(1, 100) n;
    create table types_t (
      at timestamp not null, m mood, p percent, loose numeric, doc jsonb, span interval, raw bytea, list int[], ip inet,
      id uuid, t time, f8 float8, f4 float4, flag bool, d date, i8 bigint, c char(5));
    insert into types_t
    select now()::timestamp - interval '60 days' * (n % 2) - n * interval '1 second', (array['sad', 'ok', 'happy'])[1 + n % 3]::mood,
      n, n / 7.0, jsonb_build_object('n', n), n * interval '1 hour', decode(lpad(to_hex(n), 4, '0'), 'hex'), array[n, null, 2],
      ('10.0.0.' || n)::inet, md5(n::text)::uuid, time '01:00' + n * interval '1 minute', sqrt(n), n / 3.0, n % 2 = 0, date '2024-01-01' + n, n * 10000000000, 'x' || n
    from generate_series(0, 49) n;
    create table plain_ticks as table ticks;
    create table plain_types_t as table types_t;
  `);
  const port = await freePort();
  daemon = await startFaceDaemon(database, { datasets: DATASETS, port });
});

afterAll(() => endHttpDaemon(daemon));

const tierd = (...argv: readonly string[]) =>
  runInside(argv, { workingDirectory: daemon.directory, clock: systemClock });

async function rowsOf(sql: string): Promise<readonly unknown[]> {
  return (await database.query(sql)).rows as unknown[];
}

async function planOf(sql: string): Promise<string> {
  const rows = await rowsOf(`explain (verbose, costs off) ${sql}`);
  return rows.map((row) => (row as { 'QUERY PLAN': string })['QUERY PLAN']).join('\n');
}

async function codeOf(asked: Promise<unknown>): Promise<unknown> {
  return asked.then(
    () => null,
    (error: unknown) => (error as { readonly code: string }).code,
  );
}

describe('what is attached', () => {
  it('is made, said, and left as it is the next time', async () => {
    const dry = await tierd('attach', '--dry-run');
    expect(dry.stdout).toBe(
      'would attach ticks as attached.ticks\nwould attach types_t as attached.types_t\n',
    );
    expect(await rowsOf(`select nspname from pg_namespace where nspname = 'attached'`)).toEqual([]);
    const made = await tierd('attach');
    expect(made, made.stderr).toMatchObject({
      exitCode: 0,
      stdout: 'attached ticks as attached.ticks\nattached types_t as attached.types_t\n',
    });
    expect(made.stderr).toBe('');
    const rows = `select relname, reltuples from pg_class where relname in ('ticks_cold', 'types_t_cold') order by 1`;
    expect(await rowsOf(rows)).toEqual([
      { relname: 'ticks_cold', reltuples: 300 },
      { relname: 'types_t_cold', reltuples: 25 },
    ]);
    const again = await tierd('attach', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({
      datasets: [{ step: 'same' }, { step: 'same' }],
      statements: 0,
    });
  });

  it.each(['ticks', 'types_t'])(
    'has the rows of a table that was never split: %s',
    async (table) => {
      const cold = await rowsOf(`select count(*)::int as n from attached.${table}_cold`);
      expect((cold[0] as { n: number }).n).toBeGreaterThan(0);
      const text = (from: string): string => `select t::text as row from ${from} t order by 1`;
      expect(await rowsOf(text(`attached.${table}`))).toEqual(await rowsOf(text(`plain_${table}`)));
    },
  );

  it('says of its columns what the table says', async () => {
    const columns = (name: string): string =>
      `select a.attname, format_type(a.atttypid, a.atttypmod) as type, a.attcollation::regcollation::text as collation,
              col_description(a.attrelid, a.attnum) as comment, obj_description(a.attrelid, 'pg_class') as of_table
       from pg_attribute a where a.attrelid = '${name}'::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`;
    for (const table of ['ticks', 'types_t']) {
      expect(await rowsOf(columns(`attached.${table}`))).toEqual(await rowsOf(columns(table)));
    }
  });

  it.each([
    'count(*), sum(id), min(price), max(ts) from T',
    `count(*) from T where note = 'Ä'`,
    `id from T where note < 'b' collate "C" order by id`,
    'id, note from T where id % 7 = 0 order by note, id',
    'note, count(*), avg(price) from T group by note order by note',
    `count(*) from T where ts < now() - interval '30 days' and price > 3`,
    `count(*) from T where ts >= now() - interval '10 days'`,
    'a.id from T a join T b using (ts, id) where b.v = $$12$$ order by 1',
    `distinct on (note) note, id from T order by note, id desc`,
    'id from T where twice = 80042',
    'id from T where v in ($$7$$, $$9$$) order by id limit 3',
    'id, ts from T order by ts desc limit 5',
    `ts::date, count(*) from T group by 1 order by 1`,
    `id from T where lower(note) = 'z' order by 1`,
  ])('answers as a table that was never split: select %s', async (sql) => {
    const of = (from: string) => rowsOf(`select ${sql.replaceAll('T', from)}`);
    expect(await of('attached.ticks')).toEqual(await of('plain_ticks'));
  });

  it.each([
    `count(*) from T where m = 'sad'`,
    'count(*) from T where m > $$sad$$',
    'id from T where loose > 3.3 order by id',
    `id from T where doc ->> 'n' = '7'`,
    `id from T where span > interval '20 hours' order by id`,
    `encode(raw, 'hex') from T where length(raw) = 2 and raw > '\\x0010' order by 1`,
    `id from T where 3 = any(list)`,
    `id from T where ip << '10.0.0.0/28' order by 1`,
    `id from T where t > time '01:40' order by 1`,
    `id from T where f8 > 6 and f4 < 14.5 and flag order by 1`,
    `d, i8 from T where d between '2024-01-05' and '2024-01-09' order by 1`,
    `id from T where c = 'x7'`,
    `id from T where c like 'x4%' order by id`,
    `p from T where p >= 48 order by p`,
    'sum(loose), max(span), min(doc::text), count(distinct m) from T',
  ])('leaves to PostgreSQL what it alone can compare: select %s', async (sql) => {
    const of = (from: string) => rowsOf(`select ${sql.replaceAll('T', from)}`);
    expect(await of('attached.types_t')).toEqual(await of('plain_types_t'));
  });

  it('never asks tierd about times that nothing was moved of', async () => {
    const recent = `select count(*) from attached.ticks where ts > now() - interval '5 days'`;
    const date = new Date(Date.now() - 5 * 86_400_000).toISOString();
    expect(await planOf(`select * from attached.ticks where ts > '${date}'`)).not.toContain(
      'Foreign',
    );
    expect(await planOf(recent)).toContain('Subplans Removed: 1');
    expect(await rowsOf(recent)).toEqual([{ count: '200' }]);
  });

  it('sends on what tierd can compare', async () => {
    const plan = await planOf(
      `select id from attached.ticks where note = 'a' and ts < '2100-01-01' and price > 3 and id = any(array[1, 2])`,
    );
    expect(plan).toMatch(/Remote SQL: .*price > 3.*id = ANY.*tierd_as_of = \$1.*note = 'a'/);
  });
});

describe('who reads it', () => {
  it('is who may read the table, and sees no password', async () => {
    await database.query(`
      do $$ begin
        create role attach_reader login; create role attach_part login; create role attach_nobody login;
      exception when duplicate_object then null; end $$;
      grant select on ticks to attach_reader; grant select (ts, id) on ticks to attach_part`);
    expect((await tierd('attach')).stdout).toContain('attached anew ticks');
    const as = async (role: string, sql: string): Promise<unknown> => {
      const db = await database.connect();
      try {
        await db.query(`set role ${role}`);
        return await db.query(sql).then(
          ({ rows }) => rows as unknown,
          (error: unknown) => (error as { readonly code: string }).code,
        );
      } finally {
        await db.end();
      }
    };
    const count = 'select count(*) from attached.ticks';
    expect(await as('attach_reader', count)).toEqual([{ count: '500' }]);
    expect(await as('attach_reader', 'select count(*) from attached.ticks_cold')).toEqual([
      { count: '300' },
    ]);
    expect(await as('attach_part', 'select sum(id) from attached.ticks')).toBe('42501');
    expect(await as('attach_nobody', count)).toBe('42501');
    const mappings = 'select umoptions from pg_user_mappings';
    for (const role of ['attach_reader', 'attach_part', 'attach_nobody']) {
      expect(await as(role, mappings)).toEqual([{ umoptions: null }]);
      expect(await as(role, 'select * from pg_user_mapping')).toBe('42501');
      expect(await as(role, 'select * from attached.tierd_attached')).toBe('42501');
      expect(await as(role, `select attached.tierd_fit('ticks', 9000000000000000000)`)).toBe(
        '42501',
      );
      expect(await as(role, 'create foreign table own (a int) server tierd_run')).toBe('42501');
    }
    await database.query(
      'revoke select on ticks from attach_reader; revoke select (ts, id) on ticks from attach_part',
    );
    await tierd('attach');
    expect(await as('attach_reader', count)).toBe('42501');
    expect(await as('attach_reader', 'select count(*) from attached.ticks_cold')).toBe('42501');
  });

  it('is refused where policies say who sees what', async () => {
    await database.query('alter table ticks enable row level security');
    const found = await tierd('attach', 'ticks');
    expect(found.exitCode).toBe(3);
    expect(found.stderr).toContain('olicies say who sees which row of public.ticks');
    await database.query('alter table ticks disable row level security');
  });
});

describe('texts', () => {
  it('are put in order by PostgreSQL, and else refused', async () => {
    // The servers that npm carries compare by bytes themselves: then there is one order.
    const [{ other } = { other: null }] = (await rowsOf(
      `select case when datlocprovider = 'i' then '0A000' end as other from pg_database where datname = current_database()`,
    )) as readonly { readonly other: string | null }[];
    expect(await codeOf(database.query(`select id from attached.ticks where note < 'b'`))).toBe(
      other,
    );
    expect(await codeOf(database.query('select max(note) from attached.ticks_cold'))).toBe(other);
    const fenced = (from: string) =>
      rowsOf(
        `select id from (select * from ${from} offset 0) t where note < 'b' order by note, id`,
      );
    expect(await fenced('attached.ticks')).toEqual(await fenced('plain_ticks'));
  });
});

describe('one instant', () => {
  const rotate = async (): Promise<void> => {
    const { exitCode, stderr } = await runTierd(['rotate', '--force', '--quiet'], {
      workingDirectory: daemon.directory,
    });
    expect(exitCode, stderr).toBe(0);
  };
  const late = (day: number): string => `
    insert into ticks (ts, id, price) select date_trunc('day', now(), 'UTC') - ${String(day)} * interval '24 hours' + n * interval '1 second', 900000 + n, n
    from generate_series(1, 50) n`;
  const count = 'select count(*)::int as n from attached.ticks';

  it('is that of the statement, in the order in which a transaction asks', async () => {
    const reader = await database.connect();
    await reader.query('begin isolation level repeatable read');
    expect((await reader.query(count)).rows).toEqual([{ n: 500 }]);
    await database.query(late(44));
    await rotate();
    expect((await reader.query(count)).rows).toEqual([{ n: 500 }]);
    await reader.query('commit');
    expect((await reader.query(count)).rows).toEqual([{ n: 550 }]);
    await reader.end();
  });

  it('I2: a cursor that was declared before a move reads as before it', async () => {
    const reader = await database.connect();
    await reader.query('begin');
    await reader.query(
      `declare c cursor for select id from attached.ticks where ts < now() - interval '30 days'`,
    );
    await database.query(late(45));
    await rotate();
    expect((await reader.query('fetch all from c')).rows).toHaveLength(350);
    await reader.query('commit');
    expect(await rowsOf(count)).toEqual([{ n: 600 }]);
    await reader.end();
  });

  it('shows the newer of a row that came again after it moved', async () => {
    await database.query(`
      insert into ticks (ts, id, price, note) select ts, id, price + 1000, 'again' from plain_ticks where id between 40001 and 40010`);
    expect(await rowsOf(count)).toEqual([{ n: 600 }]);
    const again = `select count(*)::int as n, min(price)::int as least from attached.ticks where id between 40001 and 40010`;
    expect(await rowsOf(again)).toEqual([{ n: 10, least: 1000 }]);
    expect(await rowsOf(again.replace('ticks', 'ticks_cold'))).toEqual([{ n: 10, least: 0 }]);
    await rotate();
    expect(await rowsOf(again)).toEqual([{ n: 10, least: 1000 }]);
  });

  it('follows rows that leave before the lake was known to reach so far', async () => {
    const ends = async (): Promise<bigint> => {
      const rows = await rowsOf(
        `select until_us::text as us from attached.tierd_attached where dataset = 'ticks'`,
      );
      return BigInt((rows[0] as { us: string }).us);
    };
    const before = await ends();
    const { exitCode, stderr } = await runTierd(
      ['cleanup', '--hot-days', '2', '--yes', '--quiet'],
      {
        workingDirectory: daemon.directory,
      },
    );
    expect(exitCode, stderr).toBe(0);
    expect(await ends()).toBeGreaterThan(before);
    expect(await rowsOf(count)).toEqual([{ n: 600 }]);
    expect(await rowsOf(`${count} where ts > now() - interval '5 days'`)).toEqual([{ n: 200 }]);
    expect(await rowsOf('select count(*)::int as n from ticks')).toEqual([{ n: 100 }]);
  });
});

describe('a table that changes', () => {
  it('is told by the doctor, and attached anew', async () => {
    await database.query('alter table ticks add column added int default 7');
    const doctor = await tierd('doctor', '--json');
    const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; status: string }[] };
    expect(checks.filter(({ name }) => name.startsWith('attached:'))).toMatchObject([
      { name: 'attached:ticks', status: 'warning' },
      { name: 'attached:types_t', status: 'ok' },
    ]);
    await database.query('create view on_top as select id from attached.ticks');
    expect((await tierd('attach')).stdout).toContain('attached anew ticks');
    const added =
      'select added, count(*)::int as n from attached.ticks group by added order by added';
    expect(await rowsOf(added)).toEqual([
      { added: 7, n: 100 },
      { added: null, n: 500 },
    ]);
    await database.query('drop view on_top');
  });

  it('whose triggers went with the ledger gets them back: what moves later would be missed', async () => {
    await database.query(`drop trigger tierd_attached_insert on tierd.segments;
      drop trigger tierd_attached_update on tierd.segments`);
    const { stdout } = await tierd('doctor');
    expect(stdout).toMatch(/attached:types_t.*\n?.*tierd attach/);
    expect((await tierd('attach')).stdout).toContain('attached anew types_t');
    expect((await tierd('attach')).stdout).toContain('as it was types_t');
  });
});

describe('without tierd', () => {
  it('is run by somebody else: what is printed does the same, and tells no password', async () => {
    expect((await tierd('detach')).stdout).toBe(
      'detached ticks as attached.ticks\ndetached types_t as attached.types_t\n',
    );
    const { stdout } = await tierd('attach', '--print');
    expect(stdout).not.toContain(PASSWORD);
    await database.query(stdout.replaceAll(`:'tierd_password'`, `'${PASSWORD}'`));
    expect(await rowsOf('select count(*)::int as n from attached.ticks')).toEqual([{ n: 600 }]);
    expect((await tierd('attach')).stdout).toBe(
      'as it was ticks as attached.ticks\nas it was types_t as attached.types_t\n',
    );
  });

  it('hot time alone is answered as before, and what needs cold says what is to be started', async () => {
    const recent = `select count(*)::int as n from attached.types_t where at > now()::timestamp - interval '5 days'`;
    expect(await rowsOf(recent)).toEqual([{ n: 25 }]);
    await stopped(daemon.process);
    expect(await rowsOf(recent)).toEqual([{ n: 25 }]);
    const all = database.query('select count(*) from attached.types_t');
    await expect(all).rejects.toMatchObject({
      code: '08001',
      message: 'could not connect to server "tierd_run"',
      detail: expect.stringContaining('Connection refused') as unknown,
    });
  });

  it('is removed, and nothing of it is left', async () => {
    const made = async () => ({
      relations: await rowsOf(
        `select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where nspname = 'attached'`,
      ),
      schemas: await rowsOf(`select nspname from pg_namespace where nspname = 'attached'`),
      servers: await rowsOf('select srvname from pg_foreign_server'),
      mappings: await rowsOf('select umid from pg_user_mappings'),
      triggers: await rowsOf(`select tgname from pg_trigger where tgname like 'tierd_attached%'`),
    });
    expect((await tierd('detach', '--dry-run')).stdout).toContain('would detach ticks');
    expect((await made()).triggers).toHaveLength(2);
    expect((await tierd('detach', 'types_t')).exitCode).toBe(0);
    expect((await made()).triggers).toHaveLength(2);
    expect((await tierd('detach', 'types_t')).exitCode).toBe(2);
    expect((await tierd('detach')).exitCode).toBe(0);
    expect(await made()).toEqual({
      relations: [],
      schemas: [],
      servers: [],
      mappings: [],
      triggers: [],
    });
    expect((await tierd('detach')).stdout).toBe('Nothing is attached.\n');
  });
});
