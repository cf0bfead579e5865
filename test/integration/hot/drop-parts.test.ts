import type pg from 'pg';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TierdError } from '../../../src/domain/errors.ts';
import type { Part, TableDescription } from '../../../src/domain/table.ts';
import { rangesOverlap } from '../../../src/domain/time/time-range.ts';
import { type DropOptions, dropParts } from '../../../src/hot/delete/drop-parts.ts';
import { digestSlice, formatDigest, type RowsDigest } from '../../../src/hot/measure/digest.ts';
import { lockForReading } from '../../../src/hot/read-lock.ts';
import { inTransaction } from '../../../src/hot/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import {
  backendOf,
  dayOf,
  describePublic,
  reading,
  untilBlocked,
  writing,
} from '../../support/hot.ts';
import { describeOn } from '../../support/servers.ts';

let database: TestDatabase;
let client: pg.Client;
const day = dayOf('2024-01-15');
const HOURLY = `'2024-01-14+00'::timestamptz + i * interval '1 hour'`;

const exported = (table: TableDescription, range = day): Promise<RowsDigest> =>
  reading(client, () => digestSlice(client, table, range, null, 'versions'));

const partsOf = (table: TableDescription): readonly Part[] =>
  table.parts.filter((part) => rangesOverlap(part.range, day));

/** Plans from `table`, drops, and commits. */
async function drop(
  table: TableDescription,
  before: RowsDigest,
  more: Partial<DropOptions> = {},
): Promise<RowsDigest> {
  const options: DropOptions = {
    range: day,
    parts: partsOf(table),
    exported: before,
    method: 'drop',
    lockTimeoutMs: 5_000,
    ...more,
  };
  return writing(client, async () => (await dropParts(client, table, options)).rows);
}

const count = async (table: string): Promise<number> =>
  Number((await database.query(`select count(*) as n from ${table}`)).rows[0].n);

interface Kind {
  readonly name: string;
  readonly timescale: boolean;
  /** Makes an empty table `t (ts, v)` with a part for each day of 2024-01-14 to 16. */
  readonly create: string;
}

const KINDS: readonly Kind[] = [
  {
    name: 'a partitioned table',
    timescale: false,
    create: `
      create table t (ts timestamptz not null, v int) partition by range (ts);
      create table t14 partition of t for values from ('2024-01-14 00:00+00') to ('2024-01-15 00:00+00');
      create table t15 partition of t for values from ('2024-01-15 00:00+00') to ('2024-01-16 00:00+00');
      create table t16 partition of t for values from ('2024-01-16 00:00+00') to ('2024-01-17 00:00+00');
      create table trest partition of t default`,
  },
  {
    name: 'a table partitioned twice',
    timescale: false,
    create: `
      create table t (ts timestamptz not null, v int) partition by range (ts);
      create table t14 partition of t for values from ('2024-01-14 00:00+00') to ('2024-01-15 00:00+00');
      create table t15 partition of t for values from ('2024-01-15 00:00+00') to ('2024-01-16 00:00+00') partition by hash (v);
      create table t15a partition of t15 for values with (modulus 2, remainder 0);
      create table t15b partition of t15 for values with (modulus 2, remainder 1);
      create table t16 partition of t for values from ('2024-01-16 00:00+00') to ('2024-01-17 00:00+00');
      create table trest partition of t default`,
  },
  {
    name: 'a hypertable',
    timescale: true,
    create: `
      create table t (ts timestamptz not null, v int);
      select create_hypertable('t', by_range('ts', interval '1 day'))`,
  },
  {
    name: 'a hypertable cut by space too',
    timescale: true,
    create: `
      create table t (ts timestamptz not null, v int);
      select create_hypertable('t', by_range('ts', interval '1 day'));
      select add_dimension('t', by_hash('v', 3))`,
  },
];

function dropsAndKeeps(kind: Kind): void {
  let table: TableDescription;
  let before: RowsDigest;
  let other: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase({ timescale: kind.timescale });
    client = await database.connect();
  });

  beforeEach(async () => {
    other = await database.connect();
    await database.query(`drop table if exists t cascade; ${kind.create};
      insert into t select ${HOURLY}, i from generate_series(0, 71) i`);
    table = await describePublic(client, 't');
    before = await exported(table);
    expect(before.rows).toBe(24n);
  });

  // Whatever a failed test left open would hold up the next.
  afterEach(() =>
    database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()`,
    ),
  );

  it('I1: drops the parts of the range, their rows proven, and nothing beside', async () => {
    expect(formatDigest(await drop(table, before))).toBe(formatDigest(before));
    expect(await count('t')).toBe(48);
    const after = await describePublic(client, 't');
    expect(partsOf(after)).toEqual([]);
    expect(after.parts).toHaveLength(table.parts.length - partsOf(table).length);
  });

  it.each([
    ['a late row', `insert into t values ('2024-01-15 06:30+00', -1)`],
    ['an update', `update t set v = v where ts = '2024-01-15 06:00+00'`],
    ['a delete', `delete from t where ts = '2024-01-15 06:00+00'`],
  ])('I1: %s since the export keeps everything', async (_, change) => {
    await database.query(change);
    const rows = await count('t');
    await expect(drop(table, before)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      retry: true,
    });
    expect(await count('t')).toBe(rows);
    expect((await describePublic(client, 't')).parts).toEqual(table.parts);
  });

  it('I1: waits for a writer that is under way, sees its row and keeps everything', async () => {
    await other.query(`begin; insert into t values ('2024-01-15 06:30+00', -1)`);
    const pid = await backendOf(client);
    const outcome = drop(table, before).catch((error: unknown) => error);
    await untilBlocked(database, pid);
    await other.query('commit');
    expect(await outcome).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await count('t')).toBe(73);
  });

  it('an insert that arrives during the drop survives it', async () => {
    const pid = await backendOf(other);
    let insert: Promise<unknown> = Promise.resolve();
    await writing(client, async () => {
      await dropParts(client, table, {
        range: day,
        parts: partsOf(table),
        exported: before,
        method: 'drop',
        lockTimeoutMs: 5_000,
      });
      insert = other.query(`insert into t values ('2024-01-15 06:30+00', -1)`);
      await untilBlocked(database, pid);
    });
    await insert;
    expect(await count('t')).toBe(49);
    expect((await exported(table)).rows).toBe(1n);
  });

  it('gives way to a writer that waits for a part while it holds the parent', async () => {
    // The writer holds a lock on the parent and comes to wait for us: it must get through, not we.
    await other.query(`begin; insert into t values ('2024-01-16 06:30+00', -1)`);
    const part = partsOf(table)[0];
    const value = (
      await database.query(
        `select v from ${part?.ref.schema ?? ''}.${part?.ref.name ?? ''} limit 1`,
      )
    ).rows[0].v as number;
    const pid = await backendOf(client);
    const writer = await backendOf(other);
    const started = performance.now();
    const outcome = drop(table, before, { lockTimeoutMs: 20_000 }).catch((error: unknown) => error);
    await untilBlocked(database, pid);
    const late = other.query(`insert into t values ('2024-01-15 06:30+00', ${String(value)})`);
    await untilBlocked(database, writer);
    expect(await outcome).toMatchObject({ code: 'LOCK_TIMEOUT', retry: true });
    await late;
    await other.query('commit');
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await count('t')).toBe(74);
  });

  it('I2: waits for a reader that holds the read lock, names it when time is up, and keeps everything', async () => {
    await other.query(`set application_name = 'slow report'`);
    await inTransaction(
      other,
      { doing: 'reading', isolation: 'repeatable read', readOnly: true },
      async () => {
        await lockForReading(other, [table.ref]);
        const refused = drop(table, before, { lockTimeoutMs: 300 });
        await expect(refused).rejects.toMatchObject({
          code: 'LOCK_TIMEOUT',
          message: expect.stringContaining('slow report') as string,
        });
        expect((await other.query('select from public.t')).rowCount).toBe(72);
      },
    );
    expect(formatDigest(await drop(table, before))).toBe(formatDigest(before));
  });

  it('I2: a reader that locks before its snapshot sees all rows or, after the drop, the rest', async () => {
    let rows: Promise<number | null> = Promise.resolve(0);
    const pid = await backendOf(other);
    await writing(client, async () => {
      await dropParts(client, table, {
        range: day,
        parts: partsOf(table),
        exported: before,
        method: 'drop',
        lockTimeoutMs: 5_000,
      });
      rows = inTransaction(
        other,
        { doing: 'reading', isolation: 'repeatable read', readOnly: true },
        async () => {
          await lockForReading(other, [table.ref]);
          return (await other.query('select from public.t')).rowCount;
        },
      );
      await untilBlocked(database, pid);
    });
    expect(await rows).toBe(48);
  });

  it('lets a writer that holds the table read the parts, and waits for it to end', async () => {
    await other.query(`begin; insert into t values ('2024-01-16 06:30+00', -1)`);
    const pid = await backendOf(client);
    const outcome = drop(table, before, { lockTimeoutMs: 60_000 });
    await untilBlocked(database, pid);
    // Longer than deadlock_timeout: what it reads, it reads without becoming anybody's victim.
    const until = performance.now() + 1_500;
    while (performance.now() < until) {
      const { rows } = await other.query(
        `select count(*)::int as n from t where ts < '2024-01-16 00:00+00'`,
      );
      expect(rows).toEqual([{ n: 48 }]);
    }
    await other.query('commit');
    expect(formatDigest(await outcome)).toBe(formatDigest(before));
  });

  it('never makes another session the victim of a deadlock', async () => {
    const stop = new AbortController();
    const problems: unknown[] = [];
    /** Transactions of four statements over old and new parts, in any order, with a random seed that is printed. */
    const busy = async (write: boolean, seed: number): Promise<void> => {
      const session = await database.connect();
      let state = seed;
      const next = (below: number): number => {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        return state % below;
      };
      while (!stop.signal.aborted) {
        const statements = Array.from({ length: 4 }, () => {
          // Late rows are rare, or no drop would get beyond its digest.
          const date = write && next(20) > 0 ? 16 : 14 + next(3);
          const at = `'2024-01-${String(date)} 0${String(next(10))}:30+00'`;
          return write
            ? `insert into t values (${at}, ${String(next(50))})`
            : `select count(*) from t where ts >= ${at}`;
        });
        await session
          .query(`begin; ${statements.join('; ')}; commit`)
          .catch(async (error: unknown) => {
            problems.push(error);
            await session.query('rollback');
          });
      }
    };
    const seed = Math.floor(Math.random() * 1e6);
    const others = [1, 2, 3, 4].map((n) => busy(n % 2 === 0, seed + n));
    const outcomes: string[] = [];
    const until = performance.now() + 2_500;
    while (performance.now() < until) {
      const now = await describePublic(client, 't');
      const exportedNow = await exported(now);
      if (partsOf(now).length === 0) break;
      const outcome = await drop(now, exportedNow, { lockTimeoutMs: 1_000 }).catch(
        (error: unknown) => error,
      );
      // A drop that got through ends the contest too soon.
      if (!(outcome instanceof Error))
        await database.query(`insert into t select ${HOURLY}, i from generate_series(0, 71) i`);
      outcomes.push(outcome instanceof TierdError ? outcome.code : typeof outcome);
    }
    stop.abort();
    await Promise.all(others);
    expect(problems, `seed ${String(seed)}; outcomes ${outcomes.join(' ')}`).toEqual([]);
    expect(new Set(outcomes)).not.toContain('INTERNAL');
  });

  it('refuses parts that are gone, and parts that are not all of the range', async () => {
    const [first, ...rest] = partsOf(table);
    if (first === undefined) throw new Error('no part');
    if (rest.length > 0 && kind.timescale) {
      await expect(drop(table, before, { parts: [first] })).rejects.toMatchObject({
        code: 'PARTS_CHANGED',
      });
      expect(await count('t')).toBe(72);
    }
    await database.query(`drop table "${first.ref.schema}"."${first.ref.name}"`);
    await expect(drop(table, before)).rejects.toMatchObject({ code: 'PARTS_CHANGED', retry: true });
  });

  it('refuses a transaction whose snapshot may be older than its locks', async () => {
    await expect(
      inTransaction(
        client,
        { doing: 'removing', isolation: 'repeatable read', readOnly: false },
        () =>
          dropParts(client, table, {
            range: day,
            parts: partsOf(table),
            exported: before,
            method: 'drop',
            lockTimeoutMs: 100,
          }),
      ),
    ).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await count('t')).toBe(72);
  });

  it('stops waiting for a lock when told to', async () => {
    const stop = new AbortController();
    await other.query('begin; lock table t in row exclusive mode');
    const part = partsOf(table)[0];
    await other.query(
      `lock table "${part?.ref.schema ?? ''}"."${part?.ref.name ?? ''}" in row exclusive mode`,
    );
    const pid = await backendOf(client);
    const outcome = drop(table, before, { lockTimeoutMs: 60_000, signal: stop.signal }).catch(
      (error: unknown) => error,
    );
    await untilBlocked(database, pid);
    stop.abort();
    expect(await outcome).toMatchObject({ code: 'INTERRUPTED' });
    await other.query('rollback');
    expect(await count('t')).toBe(72);
  });
}

for (const kind of KINDS) {
  if (kind.timescale)
    describeOn('timescale', `dropping parts of ${kind.name}`, () => dropsAndKeeps(kind));
  else describe(`dropping parts of ${kind.name}`, () => dropsAndKeeps(kind));
}

describe('dropping partitions', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.connect();
  });

  it('I1: deletes what of the range lies in a DEFAULT partition, and proves it with the rest', async () => {
    await database.query(`
      create table w (ts timestamptz, v int) partition by range (ts);
      create table w_rest partition of w default;
      create table w_am partition of w for values from ('2024-01-15 00:00+00') to ('2024-01-15 12:00+00');
      insert into w select ${HOURLY}, i from generate_series(0, 71) i`);
    const table = await describePublic(client, 'w');
    const before = await exported(table);
    expect(partsOf(table)).toHaveLength(1);
    expect(before.rows).toBe(24n);
    expect(formatDigest(await drop(table, before))).toBe(formatDigest(before));
    expect(await count('w')).toBe(48);
  });

  it('gives way to who holds the DEFAULT partition and comes to want the part', async () => {
    await database.query(`
      create table d (ts timestamptz, v int) partition by range (ts);
      create table d_rest partition of d default;
      create table d_am partition of d for values from ('2024-01-15 00:00+00') to ('2024-01-15 12:00+00');
      insert into d select ${HOURLY}, i from generate_series(0, 71) i`);
    const table = await describePublic(client, 'd');
    const before = await exported(table);
    const other = await database.connect();
    // As DETACH PARTITION does: first the DEFAULT partition, then the part.
    await other.query('begin; lock table d_rest in access exclusive mode');
    const pid = await backendOf(client);
    const outcome = drop(table, before, { lockTimeoutMs: 60_000 }).catch((error: unknown) => error);
    await untilBlocked(database, pid);
    await other.query('lock table d_am in access exclusive mode; commit');
    expect(await outcome).toMatchObject({ code: 'LOCK_TIMEOUT', retry: true });
    expect(formatDigest(await drop(table, before))).toBe(formatDigest(before));
    await other.end();
  });

  it('empties them instead, without a lock on the table, when that is asked for', async () => {
    await database.query(`
      create table e (ts timestamptz, v int) partition by range (ts);
      create table e15 partition of e for values from ('2024-01-15 00:00+00') to ('2024-01-16 00:00+00');
      create table e16 partition of e for values from ('2024-01-16 00:00+00') to ('2024-01-17 00:00+00');
      insert into e select '2024-01-15+00'::timestamptz + i * interval '1 hour', i from generate_series(0, 47) i`);
    const table = await describePublic(client, 'e');
    const before = await exported(table);
    const reader = await database.connect();
    await reader.query(`begin; select count(*) from e where ts >= '2024-01-16+00'`);
    expect(
      formatDigest(await drop(table, before, { method: 'truncate', lockTimeoutMs: 200 })),
    ).toBe(formatDigest(before));
    await reader.query(`insert into e values ('2024-01-15 06:00+00', -1); commit`);
    expect(await count('e')).toBe(25);
  });

  it('drops a sub-partition alone when its siblings stay', async () => {
    await database.query(`
      create table s (ts timestamptz, v int) partition by list (v);
      create table s1 partition of s for values in (1) partition by range (ts);
      create table s1_15 partition of s1 for values from ('2024-01-15 00:00+00') to ('2024-01-16 00:00+00');
      create table s1_16 partition of s1 for values from ('2024-01-16 00:00+00') to ('2024-01-17 00:00+00');
      create table s2 partition of s for values in (2);
      insert into s select '2024-01-15+00'::timestamptz + i * interval '1 hour', 1 + i % 2 from generate_series(0, 47) i`);
    const table = await describePublic(client, 's');
    const before = await exported(table);
    expect(formatDigest(await drop(table, before))).toBe(formatDigest(before));
    expect(await count('s')).toBe(24);
    expect((await describePublic(client, 's')).parts.map((part) => part.ref.name)).toEqual([
      's1_16',
    ]);
  });
});

describeOn('timescale', 'dropping chunks', () => {
  beforeAll(async () => {
    database = await createTestDatabase({ timescale: true });
    client = await database.connect();
  });

  it.each([
    ['timestamp', `interval '1 day'`, `timestamp '2024-01-14' + i * interval '1 hour'`, undefined],
    ['date', `interval '1 day'`, `date '2024-01-14' + i / 24`, undefined],
    ['integer', `86400`, `1705190400 + i * 3600`, 's'],
    ['bigint', `86400000000000`, `(1705190400 + i * 3600)::bigint * 1000000000`, 'ns'],
  ] as const)('by a time column of type %s', async (type, interval, value, unit) => {
    await database.query(`
      create table by_${type} (ts ${type} not null, v int);
      select create_hypertable('by_${type}', by_range('ts', ${interval}));
      insert into by_${type} select ${value}, i from generate_series(0, 71) i`);
    const table = await describePublic(client, `by_${type}`, unit);
    expect(partsOf(table).map((part) => part.range)).toEqual([day]);
    const before = await exported(table);
    expect(formatDigest(await drop(table, before))).toBe(formatDigest(before));
    expect(await count(`by_${type}`)).toBe(48);
  });

  it('before 1970, from a schema with an odd name', async () => {
    await database.query(`
      create schema "Odd.schema";
      create table old (ts integer not null);
      select create_hypertable('old', 'ts', chunk_time_interval => 86400, associated_schema_name => 'Odd.schema');
      insert into old select i * 3600 from generate_series(-48, 23) i`);
    const table = await describePublic(client, 'old', 's');
    const range = dayOf('1969-12-31');
    const parts = table.parts.filter((part) => rangesOverlap(part.range, range));
    const before = await exported(table, range);
    expect(before.rows).toBe(24n);
    expect(formatDigest(await drop(table, before, { range, parts }))).toBe(formatDigest(before));
    expect(await count('old')).toBe(48);
  });

  it('that refer to another table wait for it, and name who keeps it', async () => {
    await database.query(`
      create table symbols (id int primary key);
      insert into symbols values (1);
      create table quotes (ts timestamptz not null, symbol int references symbols);
      select create_hypertable('quotes', by_range('ts', interval '1 day'));
      insert into quotes select ${HOURLY}, 1 from generate_series(0, 71) i`);
    const table = await describePublic(client, 'quotes');
    const before = await exported(table);
    const reader = await database.connect();
    await reader.query(`set application_name = 'symbol report'; begin; select * from symbols`);
    await expect(drop(table, before, { lockTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      message: expect.stringContaining('symbol report') as string,
    });
    await reader.query('commit');
    expect(formatDigest(await drop(table, before))).toBe(formatDigest(before));
  });

  it('refuses when a chunk of the range appeared since the plan was made', async () => {
    await database.query(`
      create table grown (ts timestamptz not null, v int);
      select create_hypertable('grown', by_range('ts', interval '1 day'));
      select add_dimension('grown', by_hash('v', 4));
      insert into grown values ('2024-01-15 06:00+00', 1)`);
    const table = await describePublic(client, 'grown');
    const before = await exported(table);
    await database.query(
      `insert into grown select '2024-01-15 06:00+00', i from generate_series(2, 20) i`,
    );
    await database.query(`delete from grown where v > 1`);
    await expect(drop(table, before)).rejects.toMatchObject({ code: 'PARTS_CHANGED', retry: true });
    expect(await count('grown')).toBe(1);
  });
});
