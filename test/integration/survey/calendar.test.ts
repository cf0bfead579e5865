import { beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import type { Calendar } from '../../../src/domain/survey/calendar.ts';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { connect } from '../../../src/hot/server/connect.ts';
import { readCalendar } from '../../../src/jobs/calendar.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { recordFindings } from '../../../src/ledger/scrub-findings.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, NOW, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const COLUMNS = 'time timestamptz not null, symbol text, id int';

async function calendar(
  database: TestDatabase,
  dataset: Dataset,
  days: number,
  hasBacklog = false,
): Promise<Calendar> {
  const today = Date.parse(daysAgo(0));
  return readCalendar(
    { connect: () => connect({ url: database.url, job: 'test' }), clock: { now: () => NOW } },
    dataset,
    { fromInclusive: today - (days - 1) * DAY_MS, toExclusive: today + DAY_MS },
    hasBacklog,
    AbortSignal.timeout(10_000),
  );
}

const states = ({ days }: Calendar): string => days.map(({ state }) => state).join(' ');

/** Three rows on each of these days. */
async function fill(database: TestDatabase, table: string, days: readonly number[]): Promise<void> {
  for (const day of days) {
    await database.query(
      `insert into ${table} select $1::timestamptz + n * interval '7 hours', 'a', n from generate_series(0, 2) n`,
      [daysAgo(day)],
    );
  }
}

describe('a calendar', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await database.query(`create table ticks (${COLUMNS})`);
    await fill(database, 'ticks', [8, 7, 5, 2, 0]);
  });

  it('has hot days before anything was rotated, the gaps between them, and nothing outside', async () => {
    const found = await calendar(database, makeDataset('ticks'), 10);
    expect(states(found)).toBe('empty hot hot gap hot gap gap hot gap live');
    expect(found).toMatchObject({ from: daysAgo(9).slice(0, 10), to: daysAgo(0).slice(0, 10) });
    expect(found.days[1]).toEqual({
      day: daysAgo(8).slice(0, 10),
      state: 'hot',
      hotRows: 3,
      coldRows: 0,
      segments: 0,
      isPinned: false,
      isHeld: false,
    });
  });

  it('has cold days after a rotation, also where late rows are hot, and bad ones after a scrub', async () => {
    const bench = await openBench(database);
    await rotateDataset(bench.rooms, makeDataset('ticks', { hotDays: 4 }), { force: true });
    await fill(database, 'ticks', [7]);
    const found = await calendar(database, makeDataset('ticks'), 10);
    expect(states(found)).toBe('empty cold cold gap cold gap gap hot gap live');
    expect(found.days[2]).toMatchObject({ hotRows: 3, coldRows: 3, segments: 1 });
    const { rows } = await database.query('select object_key from tierd.segments order by id');
    const [first] = rows as { object_key: string }[];
    const client = await database.connect();
    const bad = [{ key: first?.object_key ?? '', reason: 'missing' }];
    await recordFindings(client, { sound: [], bad });
    expect(states(await calendar(database, makeDataset('ticks'), 10))).toMatch(/^empty bad cold/);
    await recordFindings(client, { sound: [first?.object_key ?? ''], bad: [] });
    expect(states(await calendar(database, makeDataset('ticks'), 10))).toMatch(/^empty cold cold/);
  });

  it('shows a move that is under way', async () => {
    await database.query(
      `insert into tierd.moves (id, run_id, dataset, token, removal, range_from, range_to, state)
       select gen_random_uuid(), (select min(id) from tierd.runs), 'ticks', 1, 'delete',
              $1::timestamptz, $1::timestamptz + interval '1 day', 'exporting'`,
      [daysAgo(2)],
    );
    expect(states(await calendar(database, makeDataset('ticks'), 3))).toBe('moving gap live');
  });

  it('finds the days of a large table along its index, of any kind of time', async () => {
    const kinds = {
      timestamptz: "$1::timestamptz + n * interval '1 s'",
      date: "($1::timestamptz at time zone 'utc')::date + n / 86400",
      bigint: 'extract(epoch from $1::timestamptz)::bigint + n',
    };
    for (const [type, expression] of Object.entries(kinds)) {
      const table = `large_${type}`;
      await database.query(`create table ${table} (time ${type} not null, symbol text, id int)`);
      await database.query(
        `insert into ${table} select ${expression}, 'a', n from generate_series(0, 259199) n where n / 86400 <> 1`,
        [daysAgo(4)],
      );
      await database.query(
        `insert into ${table} select ${expression}, 'a', n from generate_series(0, 86399) n`,
        [daysAgo(1)],
      );
      await database.query(`create index on ${table} (time)`);
      await database.query(`analyze ${table}`);
      const unit = type === 'bigint' ? ({ timeUnit: 's' } as const) : {};
      const found = await calendar(database, makeDataset(table, unit), 6);
      expect(states(found), type).toBe('empty hot gap hot hot empty');
      expect(found.hotRowsAreEstimated).toBe(true);
      expect(found.days[1]?.hotRows).toBeGreaterThan(40_000);
      expect(found.days[1]?.hotRows).toBeLessThan(160_000);
    }
  });
});

describeOn('timescale', 'a calendar of a hypertable', () => {
  it('has the days of its chunks and those that left with them', async () => {
    const database = await createTestDatabase({ timescale: true });
    await database.query(`create table hyper (${COLUMNS})`);
    await database.query(
      `select create_hypertable('hyper', 'time', chunk_time_interval => interval '1 day')`,
    );
    await fill(database, 'hyper', [40, 39, 37, 1]);
    const bench = await openBench(database);
    await rotateDataset(bench.rooms, makeDataset('hyper'), { force: true });
    const found = await calendar(database, makeDataset('hyper'), 42);
    expect(states(found)).toMatch(/^empty cold cold gap cold (gap )+hot empty$/);
  });
});
