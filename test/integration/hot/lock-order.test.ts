/** Whoever reads a table takes the table before its parts, as everybody else does. */
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDataset } from '../../../src/hot/doctor/doctor-dataset.ts';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { readStatus } from '../../../src/jobs/status.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { reading } from '../../support/hot.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

let database: TestDatabase;
let bench: Bench;
let user: pg.Client;
/** What `t_old` is called where the table lies in chunks. */
let old: string;

const READERS: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['a dry run', () => planRotationOf(bench.rooms, makeDataset('t'))],
  ['status', () => readStatus(bench.rooms, [makeDataset('t')], null)],
  [
    'doctor',
    async () => {
      const client = await bench.rooms.connect('work');
      await reading(client, () =>
        checkDataset(client, makeDataset('t'), { now: () => NOW }, () => Promise.resolve([])),
      );
      await client.end();
    },
  ],
  ['rotate', () => rotateDataset(bench.rooms, makeDataset('t'), { force: true })],
];

/** Until a session of tierd's waits for a lock. */
async function untilOneWaits(): Promise<void> {
  const waiting = `select from pg_stat_activity where datname = current_database()
                   and application_name like 'tierd%' and wait_event_type = 'Lock'`;
  await expect
    .poll(async () => (await database.query(waiting)).rowCount, { interval: 5 })
    .toBeGreaterThan(0);
}

function readersGiveWay(): void {
  it.each(READERS)('%s waits with no part in its hand', async (_who, read) => {
    await user.query('begin; lock table only t in access exclusive mode');
    const outcome = read().catch((error: unknown) => error);
    await untilOneWaits();
    // Granted at once: nobody else holds or wants it.
    await user.query(`set local lock_timeout = 1; lock table only ${old} in access exclusive mode`);
    await user.query('commit');
    expect(await outcome).not.toBeInstanceOf(Error);
  });
}

afterEach(() => user.end());

const columns = 'time timestamptz not null, symbol text, id int';

describe('on a partitioned table', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    bench = await openBench(database);
    bench = {
      ...bench,
      rooms: { ...bench.rooms, settings: { ...bench.rooms.settings, lockTimeoutMs: 60_000 } },
    };
    user = await database.connect();
    await database.query(
      `create table t (${columns}) partition by range (time);
       create table t_old partition of t for values from ('${daysAgo(40)}') to ('${daysAgo(35)}');
       create table t_new partition of t for values from ('${daysAgo(5)}') to ('${daysAgo(0)}');
       create table t_rest partition of t default;
       insert into t select $1::timestamptz + n * interval '1 hour', 's', n from generate_series(0, 959) n`.replace(
        '$1',
        `'${daysAgo(40)}'`,
      ),
    );
    old = 't_old';
  });

  readersGiveWay();

  it('nobody’s partitions fail to come and go while it is looked at all the time', async () => {
    const over = new AbortController();
    const problems: unknown[] = [];
    let looks = 0;
    const look = async (): Promise<void> => {
      while (!over.signal.aborted) {
        await planRotationOf(bench.rooms, makeDataset('t')).catch((error: unknown) =>
          problems.push(error),
        );
        looks += 1;
      }
    };
    const looking = [look(), look()];
    for (let n = 0; n < 15; n += 1) {
      const at = `values from ('2030-01-01') to ('2030-01-02')`;
      await user
        .query(
          `begin; create table t_next partition of t for ${at}; insert into t values ('2030-01-01 12:00', 's', 1); commit;
           begin; alter table t detach partition t_next; drop table t_next; commit`,
        )
        .catch((error: unknown) => problems.push(error));
    }
    over.abort();
    await Promise.all(looking);
    expect(problems).toEqual([]);
    expect(looks).toBeGreaterThan(1);
  });
});

describeOn('timescale', 'on a hypertable', () => {
  beforeEach(async () => {
    database = await createTestDatabase({ timescale: true });
    bench = await openBench(database);
    bench = {
      ...bench,
      rooms: { ...bench.rooms, settings: { ...bench.rooms.settings, lockTimeoutMs: 60_000 } },
    };
    user = await database.connect();
    await database.query(
      `create table t (${columns});
       select create_hypertable('t', 'time', chunk_time_interval => interval '5 days');
       insert into t select '${daysAgo(40)}'::timestamptz + n * interval '1 hour', 's', n from generate_series(0, 959) n`,
    );
    const found = await database.query(`select show_chunks('t')::text as chunk limit 1`);
    old = (found.rows as { chunk: string }[])[0]?.chunk ?? '';
  });

  readersGiveWay();
});
