/** What a hold keeps must stay in the lake: it does not come back into a table, where a DELETE would reach it. */
import { beforeEach, expect, it } from 'vitest';
import type { Hold } from '../../../src/domain/plan/holds.ts';
import type { TimeRange } from '../../../src/domain/time/time-range.ts';
import { endHold, setHold } from '../../../src/jobs/hold.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const bars = makeDataset('bars', { sortBy: ['time'] });

let database: TestDatabase;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  await database.query('create table bars (time timestamptz not null, id int)');
  await database.query(
    `insert into bars select $1::timestamptz + n * interval '12 hours', n from generate_series(0, 3) n`,
    [daysAgo(40)],
  );
  await rotateAll(bench, bars);
});

const hold = (range: TimeRange | null): Promise<Hold> =>
  setHold(bench.rooms, { dataset: 'bars', range, reason: 'case 17', until: null });

async function hot(table = 'bars'): Promise<number> {
  return (await database.query(`select from ${table}`)).rowCount ?? -1;
}

it('a slice that is held stays cold, with --force too, and the others come back', async () => {
  const { id } = await hold(days(40, 39));
  const { totals } = await restore(bench, bars, days(40, 38), { force: true });
  expect(totals.restored).toHaveLength(1);
  expect(totals.failed).toMatchObject([
    { error: { code: 'MOVE_REFUSED', message: expect.stringContaining('case 17') as string } },
  ]);
  expect(totals.failed[0]?.error.hint).toContain('--into');
  expect(await hot()).toBe(2);

  await endHold(bench.rooms, id, 'closed');
  await restore(bench, bars, days(40, 38));
  expect(await hot()).toBe(4);
});

it('rows that a condition chooses stay cold where their time is held, and come back beside it', async () => {
  const [from] = [Date.parse(daysAgo(40))];
  await hold({ fromInclusive: from, toExclusive: from + 3_600_000 });
  const held = await restore(bench, bars, days(40, 39), { where: 'id = 0' });
  expect(held.totals.failed).toHaveLength(1);
  const span = { fromInclusive: from + 7_200_000, toExclusive: Date.parse(daysAgo(39)) };
  const beside = await restore(bench, bars, span, { where: 'true' });
  expect(beside.totals.failed).toEqual([]);
  expect((await database.query('select id from bars')).rows).toEqual([{ id: 1 }]);
});

it('is copied into another table, and stays cold', async () => {
  await hold(null);
  const into = { schema: 'public', name: 'copied' };
  expect((await restore(bench, bars, days(40, 38), { into })).totals.failed).toEqual([]);
  expect([await hot(), await hot('copied')]).toEqual([0, 4]);
});

it('a hold that is set once the plan is made is seen before COMMIT', async () => {
  let setting: Promise<unknown> | undefined;
  const tell = (): void => {
    setting ??= hold(null);
  };
  const slow: typeof bench.rooms.connect = async (...given) => {
    await setting;
    return bench.rooms.connect(...given);
  };
  const rooms = { ...bench.rooms, connect: slow };
  const failure = await failureOf(restore({ rooms }, bars, days(40, 38), { tell }));
  expect(failure).toMatchObject({ code: 'REFUSED' });
  expect(failure.message).toContain('case 17');
  expect(await hot()).toBe(0);
});
