/** What changes between the look at a table and the making of its partitions. NOW is 2026-03-31 13:45 UTC. */
import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { aheadDataset, boundsOf, makeAhead } from '../../support/partitions.ts';
import { type Bench, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let bench: Bench;
const bars = aheadDataset('bars');

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  await database.query(
    `create table bars (time timestamptz not null, symbol text not null, price numeric) partition by range (time);
     create table bars_20260331 partition of bars for values from ('2026-03-31 00:00Z') to ('2026-04-01 00:00Z');
     create table bars_rest partition of bars default`,
  );
});

/** Done when the job notes its run in the ledger: it has its plan by then. */
async function meanwhile(sql: string): Promise<void> {
  await database.query(
    `create function public.meanwhile() returns trigger language plpgsql as $$ begin ${sql}; return new; end $$;
     create trigger meanwhile before insert on tierd.runs for each row execute function public.meanwhile()`,
  );
}

const rows = async (sql: string): Promise<unknown[]> => (await database.query(sql)).rows;

describe('rows of the default partition', () => {
  it('come with what they have in a column that was added meanwhile', async () => {
    await database.query(`insert into bars values ('2026-04-01 05:00Z', 'a', 1)`);
    await meanwhile(
      `alter table public.bars add column venue text; insert into public.bars values ('2026-04-01 06:00Z', 'b', 2, 'XETR')`,
    );
    await makeAhead(bench.rooms, bars);
    expect(await rows('select symbol, venue from bars_20260401 order by 1')).toEqual([
      { symbol: 'a', venue: null },
      { symbol: 'b', venue: 'XETR' },
    ]);
  });

  it('stay where that is another table by now', async () => {
    await database.query(`insert into bars values ('2026-04-01 05:00Z', 'a', 1)`);
    await meanwhile(
      `alter table public.bars detach partition public.bars_rest; alter table public.bars_rest rename to kept;
       create table public.bars_rest partition of public.bars default`,
    );
    await expect(makeAhead(bench.rooms, bars)).rejects.toMatchObject({
      code: 'PARTS_CHANGED',
      message: expect.stringContaining(
        'its default partition is public.bars_rest by now',
      ) as string,
    });
    expect(await boundsOf(database, 'bars')).toHaveLength(2);
    expect(await rows('select symbol from kept')).toEqual([{ symbol: 'a' }]);
  });

  it('stay where what would be set off came meanwhile, and other partitions are made', async () => {
    await database.query(`insert into bars values ('2026-04-01 05:00Z', 'a', 1)`);
    await meanwhile('create publication late for table public.bars');
    await expect(makeAhead(bench.rooms, bars)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('the subscribers of publication late') as string,
    });
    const names = (await boundsOf(database, 'bars')).map((told) => told.split(':')[0]);
    expect(names).toEqual(['bars_20260331', 'bars_20260402', 'bars_rest']);
    expect(await rows('select symbol from only bars_rest')).toEqual([{ symbol: 'a' }]);
  });

  it('that came meanwhile move along, and no reader is in a deadlock for it', async () => {
    const writer = await database.connect();
    await writer.query(`begin; insert into bars values ('2026-04-01 05:00Z', 'a', 1)`);
    const making = makeAhead(bench.rooms, bars);
    const readers = await Promise.all([1, 2, 3].map(() => database.connect()));
    let isOver = false;
    const seen = Promise.all(
      readers.map(async (client) => {
        while (!isOver) {
          await client.query('select count(*) from bars');
          await pause(5);
        }
      }),
    );
    await vi.waitFor(
      async () => {
        const waiting = await rows(
          `select from pg_locks where not granted and relation = 'bars_rest'::regclass and mode = 'AccessShareLock'`,
        );
        expect(waiting.length).toBeGreaterThan(0);
      },
      { interval: 5, timeout: 20_000 },
    );
    await writer.query('commit');
    const { made } = await making;
    isOver = true;
    await seen;
    expect(made.map(({ rowsMoved }) => rowsMoved)).toEqual([1n, 0n]);
  });
});

it('an entry of the audit log waits for no rotation that has the dataset’s own chain', async () => {
  const rotation = await database.connect();
  await database.query(
    `insert into tierd.audit_heads (chain, number, hash) values ('bars', 1, sha256('x'))`,
  );
  await rotation.query(`begin; update tierd.audit_heads set number = 2 where chain = 'bars'`);
  const { made } = await makeAhead(bench.rooms, bars);
  expect(made).toHaveLength(2);
  await rotation.query('rollback');
  expect(
    await rows(
      `select chain, number::int, entry::jsonb ->> 'dataset' as dataset from tierd.audit order by number`,
    ),
  ).toEqual([
    { chain: 'partitions:bars', number: 1, dataset: 'bars' },
    { chain: 'partitions:bars', number: 2, dataset: 'bars' },
  ]);
});
