/** Late rows would replace rows of the lake that a hold keeps: they wait in PostgreSQL. */
import { beforeEach, expect, it } from 'vitest';
import type { Hold } from '../../../src/domain/plan/holds.ts';
import type { TimeRange } from '../../../src/domain/time/time-range.ts';
import { endHold, setHold } from '../../../src/jobs/hold.ts';
import { type RotationOutcome, rotateDataset } from '../../../src/jobs/rotate.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { days } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const bars = makeDataset('bars', { sortBy: ['time'] });

let database: TestDatabase;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  await database.query(
    'create table bars (time timestamptz not null, id int not null, value int, primary key (id, time))',
  );
  await insert(0);
  await rotate();
});

/** Two days, the same rows each time, but for their value. */
async function insert(value: number): Promise<void> {
  await database.query(
    `insert into bars select $1::timestamptz + n * interval '1 day', n, $2 from generate_series(0, 1) n`,
    [daysAgo(40), value],
  );
}

const rotate = (rooms: Rooms = bench.rooms): Promise<RotationOutcome> =>
  rotateDataset(rooms, bars, { force: true });

const hold = (range: TimeRange | null): Promise<Hold> =>
  setHold(bench.rooms, { dataset: 'bars', range, reason: 'case 17', until: null });

async function cold(): Promise<unknown> {
  const db = await database.connect();
  const { rows } = await askStores(
    bench,
    db,
    [bars],
    'select id, value from cold.bars order by id',
  );
  return rows;
}

it('the held row stays in the lake as it is, the late one stays hot, and other days go on', async () => {
  const { id } = await hold(days(40, 39));
  await insert(1);
  const { totals } = await rotate();

  expect(totals.failed).toMatchObject([
    { error: { code: 'COLD_DUPLICATES', message: expect.stringContaining('case 17') as string } },
  ]);
  expect(totals.failed[0]?.error.hint).toContain(`tierd hold lift ${id}`);
  expect(await cold()).toEqual([
    { id: 0, value: 0 },
    { id: 1, value: 1 },
  ]);
  expect((await database.query('select id, value from bars')).rows).toEqual([{ id: 0, value: 1 }]);

  await endHold(bench.rooms, id, 'closed');
  expect((await rotate()).totals.failed).toEqual([]);
  expect(await cold()).toEqual([
    { id: 0, value: 1 },
    { id: 1, value: 1 },
  ]);
});

it('rows that are equal, and rows that are new, leave PostgreSQL all the same', async () => {
  await hold(null);
  await insert(0);
  await database.query('insert into bars values ($1, 7, 7)', [daysAgo(40)]);
  expect((await rotate()).totals.failed).toEqual([]);
  expect(await cold()).toEqual([
    { id: 0, value: 0 },
    { id: 1, value: 0 },
    { id: 7, value: 7 },
  ]);
});

it('a hold that is set while the move is under way is seen before COMMIT', async () => {
  await insert(1);
  let setting: Promise<unknown> | undefined;
  const emit: Rooms['emit'] = (event) => {
    if (event.kind === 'step' && event.step === 'publish') setting ??= hold(null);
  };
  const connect: Rooms['connect'] = async (...given) => {
    await setting;
    return bench.rooms.connect(...given);
  };
  const { totals } = await rotate({ ...bench.rooms, emit, connect });
  expect(totals.failed.map(({ error }) => error.code)).toEqual([
    'COLD_DUPLICATES',
    'COLD_DUPLICATES',
  ]);
  expect(await cold()).toEqual([
    { id: 0, value: 0 },
    { id: 1, value: 0 },
  ]);
});
