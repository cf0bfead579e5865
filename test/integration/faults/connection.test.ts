/** The line to PostgreSQL is cut where it hurts most: around COMMIT (I9). */
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { connect } from '../../../src/hot/server/connect.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import { backendOf } from '../../support/hot.ts';
import { describeOn } from '../../support/servers.ts';
import { type Judge, openProxy, type TcpProxy, type Verdict } from '../../support/tcp-proxy.ts';
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
} from './scene.ts';

/** Rooms whose every connection goes through the proxy. */
async function proxied(scene: Scene): Promise<{ rooms: Rooms; proxy: TcpProxy }> {
  const proxy = await openProxy(scene.database.url);
  const rooms: Rooms = {
    ...scene.rooms,
    connect: () => connect({ url: proxy.url, job: 'test' }),
  };
  return { rooms, proxy };
}

/** Passes `verdict` once, on the COMMIT of the first transaction with a statement that matches. */
function atCommitAfter(statement: RegExp, verdict: Verdict): Judge {
  let wanted: number | null = null;
  let isOver = false;
  return (sql, connection) => {
    if (wanted === null && statement.test(sql)) wanted = connection;
    if (isOver || wanted !== connection || sql !== 'commit') return 'pass';
    isOver = true;
    return verdict;
  };
}

const PATIENT = { timeout: 60_000 };
const MOVING = /update tierd\.slices set published_at/;
const ANNOUNCING = /insert into tierd\.slices/;

function cutAround(kind: NonNullable<SceneOptions['kind']>): void {
  it.each(['cut before', 'cut at once', 'cut after'] as const)(
    `of a ${kind} table is looked for in the ledger, and the run goes on (%s) (I9)`,
    async (verdict) => {
      const scene = await openScene({ kind });
      const { rooms, proxy } = await proxied(scene);
      proxy.onStatement(atCommitAfter(MOVING, verdict));
      const { totals } = await rotateForced(rooms, scene.dataset);
      expect(totals.failed).toEqual([]);
      expect(totals.moved.reduce((sum, move) => sum + move.rows, 0n)).toBe(80n);
      expect(await dueRows(scene)).toBe(0);
      await expectNothingLost(scene);
      await expectNothingLeftOver(scene);
    },
  );
}

describe('a COMMIT whose connection is lost', () => {
  cutAround('plain');
  cutAround('partitioned');

  it.each(['cut before', 'cut after'] as const)(
    'while the objects are announced leaves nothing over (%s) (I4, I9)',
    async (verdict) => {
      const scene = await openScene();
      const { rooms, proxy } = await proxied(scene);
      proxy.onStatement(atCommitAfter(ANNOUNCING, verdict));
      const { totals } = await rotateForced(rooms, scene.dataset);
      expect(totals.failed).toEqual([]);
      await expectNothingLost(scene);
      await expectNothingLeftOver(scene);
    },
  );

  it('is waited for while the server is still at it, and never guessed at (I9)', async () => {
    const scene = await openScene();
    const holder = await holdCommits(scene);
    const { rooms, proxy } = await proxied(scene);
    proxy.onStatement(atCommitAfter(MOVING, 'cut at once'));
    const running = rotateForced(rooms, scene.dataset);
    // The server works on the COMMIT; tierd asks what became of it, and waits for the row.
    await expect.poll(() => waitingFor(scene, 'commit'), PATIENT).toBe(1);
    await expect.poll(() => waitingFor(scene, '%for update%'), PATIENT).toBe(1);
    await holder.query('select pg_advisory_unlock(1)');
    const { totals } = await running;
    expect(totals.failed).toEqual([]);
    expect(await dueRows(scene)).toBe(0);
    await expectNothingLost(scene);
    await expectNothingLeftOver(scene);
  });

  it('and after which the server can not be asked leaves all to the next run (I4, I9)', async () => {
    const scene = await openScene();
    const { rooms, proxy } = await proxied(scene);
    const cut = atCommitAfter(MOVING, 'cut after');
    let isCut = false;
    proxy.onStatement((sql, connection) => {
      if (isCut) return 'cut before';
      const verdict = cut(sql, connection);
      isCut = verdict !== 'pass';
      return verdict;
    });
    const dataset = scene.dataset;
    const settings = { ...rooms.settings, leaseTtlMs: 300 };
    const failure = await failureOf(rotateForced({ ...rooms, settings }, dataset));
    expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', exitCode: 1 });
    expect(failure.message).toContain('not known');
    // The first move took effect, and its reply was lost.
    expect(await dueRows(scene)).toBe(40);
    await expectNothingLost(scene);
    await expectConverged(scene);
  });
});

describeOn('timescale', 'a COMMIT whose connection is lost, dropping chunks', () => {
  cutAround('hypertable');
});

/** Makes the COMMIT of whoever deletes from the table wait for an advisory lock. */
async function holdCommits({ database, client, dataset }: Scene): Promise<pg.Client> {
  await client.query(`create or replace function wait_at_commit() returns trigger language plpgsql
    as $$ begin perform pg_advisory_xact_lock_shared(1); return null; end $$`);
  await client.query(`create constraint trigger held after delete on ${dataset.name}
    deferrable initially deferred for each row execute function wait_at_commit()`);
  const holder = await database.connect();
  await backendOf(holder);
  await holder.query('select pg_advisory_lock(1)');
  return holder;
}

async function waitingFor({ client }: Scene, statement: string): Promise<number> {
  const found = await client.query(
    `select 1 from pg_stat_activity
     where query ilike $1 and wait_event_type = 'Lock' and pid <> pg_backend_pid()
       and datname = current_database()`,
    [statement],
  );
  return found.rowCount ?? 0;
}
