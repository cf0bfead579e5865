/** What PostgreSQL alone answers goes from it to whoever asked: the same rows as by way of the engine. */
import { describe, expect, test } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores, type StoresAnswer } from '../../support/ask-stores.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { watchStatements } from '../../support/watched-statements.ts';

const TICKS = makeDataset('ticks', { sortBy: ['Symbol'] });

/** As a reader of the answer sees it, and whether the engine was given hot rows. */
interface Answered extends StoresAnswer {
  readonly asked: readonly string[];
}

async function scene(
  columns = '',
  values = '',
): Promise<{
  readonly ask: (sql: string) => Promise<Answered>;
  readonly change: (sql: string) => Promise<unknown>;
}> {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  const db = await database.connect();
  await db.query(
    `create table ticks (time timestamptz not null, "Symbol" text, lot int, big bigint, price numeric(12,2),
       ratio float8, day date, seen timestamp, flag boolean, raw bytea, id uuid${columns});
     insert into ticks
     select '${daysAgo(35)}'::timestamptz + n * interval '30 minutes',
            case when n % 7 = 0 then null when n % 5 = 0 then repeat('long ', 9) || n else 's' || n % 3 end, n,
            n * 3000000000, n * 0.25, case n % 4 when 0 then 'NaN' when 1 then '-Infinity' else n / 3.0 end,
            date '2026-01-01' + n, timestamp '2026-01-01' + n * interval '1 microsecond', n % 2 = 0,
            decode(lpad(to_hex(n), 4, '0'), 'hex'), md5(n::text)::uuid${values}
     from generate_series(0, 35 * 48 - 1) n`,
  );
  await rotateDataset(bench.rooms, TICKS, { force: true });
  const statements = watchStatements(db);
  const ask = async (sql: string) => {
    const from = statements.length;
    const answer = await askStores(bench, db, [TICKS], sql);
    return { ...answer, asked: statements.slice(from).map(({ text }) => text) };
  };
  return { ask, change: (sql) => db.query(sql) };
}

/** The same question, put so that the engine has to answer it. */
const byEngine = (sql: string): string => sql.replace(/ limit (\d+)$/, ', lot + 0 desc limit $1');

describe('the last rows by time', () => {
  test.each([
    'select * from ticks order by time desc limit 100',
    'select lot from ticks order by time desc limit 1',
    `select "Symbol", big, price as p, ratio from ticks where lot > 1500 order by time desc limit 20`,
    `select ticks.day, ticks.seen, flag, raw, id from ticks where "Symbol" = 's1' order by ticks.time desc limit 50`,
    'select SYMBOL, Lot from ticks order by TIME desc limit 9',
    'select * from hot.ticks order by time desc limit 1000',
    'select lot, time from hot.ticks order by time limit 3',
  ])('%s', async (sql) => {
    const { ask } = await scene();
    const alone = await ask(sql);
    const engine = await ask(byEngine(sql));
    expect(alone.rows).toEqual(engine.rows);
    expect(alone.rows.map((row) => Object.keys(row))).toEqual(
      engine.rows.map((row) => Object.keys(row)),
    );
    expect(alone.summary).toMatchObject({ segmentsRead: 0, rows: alone.rows.length });
    expect(alone.summary.segmentsLive).toBe(engine.summary.segmentsLive);
  });

  test('are ordered by the engine where more than a time orders them, or some are left out', async () => {
    const { ask } = await scene();
    const lots = async (sql: string) => (await ask(sql)).rows.map((row) => row['lot']);
    expect(await lots('select lot from ticks order by time desc limit 2 offset 3')).toEqual([
      1676, 1675,
    ]);
    await expect(
      ask('select lot, lot from ticks order by time desc limit 1'),
    ).resolves.toMatchObject({ rows: [{ lot: 1679, 'lot:1': 1679 }] });
  });

  test('are as many as a limit with decimal places says', async () => {
    const { ask } = await scene();
    const count = async (sql: string) => (await ask(sql)).rows.length;
    expect(await count('select lot from ticks order by time desc limit 2.0')).toBe(2);
    expect(await count('select * from ticks order by time desc limit 2.5')).toBe(3);
    expect(await count('select lot from hot.ticks order by time desc limit 0.5')).toBe(1);
  });

  test('are groups where all that is shown is grouped by', async () => {
    const { ask, change } = await scene();
    await change(`update ticks set time = '${daysAgo(0)}', lot = lot % 4 where lot > 1600`);
    const groups = await ask('select time, lot from ticks group by all order by time desc limit 4');
    expect(groups.rows.map(({ lot }) => Number(lot)).sort()).toEqual([0, 1, 2, 3]);
    const few = await ask('select time from ticks group by all order by time desc limit 3');
    expect(new Set(few.rows.map(({ time }) => time)).size).toBe(3);
    expect(few.rows).toHaveLength(3);
    await expect(
      ask('select time from ticks group by () order by time desc limit 3'),
    ).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  });

  test('are the lake’s as well where it has newer ones, and where there are too few', async () => {
    const { ask, change } = await scene();
    await change('delete from ticks where lot < 1670');
    const { rows, summary } = await ask('select lot from ticks order by time desc limit 12');
    expect(rows.map(({ lot }) => lot)).toEqual([
      1679, 1678, 1677, 1676, 1675, 1674, 1673, 1672, 1671, 1670, 239, 238,
    ]);
    expect(summary.segmentsRead).toBeGreaterThan(0);
    await change(`update ticks set time = time - interval '840 hours'`);
    const older = await ask('select lot from ticks order by time desc limit 2');
    expect(older.rows.map(({ lot }) => lot)).toEqual([239, 238]);
  });

  test('may be at infinity, where no other row is newer', async () => {
    const { ask, change } = await scene();
    await change(`update ticks set time = 'infinity' where lot = 1679`);
    const sql = 'select lot from ticks order by time desc limit 1';
    expect((await ask(sql)).rows).toEqual([{ lot: 1679 }]);
  });

  test('are too long to be held: the engine holds them', async () => {
    const { ask } = await scene(', note text', ", case when n > 1670 then repeat('x', 600000) end");
    const { rows } = await ask('select lot, note from ticks order by time desc limit 9');
    expect(rows.map(({ lot, note }) => [lot, String(note).length])).toEqual(
      Array.from({ length: 9 }, (_, at) => [1679 - at, 600_000]),
    );
  });
});
