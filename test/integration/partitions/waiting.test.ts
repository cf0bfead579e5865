/** Statements that wait for the locks of a partition that is made. NOW is 2026-03-31 13:45 UTC. */
import type pg from 'pg';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { aheadDataset, makeAhead } from '../../support/partitions.ts';
import { type Bench, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let bench: Bench;
let holder: pg.Client;
const bars = aheadDataset('bars');

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  await database.query(
    `create table bars (time timestamptz not null, symbol text not null, price numeric) partition by range (time);
     create table bars_20260331 partition of bars for values from ('2026-03-31 00:00Z') to ('2026-04-01 00:00Z');
     create table bars_rest partition of bars default`,
  );
  holder = await database.connect();
});

/** Until so many wait for that lock. */
async function waits(mode: string, sessions = 1): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await database.query(
        `select from pg_locks where not granted and mode = $1 and relation in ('bars'::regclass, 'bars_rest'::regclass)`,
        [mode],
      );
      expect(rows.length).toBeGreaterThanOrEqual(sessions);
    },
    { interval: 2, timeout: 20_000 },
  );
}

describe('with a default partition that is empty', () => {
  it('an INSERT of that time that waits meanwhile is not refused', async () => {
    await holder.query('begin; select from bars_rest');
    const making = makeAhead(bench.rooms, bars);
    await waits('AccessExclusiveLock');
    const writer = await database.connect();
    const written = writer.query(`insert into bars values ('2026-04-01 05:00Z', 'a', 1)`);
    await waits('RowExclusiveLock');
    await holder.query('commit');
    await written;
    const { made } = await making;
    expect(made).toHaveLength(2);
    const { rows } = await database.query('select tableoid::regclass::text as place from bars');
    expect(rows).toEqual([{ place: 'bars_20260401' }]);
  });

  it('partitions are made beside a transaction that has written and stays open', async () => {
    await holder.query(`begin; insert into bars values ('2026-03-31 01:00Z', 'a', 1)`);
    const { made } = await makeAhead(bench.rooms, bars);
    expect(made).toHaveLength(2);
    await holder.query(`insert into bars values ('2026-04-01 01:00Z', 'a', 1); commit`);
  });
});

describe('with rows in the default partition, which move', () => {
  const WHERE = `time >= '2026-04-01 00:00Z' and time < '2026-04-03 00:00Z'`;

  it.each(['', `insert into bars values ('2031-01-01', 'far', 1), ('-infinity', 'old', 2)`])(
    'a statement sees each once that has its snapshot before it waits for the table (%s)',
    async (others) => {
      await database.query(
        `insert into bars select '2026-04-01 00:00Z'::timestamptz + n * interval '1 minute', 's', n from generate_series(1, 2000) n;
         create function counted() returns bigint language plpgsql stable as $$ begin return (select count(*) from public.bars where ${WHERE}); end $$;
         ${others}`,
      );
      const readers = await Promise.all([1, 2, 3, 4].map(() => database.connect()));
      const [copying, executing, calling, all] = readers as [
        pg.Client,
        pg.Client,
        pg.Client,
        pg.Client,
      ];
      await executing.query(`prepare q as select from bars where ${WHERE}`);
      await all.query('prepare q as select from bars');
      await holder.query('begin; select from bars');
      const making = makeAhead(bench.rooms, bars);
      await waits('AccessExclusiveLock');
      const read = Promise.all([
        copying.query(`copy (select from bars where ${WHERE}) to '/dev/null'`),
        executing.query('execute q'),
        calling.query<{ n: string }>('select counted()::text as n'),
        all.query('execute q'),
      ]);
      await waits('AccessShareLock', 4);
      await holder.query('commit');
      const [copied, executed, called, whole] = await read;
      const { made } = await making;
      expect(made.map(({ rowsMoved }) => rowsMoved)).toEqual([1439n, 561n]);
      expect([copied.rowCount, executed.rowCount, Number(called.rows[0]?.n)]).toEqual([
        2000, 2000, 2000,
      ]);
      expect(whole.rowCount).toBe(others === '' ? 2000 : 2002);
    },
  );

  it('others stay as they are, and no trigger hears of them or is another afterwards', async () => {
    await database.query(
      `create table told (what text);
       create function tell() returns trigger language plpgsql as $$ begin insert into public.told values (tg_op); return new; end $$;
       insert into bars values ('2026-04-01 05:00Z', 'a', 1), ('2031-01-01', E'b\\t\\\\N\\n', 'NaN');
       create trigger tell after insert on bars for each row execute function tell();
       create trigger tell_rest before truncate on bars_rest execute function tell();
       create trigger tell_replica before insert on bars_rest for each row execute function tell();
       alter table bars_rest enable replica trigger tell_replica`,
    );
    const states = `select tgname, tgenabled from pg_trigger where tgrelid = 'bars_rest'::regclass order by 1`;
    const before = (await database.query(states)).rows;
    await makeAhead(bench.rooms, bars);
    const { rows } = await database.query(
      `select tableoid::regclass::text as place, symbol, price from bars order by time`,
    );
    expect(rows).toEqual([
      { place: 'bars_20260401', symbol: 'a', price: '1' },
      { place: 'bars_rest', symbol: 'b\t\\N\n', price: 'NaN' },
    ]);
    expect((await database.query('select from told')).rowCount).toBe(0);
    expect((await database.query(states)).rows).toEqual(before);
    await database.query(`insert into bars values ('2031-01-02', 'c', 1)`);
    expect((await database.query('select from told')).rowCount).toBe(1);
  });
});
