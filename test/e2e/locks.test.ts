/** Others hold locks on what is to be removed. Slow, for waiting is what it is about. */
import type pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import {
  dueRows,
  expectConverged,
  expectNothingLeftOver,
  expectNothingLost,
  failureOf,
  openScene,
  rotateForced,
  type Scene,
  type SceneOptions,
} from '../integration/faults/scene.ts';
import { describeOn } from '../support/servers.ts';

async function inTransaction(scene: Scene, sql: string): Promise<pg.Client> {
  const client = await scene.database.connect();
  onTestFinished(() => client.end());
  await client.query(`begin; ${sql}`);
  return client;
}

const impatient = ({ rooms }: Scene, lockTimeoutMs: number): Rooms => ({
  ...rooms,
  settings: { ...rooms.settings, lockTimeoutMs },
});

function held(
  kind: NonNullable<SceneOptions['kind']>,
  who: string,
  sql: (table: string) => string,
  moved: number,
): void {
  it(`by ${who} of a ${kind} table for too long: those rows stay hot, and the holder is named (I1)`, async () => {
    const scene = await openScene({ kind });
    const holder = await inTransaction(scene, sql(scene.dataset.name));
    const { totals } = await rotateForced(impatient(scene, 100), scene.dataset);
    expect(totals.failed.map(({ error }) => error.code)).toEqual(['LOCK_TIMEOUT']);
    expect(totals.failed[0]?.error.hint).toContain('again');
    expect(totals.moved).toHaveLength(moved);
    await expectNothingLost(scene);
    await expectNothingLeftOver(scene);
    await holder.query('rollback');
    await expectConverged(scene);
  });

  it(`by ${who} of a ${kind} table for a while is waited for`, async () => {
    const scene = await openScene({ kind });
    const holder = await inTransaction(scene, sql(scene.dataset.name));
    const running = rotateForced(impatient(scene, 10_000), scene.dataset);
    await expect.poll(() => lockWaiters(scene), { interval: 20 }).toBeGreaterThan(0);
    await holder.query('rollback');
    expect((await running).totals.failed).toEqual([]);
    expect(await dueRows(scene)).toBe(0);
    await expectNothingLost(scene);
  });
}

async function lockWaiters({ client }: Scene): Promise<number> {
  const found = await client.query(
    `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
  );
  return found.rowCount ?? 0;
}

const FIRST_DAY = 'id < 40';
const reader = (table: string): string => `select 1 from ${table} where ${FIRST_DAY} limit 1`;
const writer = (table: string): string => `update ${table} set symbol = symbol where ${FIRST_DAY}`;

describe('a lock that is held', () => {
  held('plain', 'a writer', writer, 1);
  held('partitioned', 'a reader', reader, 0);
  held('partitioned', 'a writer', writer, 0);

  it('on a whole table ends the run before anything is planned', async () => {
    const scene = await openScene();
    const holder = await inTransaction(
      scene,
      `lock table ${scene.dataset.name} in access exclusive mode`,
    );
    const failure = await failureOf(rotateForced(impatient(scene, 100), scene.dataset));
    expect(failure).toMatchObject({ code: 'LOCK_TIMEOUT', exitCode: 1 });
    await holder.query('rollback');
    await expectConverged(scene);
  });

  it('by a reader of a plain table is no matter', async () => {
    const scene = await openScene();
    await inTransaction(scene, reader(scene.dataset.name));
    expect((await rotateForced(impatient(scene, 100), scene.dataset)).totals.failed).toEqual([]);
    expect(await dueRows(scene)).toBe(0);
  });
});

describeOn('timescale', 'a lock on a chunk that is held', () => {
  held('hypertable', 'a reader', reader, 0);
  held('hypertable', 'a writer', writer, 0);
});
