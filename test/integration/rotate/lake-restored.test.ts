/** I12: a ledger that is restored from a dump into the very database that the dump was made of. */
import { beforeEach, expect, it } from 'vitest';
import { takeOverLake } from '../../../src/jobs/lake-owner.ts';
import { planRotationOf } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { unfinishedMoves } from '../../../src/ledger/moves.ts';
import { createTestDatabase } from '../../support/database.ts';
import { dumpDatabase } from '../../support/dump.ts';
import { describeOn } from '../../support/servers.ts';
import {
  expectConverged,
  failureOf,
  openScene,
  rotateForced,
  type Scene,
} from '../faults/scene.ts';

let scene: Scene;

const dumpLedger = () => dumpDatabase(scene.database.url, ['--inserts', '--schema=tierd']);

/** As `pg_restore --clean` would. */
async function restoreLedger(dump: string): Promise<void> {
  await scene.database.query('drop schema tierd cascade');
  // psql's own commands mean nothing to the server.
  await scene.database.query(dump.replaceAll(/^\\.*$/gm, ''));
  // It was dumped with the lease of a process that is gone.
  await scene.database.query('update tierd.leases set expires_at = clock_timestamp()');
}

/** The same store, whose first object is followed by `step`. */
function afterFirstPut(store: ObjectStore, step: () => Promise<void>): ObjectStore {
  let pending: typeof step | null = step;
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name !== 'putIfAbsent') return member.bind(target) as unknown;
      return async (...args: Parameters<ObjectStore['putIfAbsent']>) => {
        const outcome = await target.putIfAbsent(...args);
        const due = pending;
        pending = null;
        await due?.();
        return outcome;
      };
    },
  });
}

async function segmentFiles(): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of scene.rooms.store.list('')) keys.push(key);
  return keys.sort();
}

describeOn('pg_dump', 'a ledger restored in place from an older dump', () => {
  beforeEach(async () => {
    scene = await openScene({ database: await createTestDatabase() });
  });

  it('I12: is refused the lake, and removes nothing that was made live after the dump, taken over or not', async () => {
    let dump = '';
    const store = afterFirstPut(scene.rooms.store, async () => {
      dump = await dumpLedger();
    });
    await rotateForced({ ...scene.rooms, store }, scene.dataset);
    await restoreLedger(dump);
    const before = await segmentFiles();
    const db = await scene.database.connect();
    // Recovery would take these for leftovers, and they are the only copy of their rows.
    expect(await unfinishedMoves(db, scene.dataset.name)).not.toEqual([]);

    const all = { dataset: null, sample: null, prove: null, onProgress: () => undefined };
    for (const ask of [
      () => rotateForced(scene.rooms, scene.dataset),
      () => planRotationOf(scene.rooms, scene.dataset),
      () => scrub(scene.rooms, all),
    ]) {
      expect(await failureOf(ask())).toMatchObject({
        code: 'LAKE_NOT_OWNED',
        message: expect.stringContaining('restored from a dump') as string,
      });
    }
    const { epoch, givenUp } = await takeOverLake(scene.rooms, db);
    expect({ epoch, givenUp: givenUp.length > 0 }).toEqual({ epoch: 2, givenUp: true });
    await rotateForced(scene.rooms, scene.dataset);
    expect(await segmentFiles()).toEqual(expect.arrayContaining([...before]));
    await db.end();
  });

  it('I12: is told by its tables: rewriting one changes nothing, making it anew does', async () => {
    await rotateForced(scene.rooms, scene.dataset);
    await scene.database.query('vacuum full tierd.lake');
    await expectConverged(scene);
    // A ledger from before it was noted notes it with its next rotation.
    await scene.database.query('update tierd.lake set home = null');
    await rotateForced(scene.rooms, scene.dataset);
    await restoreLedger(await dumpLedger());
    expect(await failureOf(rotateForced(scene.rooms, scene.dataset))).toMatchObject({
      code: 'LAKE_NOT_OWNED',
    });
  });
});
