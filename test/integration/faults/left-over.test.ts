/** That the crash suites would see what they look for: a leftover of each sort, planted, is named. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../../src/ledger/migrate.ts';
import { clockOf, findLeft } from '../../crash/leftovers.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const KEEP_MS = 1_000;
let database: TestDatabase;
let db: pg.Client;
let directory = '';

beforeAll(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  await migrate(db);
  directory = mkdtempSync(join(tmpdir(), 'tierd-test-left-'));
  for (const name of ['lake', 'spill']) mkdirSync(join(directory, name));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function look(): Promise<readonly string[]> {
  const [lake, spill] = [join(directory, 'lake'), join(directory, 'spill')];
  const outlived = { keepMs: KEEP_MS, asOf: await clockOf(db) };
  return findLeft(db, { lake, spill, outlived }, 1);
}

async function lookWith(plant: string): Promise<readonly string[]> {
  await db.query('begin');
  try {
    await db.query(plant);
    return await look();
  } finally {
    await db.query('rollback');
  }
}

const RUN = `insert into tierd.runs (job, dataset, holder, state, started_at, finished_at)
  values ('rotate', 'ticks', 'h', 'done', now(), now()) returning id`;
const MOVE = `insert into tierd.moves (id, run_id, dataset, token, removal, range_from, range_to, state)
  select gen_random_uuid(), id, 'ticks', 1, 'delete', '2026-01-01', '2026-01-02', $STATE from run returning id`;
const SLICE = `insert into tierd.slices (move_id, dataset, range_from, range_to, generation, row_count, fingerprint, columns)
  select id, 'ticks', '2026-01-01', '2026-01-02', 1, 1, '{}', '[]' from move returning id, schema_id`;
const withMove = (state: string): string =>
  `with run as (${RUN}), move as (${MOVE.replace('$STATE', `'${state}'`)})`;
const DELIVERED = `insert into tierd.deliveries
  (source, stream_key, consumer_group, first_id, last_id, ids, id_count, acknowledged_at)
  values ('trades', 's:A', 'tierd', '1', '2', 'x', 1, `;

const PLANTED: readonly (readonly [string, string])[] = [
  ['move: ticks, publishing', `${withMove('publishing')} select from move`],
  [
    'segment that is being published: ticks/a.parquet',
    `${withMove('abandoned')}, slice as (${SLICE})
     insert into tierd.segments (slice_id, schema_id, dataset, object_key, state, bytes, sha256, row_count, min_time_us, max_time_us, statistics)
     select id, schema_id, 'ticks', 'ticks/a.parquet', 'publishing', 1, repeat('a', 64), 1, 0, 0, '{}' from slice`,
  ],
  [
    'restore: ticks, slice ',
    `${withMove('abandoned')}, slice as (${SLICE})
     insert into tierd.restores (id, run_id, dataset, slice_id, state, row_count)
     select gen_random_uuid(), run.id, 'ticks', slice.id, 'begun', 1 from run, slice`,
  ],
  [
    'announced Iceberg object: ticks/metadata.json',
    `insert into tierd.iceberg_objects (object_key, dataset, state) values ('ticks/metadata.json', 'ticks', 'announced')`,
  ],
  [
    'run of a job: rotate ticks',
    `insert into tierd.runs (job, dataset, holder, state, started_at) values ('rotate', 'ticks', 'h', 'running', now())`,
  ],
  [
    'run of the daemon: drain by h',
    `insert into tierd.job_runs (owner, job, cause, holder, token, state, started_at)
     values ('o', 'drain', 'schedule', 'h', 1, 'running', now())`,
  ],
  [
    'lease: ticks by h',
    `insert into tierd.leases (dataset, token, holder, acquired_at, expires_at)
     values ('ticks', 1, 'h', now(), now() + interval '1 hour')`,
  ],
  ['delivery that nobody noted as told: trades, s:A', `${DELIVERED} null)`],
  ['outlived delivery: trades', `${DELIVERED} now() - interval '1 hour')`],
  [
    'claim that nobody noted as removed: c1',
    `insert into tierd.claims (claim, source, list_key, "position") values ('c1', 'orders', 'l:A', 0)`,
  ],
  [
    'outlived claim: c2',
    `insert into tierd.claims (claim, source, list_key, "position", done, removed_at)
     values ('c2', 'orders', 'l:A', 0, true, now() - interval '1 hour')`,
  ],
  ['move without its entry in the audit log: ticks', `${withMove('finished')} select from move`],
  [
    'entry in the audit log of what was never done: ticks 1',
    `insert into tierd.audit (chain, number, entry, hash)
     values ('ticks', 1, '{"action":"moved","id":"none"}', sha256(''))`,
  ],
  [
    'count of live segments that is none: ticks',
    `insert into tierd.live_schemas (dataset, schema_id, segments, longest_us) values ('ticks', 'one', 1, 0)`,
  ],
  [
    'count of committed moves that is none: ticks',
    `insert into tierd.committed_moves (dataset, moves) values ('ticks', 1)`,
  ],
  [
    'unsettled rows: trades',
    `insert into tierd.drain_sources (source, dataset, unsettled_from_us, unsettled_to_us) values ('trades', 'ticks', 0, 0)`,
  ],
];

it.each(PLANTED)('%s', async (name, plant) => {
  expect(await look()).toEqual([]);
  expect(await lookWith(plant)).toEqual([expect.stringContaining(name)]);
});

it('what was remembered for less long than asked for is not left over', async () => {
  expect(await lookWith(`${DELIVERED} clock_timestamp())`)).toEqual([]);
});

it('files, folders and what a session leaves in the server', async () => {
  mkdirSync(join(directory, 'lake', '_staging', 'move-1'), { recursive: true });
  mkdirSync(join(directory, 'spill', 'tierd-spill-here-1-abcdef'));
  writeFileSync(join(directory, 'spill', 'scrub.parquet'), '');
  await db.query('create temporary table halfway (n int)');
  const stayed = await database.connect();
  await stayed.query(`set application_name = 'tierd/rotate'`);
  expect(await look()).toEqual([
    'in the lake: _staging',
    'in the lake: _staging/move-1',
    expect.stringMatching(/^spilled: .*(scrub|tierd-spill)/),
    expect.stringMatching(/^spilled: .*(scrub|tierd-spill)/),
    'temporary table: halfway',
    expect.stringMatching(/^connection: tierd\/rotate, idle: /),
  ]);
});
