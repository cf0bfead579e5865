/**
 * kill -9 before and in the effects of making partitions ahead, while a writer inserts, updates and deletes in the very
 * time whose rows leave the default partition. After each kill every row is in the table once and nothing is half made;
 * the next run makes the rest.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { aheadDataset, makeAhead } from '../support/partitions.ts';
import { type Bench, daysAgo, openBench } from '../support/rotation.ts';
import { randomFrom, SEED } from './choose-effects.ts';
import { KillCount, partOf } from './kill-count.ts';
import { whenFree } from './kill-job.ts';
import { COLUMNS, SCENARIO_NOW, type VictimOrder } from './scenario.ts';
import { bundleVictim, sendVictim } from './send-victim.ts';
import type { Truth } from './truth.ts';

const ROWS = 300;
/** Fewer mean that they are no longer seen. Each is killed at: there are few. */
const FEWEST_EFFECTS = 12;

interface Place {
  readonly database: TestDatabase;
  readonly client: pg.Client;
  readonly writing: pg.Client;
  readonly bench: Bench;
}

describe('making partitions ahead, killed (I1, I4)', () => {
  let victim = '';

  beforeAll(async () => {
    victim = await bundleVictim();
  });

  it.for(['before', 'sent'] as const)(
    'killed at each effect (%s), loses and doubles no row and leaves nothing half made',
    async (moment, context) => killAtChosen(victim, moment, context),
  );
});

async function killAtChosen(
  victim: string,
  moment: VictimOrder['moment'],
  context: TestContext,
): Promise<void> {
  const count = new KillCount(context);
  const database = await createTestDatabase();
  const place: Place = {
    database,
    client: await database.connect(),
    writing: await database.connect(),
    bench: await openBench(database),
  };
  const kill = (killAt: number) => killAndRecover(place, victim, moment, killAt, count);
  const effects = await kill(0);
  expect(effects.length).toBeGreaterThan(FEWEST_EFFECTS);
  const chosen = effects.map((_, index) => index + 1);
  for (const killAt of chosen) await kill(killAt);
  await count.tell(partOf(chosen, effects));
}

async function killAndRecover(
  { database, client, writing, bench: { rooms, lake } }: Place,
  victim: string,
  moment: VictimOrder['moment'],
  killAt: number,
  count: KillCount,
): Promise<readonly string[]> {
  const table = `bars_${moment}_${String(killAt)}`;
  const dataset = aheadDataset(table);
  await createTable(database, table);
  const truth: Truth = await readRows(client, table);
  const writer = write(writing, table, truth, randomFrom(SEED + killAt));
  const { met, wasKilled } = await sendVictim(victim, {
    url: database.url,
    lake,
    s3: null,
    spill: rooms.tempDirectory,
    dataset,
    now: SCENARIO_NOW,
    leaseTtlMs: 30_000,
    killAt,
    moment,
    partitions: true,
  });
  if (wasKilled) count.add();
  const told = `seed ${String(SEED)}, killed ${moment} effect ${String(killAt)}: ${met.at(-1) ?? ''}`;
  await writer.stop();
  await expectRight(client, table, truth, told);
  await client.query('update tierd.leases set expires_at = clock_timestamp()');

  const more = write(writing, table, truth, randomFrom(SEED - killAt));
  await whenFree(rooms, (own) => makeAhead(own, dataset));
  await more.stop();
  await expectRight(client, table, truth, told);
  expect(await partitionsOf(client, table), told).toHaveLength(4);
  expect(
    (await client.query(`select from only ${table}_rest where time < '${daysAgo(-3)}'`)).rowCount,
    told,
  ).toBe(0);
  const runs = await client.query(`select from tierd.runs where state = 'running'`);
  expect(runs.rowCount, told).toBe(0);
  await database.query(`drop table ${table}`);
  return met;
}

async function createTable(database: TestDatabase, table: string): Promise<void> {
  await database.query(
    `create table ${table} (${COLUMNS}, primary key (id, time)) partition by range (time);
     create table ${table}_rest partition of ${table} default;
     create table ${table}_20260331 partition of ${table} for values from ('${daysAgo(0)}') to ('${daysAgo(-1)}');
     insert into ${table} select '${daysAgo(-1)}'::timestamptz + n * interval '9 minutes', 's', n, 0, n / 7.0
       from generate_series(1, ${String(ROWS)}) n`,
  );
}

/** All there is of the table, and no row twice. */
async function expectRight(
  client: pg.Client,
  table: string,
  truth: Truth,
  told: string,
): Promise<void> {
  const found = await readRows(client, table);
  expect([...found].toSorted(), told).toEqual([...truth].toSorted());
  const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  expect(rows[0]?.n, told).toBe(truth.size);
  const tables = await client.query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'r' and starts_with(relname, $1) order by 1`,
    [`${table}_`],
  );
  expect(
    tables.rows.map(({ name }) => name),
    told,
  ).toEqual(await partitionsOf(client, table));
}

async function partitionsOf(client: pg.Client, table: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = $1::regclass order by 1`,
    [table],
  );
  return rows.map(({ name }) => name);
}

async function readRows(client: pg.Client, table: string): Promise<Truth> {
  const { rows } = await client.query<{ id: string; version: number }>(
    `select id::text, version from ${table}`,
  );
  return new Map(rows.map(({ id, version }) => [id, version]));
}

/** Knows what was confirmed; a statement that fails, fails the test. */
function write(
  client: pg.Client,
  table: string,
  truth: Truth,
  random: () => number,
): { readonly stop: () => Promise<void> } {
  const stopped = new AbortController();
  let next = 1_000_000 + truth.size * 1_000;
  const step = async (): Promise<void> => {
    const ids = [...truth.keys()];
    const id = ids[Math.floor(random() * ids.length)] ?? '0';
    const dice = random();
    if (dice < 0.5) {
      next += 1;
      const minutes = String(Math.floor(random() * 2_880));
      await client.query(
        `insert into ${table} values ('${daysAgo(-1)}'::timestamptz + interval '${minutes} minutes', 'w', $1, 0, 1)`,
        [next],
      );
      truth.set(String(next), 0);
    } else if (dice < 0.85) {
      const version = (truth.get(id) ?? 0) + 1;
      const updated = await client.query(`update ${table} set version = $2 where id = $1`, [
        id,
        version,
      ]);
      expect(updated.rowCount).toBe(1);
      truth.set(id, version);
    } else {
      expect((await client.query(`delete from ${table} where id = $1`, [id])).rowCount).toBe(1);
      truth.delete(id);
    }
  };
  const running = (async () => {
    while (!stopped.signal.aborted) {
      await step();
      await pause(random() * 4);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}
