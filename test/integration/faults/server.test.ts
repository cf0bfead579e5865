/** PostgreSQL says no: time limits, privileges, policies, connections. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../../src/hot/server/connect.ts';
import { planRotationOf } from '../../../src/jobs/rotate.ts';
import type { Rooms, RotationSettings } from '../../../src/jobs/rotation/rooms.ts';
import {
  dueRows,
  expectConverged,
  expectNothingLost,
  failureOf,
  openScene,
  rotateForced,
  type Scene,
} from './scene.ts';

const limited = ({ rooms }: Scene, settings: Partial<RotationSettings>): Rooms => ({
  ...rooms,
  settings: { ...rooms.settings, ...settings },
});

interface DisturbedRooms {
  readonly rooms: Rooms;
  /** Ends the other session's transaction. */
  readonly end: () => Promise<unknown>;
}

/** Rooms that go on from the plan only when another session has run `sql` in a transaction. */
async function disturbAfterPlan(scene: Scene, sound: Rooms, sql: string): Promise<DisturbedRooms> {
  const other = await scene.database.connect();
  onTestFinished(() => other.end());
  let disturbing: Promise<unknown> = Promise.resolve();
  const rooms: Rooms = {
    ...sound,
    emit(event) {
      if (event.kind === 'planned') disturbing = other.query(`begin; ${sql}`);
    },
    connect: async (purpose) => {
      await disturbing;
      return sound.connect(purpose);
    },
  };
  return { rooms, end: () => other.query('rollback') };
}

const LIMITS = { statementTimeoutMs: 400, lockTimeoutMs: 20_000 };

describe('postgres.statement_timeout', () => {
  it('ends an export that takes longer', async () => {
    const scene = await openScene();
    const { name } = scene.dataset;
    const locked = `lock table ${name} in access exclusive mode`;
    const { rooms, end } = await disturbAfterPlan(scene, limited(scene, LIMITS), locked);
    const failure = await failureOf(rotateForced(rooms, scene.dataset));
    expect(failure).toMatchObject({ code: 'STATEMENT_TIMEOUT', exitCode: 1 });
    expect(failure.hint).toContain('postgres.statement_timeout');
    await end();
    await expectConverged(scene);
  });

  it('ends a delete that takes longer, and nothing is deleted (I1)', async () => {
    const scene = await openScene();
    const { name } = scene.dataset;
    const written = `update ${name} set symbol = symbol`;
    const { rooms, end } = await disturbAfterPlan(scene, limited(scene, LIMITS), written);
    const failure = await failureOf(rotateForced(rooms, scene.dataset));
    expect(failure).toMatchObject({ code: 'STATEMENT_TIMEOUT', exitCode: 1 });
    expect(await dueRows(scene)).toBe(80);
    await end();
    await expectConverged(scene);
  });

  it('ends also the looking of a plan, which waits for locks no longer than it may', async () => {
    const scene = await openScene();
    const other = await scene.database.connect();
    onTestFinished(() => other.end());
    await other.query(`begin; lock table ${scene.dataset.name} in access exclusive mode`);
    const rooms = limited(scene, { lockTimeoutMs: 100 });
    expect(await failureOf(planRotationOf(rooms, scene.dataset))).toMatchObject({
      code: 'LOCK_TIMEOUT',
    });
    const impatient = limited(scene, { ...LIMITS, statementTimeoutMs: 100 });
    expect(await failureOf(planRotationOf(impatient, scene.dataset))).toMatchObject({
      code: 'STATEMENT_TIMEOUT',
    });
    await other.query('rollback');
    await expectConverged(scene);
  });
});

interface Role {
  readonly name: string;
  /** The scene's rooms, but connected as the role. */
  readonly rooms: Rooms;
}

/** A role that may work with the ledger, and with the table as far as `privileges` go. */
async function openRole(scene: Scene, privileges: string, limit = -1): Promise<Role> {
  const { database, dataset } = scene;
  const name = `tierd_role_${randomBytes(6).toString('hex')}`;
  await database.query(
    `create role ${name} login password 'secret' connection limit ${String(limit)}`,
  );
  onTestFinished(async () => {
    await database.query(`drop owned by ${name}; drop role ${name}`);
  });
  await database.query(`grant usage on schema tierd to ${name};
    grant select, insert, update on all tables in schema tierd to ${name}`);
  if (privileges !== '') await database.query(`grant ${privileges} on ${dataset.name} to ${name}`);
  const url = new URL(database.url);
  url.username = name;
  url.password = 'secret';
  const rooms: Rooms = {
    ...scene.rooms,
    connect: () => connect({ url: url.href, job: 'test' }),
  };
  return { name, rooms };
}

describe('a role', () => {
  it.each([
    ['read', '', { code: 'PERMISSION_DENIED', exitCode: 1 }],
    ['delete', 'select', { code: 'REFUSED', exitCode: 3 }],
  ])('that may not %s is told so, and nothing is deleted (I1)', async (_, privileges, expected) => {
    const scene = await openScene();
    const { rooms } = await openRole(scene, privileges);
    const failure = await failureOf(rotateForced(rooms, scene.dataset));
    expect(failure).toMatchObject(expected);
    expect(`${failure.message} ${failure.hint ?? ''}`).toMatch(/tierd doctor|grant select, delete/);
    expect(failure.message).toContain(scene.dataset.name);
    expect(await dueRows(scene)).toBe(80);
    await expectConverged(scene);
  });

  it('that loses a privilege in the middle is told so, and nothing is deleted (I1)', async () => {
    const scene = await openScene();
    const { name, rooms } = await openRole(scene, 'select, delete');
    const revoked = `revoke delete on ${scene.dataset.name} from ${name}; commit; begin`;
    const disturbed = await disturbAfterPlan(scene, rooms, revoked);
    const failure = await failureOf(rotateForced(disturbed.rooms, scene.dataset));
    expect(failure).toMatchObject({ code: 'PERMISSION_DENIED', exitCode: 1 });
    expect(failure.message).toContain(scene.dataset.name);
    expect(failure.hint).toContain('tierd doctor');
    expect(await dueRows(scene)).toBe(80);
    await expectConverged(scene);
  });

  it('that may do no more than it must rotates', async () => {
    const scene = await openScene();
    const { name, rooms } = await openRole(scene, 'select, delete');
    await scene.database.query(`grant maintain on ${scene.dataset.name} to ${name}`);
    const outcome = await rotateForced(rooms, scene.dataset);
    expect(outcome.vacuumWarnings).toEqual([]);
    expect(await dueRows(scene)).toBe(0);
    await expectNothingLost(scene);
  });

  it('from which a policy hides rows may not rotate, for hidden rows would be left out (I1)', async () => {
    const scene = await openScene();
    const { name } = scene.dataset;
    await scene.database.query(`alter table ${name} enable row level security;
      create policy own on ${name} using (symbol <> 's1')`);
    const { rooms } = await openRole(scene, 'select, delete');
    const failure = await failureOf(rotateForced(rooms, scene.dataset));
    expect(failure).toMatchObject({ code: 'PERMISSION_DENIED', exitCode: 1 });
    expect(failure.message).toContain('row-level security');
    expect(await dueRows(scene)).toBe(80);
    await expectConverged(scene);
  });

  it.each([1, 2, 3])('with %i connections stops where it needs one more', async (limit) => {
    const scene = await openScene();
    const { rooms } = await openRole(scene, 'select, delete', limit);
    const failure = await failureOf(rotateForced(rooms, scene.dataset));
    expect(failure.code).toBe('CONNECTIONS_EXHAUSTED');
    // Whether a move was done before depends on how long the export of the next one took.
    expect([1, 4]).toContain(failure.exitCode);
    expect(failure.hint).toContain('connections');
    await expectNothingLost(scene);
    await expectConverged(scene);
  });
});
