/** Entries whose rows the table itself keeps out, or refuses late: each is told, and the others are written. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SameKey } from '../../../src/domain/drain/source.ts';
import { listDeadLetters } from '../../../src/ledger/dead-letters.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type DrainBench, openDrainBench } from '../../support/drain.ts';
import { makeSource } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const COLUMNS = { n: 'n', ts: 'ts', v: 'v' };
const KEPT_OUT = 'a trigger or rule of the table kept the row out, without an error';

describeOn('redis', 'an entry whose row the table', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let bench: DrainBench;
  let count = 0;

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    bench = await openDrainBench(database, server.url);
    await database.query(
      `create function odd_only() returns trigger language plpgsql as $$
         begin if new.n % 2 = 0 then return null; end if; return new; end $$;
       create function upper_note() returns trigger language plpgsql as $$
         begin new.v = upper(new.v); return new; end $$`,
    );
  });
  beforeEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  /** A fresh table. */
  async function table(more: string, changes = ''): Promise<string> {
    count += 1;
    const name = `kept_${String(count)}`;
    await database.query(
      `create table ${name} (n int not null, ts timestamptz not null, v text ${more}); ${changes.replaceAll('TABLE', name)}`,
    );
    return name;
  }

  const push = (n: number, v = 'a'): Promise<number> =>
    redis.rpush('queue', JSON.stringify({ n, ts: '2026-03-01T00:00:00Z', v }));

  async function outcome(name: string, sameKey: SameKey | null, more = {}) {
    const source = makeSource(name, {
      kind: 'list',
      keys: 'queue',
      columns: COLUMNS,
      name: `list_${name}`,
      sameKey,
      ...more,
    });
    const totals = await bench.drain(source);
    const rows = await database.query(`select n from ${name} order by n`);
    const db = await database.connect();
    const letters = await listDeadLetters(db, {
      source: source.name,
      state: 'waiting',
      reasonCode: null,
      limit: 5_000,
    });
    await db.end();
    return { totals, rows: rows.rows.map(({ n }) => n as number), letters };
  }

  const FILTER = `create trigger odd before insert on TABLE for each row execute function odd_only()`;

  describe.each([
    ['of a table without a key', '', null],
    ['where the first of a key stays', ', unique (n)', 'first'],
    ['where the last of a key stays', ', unique (n)', 'last'],
    ['where one key is one entry', ', unique (n)', 'error'],
  ] as const)('%s', (_, key, sameKey) => {
    it.each([
      ['a trigger', FILTER],
      ['a rule', `create rule odd as on insert to TABLE where new.n % 2 = 0 do instead nothing`],
    ])('keeps out by %s is a dead letter, and no row', async (by, change) => {
      // A rule and ON CONFLICT exclude each other.
      if (by === 'a rule' && key !== '') return;
      const name = await table(key, change);
      for (const n of [1, 2, 3, 4, 5]) await push(n);
      const { totals, rows, letters } = await outcome(name, sameKey);
      expect(rows).toEqual([1, 3, 5]);
      expect(totals).toMatchObject({ entries: 5, rows: 3, deadLetters: 2, sameKey: 0 });
      expect(letters.map(({ reason }) => reason)).toEqual([KEPT_OUT, KEPT_OUT]);
    });
  });

  it('keeps out is a dead letter also where many go in by COPY', async () => {
    const name = await table('', FILTER.replace('for each row', 'for each row when (new.n < 5)'));
    const all = Array.from({ length: 3_000 }, (_, n) => n);
    await redis.rpush(
      'queue',
      ...all.map((n) => JSON.stringify({ n, ts: '2026-03-01T00:00:00Z', v: 'a' })),
    );
    const limits = { maxEntries: 3_000, maxBytes: 8 * 1024 ** 2 };
    const { totals, letters } = await outcome(name, null, { limits });
    expect(totals).toMatchObject({ rows: 2_997, deadLetters: 3 });
    expect(letters).toHaveLength(3);
  });

  it('gives another key is a row, now and when it comes again', async () => {
    const name = await table(
      ', unique nulls not distinct (v, ts)',
      'create trigger up before insert on TABLE for each row execute function upper_note()',
    );
    for (let pass = 0; pass < 2; pass += 1) {
      await push(1, 'a');
      await push(2, 'b');
      const { totals, rows, letters } = await outcome(name, 'last');
      expect([rows, letters, totals.deadLetters]).toEqual([[1, 2], [], 0]);
    }
  });

  it('puts into a table that inherits from it is a row', async () => {
    const name = await table(
      '',
      `create table TABLE_child () inherits (TABLE);
       create function TABLE_route() returns trigger language plpgsql as $$
         begin insert into public.TABLE_child select new.*; return null; end $$;
       create trigger route before insert on TABLE for each row execute function TABLE_route()`,
    );
    await push(1);
    const { totals, rows } = await outcome(name, null);
    expect([rows, totals.rows, totals.deadLetters]).toEqual([[1], 1, 0]);
  });

  it.each([
    [
      'a foreign key',
      'alter table TABLE add foreign key (n) references parents deferrable initially deferred',
    ],
    [
      'a trigger',
      `create constraint trigger late after insert on TABLE deferrable initially deferred
       for each row when (new.n > 3) execute function no_more()`,
    ],
  ])('refuses at COMMIT by %s is a dead letter; the others are rows', async (_, change) => {
    await database.query(
      `create table if not exists parents (n int primary key);
       insert into parents select generate_series(1, 3) on conflict do nothing;
       create or replace function no_more() returns trigger language plpgsql as $$
         begin raise exception 'no more'; end $$`,
    );
    const name = await table('', change);
    for (const n of [1, 4, 2]) await push(n);
    const { totals, rows, letters } = await outcome(name, null);
    expect(rows).toEqual([1, 2]);
    expect(totals).toMatchObject({ rows: 2, deadLetters: 1 });
    expect(letters).toHaveLength(1);
  });

  it('refuses because a trigger names another without its schema stays in Redis, and it is said why', async () => {
    const name = await table(
      '',
      `create table if not exists heard (n int);
       create or replace function hear() returns trigger language plpgsql as $$
         begin insert into heard values (new.n); return null; end $$;
       create trigger hear after insert on TABLE for each row execute function hear()`,
    );
    await push(1);
    await expect(outcome(name, null)).rejects.toMatchObject({
      code: 'POSTGRES_FAILED',
      hint: expect.stringMatching(
        /^tierd runs with the search_path .*nothing was committed$/u,
      ) as unknown,
    });
    expect(await redis.keys('*')).toHaveLength(1);
    await database.query("alter function hear set search_path = 'public'");
    expect((await outcome(name, null)).rows).toEqual([1]);
  });
});
