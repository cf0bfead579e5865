/** The lake becomes its copy: in one transaction, and for everybody. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keepLease } from '../../../src/jobs/keep-lease.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { listManifests, newestHead } from '../../../src/lake/manifest.ts';
import { COPY_NOTE, readPlaceNote } from '../../../src/lake/place-note.ts';
import { assertLease } from '../../../src/ledger/lease.ts';
import { adopt } from '../../support/adopt.ts';
import { compact } from '../../support/compact.ts';
import { createTestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { readIceberg } from '../../support/iceberg-reader.ts';
import { benchAt, copy, keysIn, localTarget, lookCopy, switchTo } from '../../support/lake-copy.ts';
import { loseDatabase } from '../../support/lost-database.ts';
import { days, restore } from '../../support/restore.ts';
import { daysAgo } from '../../support/rotation.ts';
import { bring, type CopyScene, liveKeys, openScene, prove } from './scene.ts';

const placeOf = async ({ database }: CopyScene): Promise<unknown> =>
  (await database.query('select lake_id, place from tierd.lake')).rows[0];

describe('a switch to the copy', () => {
  it('I2, I12: makes it the lake, in which all jobs go on; the old place is refused and left alone', async () => {
    const scene = await openScene();
    const { bench, dataset, database } = scene;
    const target = await localTarget(bench);
    await copy(bench, target);
    const before = await keysIn(bench.rooms.store);

    expect(await switchTo(bench, target)).toMatchObject({ isDone: true, segments: 3 });
    const moved = benchAt(bench, target);
    expect(await prove(moved)).toMatchObject({ provenRows: 300, incomplete: null });
    expect(await readPlaceNote(target.store, COPY_NOTE)).toBeNull();

    const another = await localTarget(bench, 'another');
    for (const begin of [
      () => rotateDataset(bench.rooms, dataset, { force: true }),
      () => prove(bench),
      () => copy(bench, another),
    ]) {
      await expect(begin()).rejects.toMatchObject({ code: 'LAKE_NOT_THE_SAME' });
    }
    await expect(prove(bench)).rejects.toThrow(`which was last used at ${target.store.place}`);
    expect(await keysIn(bench.rooms.store)).toEqual(before);

    await bring({ ...scene, bench: moved }, 35);
    await compact(moved, dataset);
    await deleteFrom(moved, dataset, 'n = 7', { now: true });
    await restore(moved, dataset, days(36, 34));
    expect(await prove(moved)).toMatchObject({ provenRows: 297, incomplete: null });
    expect((await database.query('select 1 from ticks')).rowCount).toBe(99);
    expect(await keysIn(bench.rooms.store)).toEqual(before);
  });

  it('is in the audit log, once', async () => {
    const scene = await openScene();
    const { bench, database } = scene;
    const before = await placeOf(scene);
    const target = await localTarget(bench);
    const { lakeId } = await copy(bench, target);
    await switchTo(bench, target);
    expect(await switchTo(bench, target)).toMatchObject({ isDone: true });
    expect(await switchTo(benchAt(bench, target), target)).toMatchObject({ isDone: true });

    expect(await placeOf(scene)).toEqual({ lake_id: lakeId, place: target.store.place });
    const { rows } = await database.query(
      `select entry::jsonb as entry from tierd.audit where chain = '_lake'`,
    );
    expect(rows.map(({ entry }) => entry as unknown)).toMatchObject([
      {
        action: 'switched',
        ...{ lake: lakeId, place: target.store.place },
        ...{ from: (before as { lake_id: string }).lake_id, from_place: bench.lake, segments: 3 },
      },
    ]);
  });

  it('is refused while a segment is missing there, with how many, and changes nothing', async () => {
    const scene = await openScene();
    const { bench, dataset } = scene;
    const target = await localTarget(bench);
    await expect(switchTo(bench, target)).rejects.toThrow(/is no copy of the lake/);
    await copy(bench, target);
    await bring(scene, 35, 34);
    const before = await placeOf(scene);
    const failure = switchTo(bench, target);
    await expect(failure).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(failure).rejects.toThrow(/^2 segments of 5 .* not proven to be in/);
    expect(await placeOf(scene)).toEqual(before);
    await rotateDataset(bench.rooms, dataset, { force: true });

    await copy(bench, target);
    await switchTo(bench, target);
    expect(await prove(benchAt(bench, target))).toMatchObject({ provenRows: 500 });
  });

  it('I1: is refused where a file of the copy went away, or was never read back', async () => {
    const { bench, database } = await openScene();
    const target = await localTarget(bench);
    await copy(bench, target);
    const [gone = '', unread = ''] = await keysIn(target.store);
    await rm(join(target.store.place, gone));
    await database.query('delete from tierd.copied_segments where object_key = $1', [unread]);
    await expect(switchTo(bench, target)).rejects.toThrow(/^2 segments of 3 /);
    await copy(bench, target);
    expect(await switchTo(bench, target)).toMatchObject({ segments: 3 });
  });

  it('I8: waits for nobody’s job, and whoever had a lease before can’t commit after it', async () => {
    const scene = await openScene();
    const { bench, dataset, database } = scene;
    const target = await localTarget(bench);
    await copy(bench, target);
    const kept = await keepLease({
      connect: () => bench.rooms.connect('direct'),
      ...{ dataset: dataset.name, holder: 'stopped', ttlMs: 3_600_000 },
      signal: new AbortController().signal,
    });
    await expect(switchTo(bench, target)).rejects.toMatchObject({ code: 'LEASE_HELD' });
    // As of a process that was stopped for longer than its lease, and wakes up after the switch.
    await database.query('update tierd.leases set expires_at = clock_timestamp()');
    await switchTo(bench, target);
    const db = await database.connect();
    await expect(assertLease(db, kept.lease)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await kept.release();
    await rotateDataset(benchAt(bench, target).rooms, dataset, { force: true });
  });

  it('waits for no copy that is under way', async () => {
    const { bench, database } = await openScene();
    const target = await localTarget(bench);
    await copy(bench, target);
    await database.query(
      `update tierd.leases set expires_at = now() + interval '1 hour' where dataset = 'lake:copy'`,
    );
    const failure = switchTo(bench, target);
    await expect(failure).rejects.toMatchObject({ code: 'LEASE_HELD' });
    await expect(failure).rejects.toThrow(/is being copied/);
  });

  it('has all that was rotated while it was copied', async () => {
    const scene = await openScene();
    const { bench } = scene;
    const target = await localTarget(bench);
    const ended = new AbortController();
    const rotating = bring(scene, 39)
      .then(() => bring(scene, 38, 37))
      .then(() => bring(scene, 36))
      .finally(() => {
        ended.abort();
      });
    while (!ended.signal.aborted) await copy(bench, target);
    await rotating;
    await copy(bench, target);
    await switchTo(bench, target);
    expect(await prove(benchAt(bench, target))).toMatchObject({ provenRows: 700 });
    expect(await keysIn(target.store)).toEqual(await liveKeys(scene));
  });

  it('takes along what jobs kept since the copy, and nothing that they removed', async () => {
    const scene = await openScene();
    const { bench, dataset } = scene;
    const target = await localTarget(bench);
    await copy(bench, target);
    await deleteFrom(bench, dataset, 'time < $1'.replace('$1', `'${daysAgo(55)}'`), { now: true });
    await switchTo(bench, target);
    expect(await keysIn(target.store)).toEqual(await liveKeys(scene));
    const headOf = async ({ store }: typeof bench.rooms) =>
      newestHead(store, await listManifests(store, 'ticks'));
    const moved = benchAt(bench, target);
    expect(await headOf(moved.rooms)).toEqual(await headOf(bench.rooms));
  });

  it('leaves a lake that can be adopted when its database is lost', async () => {
    const { bench, dataset } = await openScene();
    const target = await localTarget(bench);
    await copy(bench, target);
    await switchTo(bench, target);
    const lost = await loseDatabase(benchAt(bench, target));
    const adopted = await adopt(lost.bench, [dataset]);
    expect(adopted).toMatchObject({ isDone: true, plan: { datasets: [{ problems: [] }] } });
  });

  it('I12: is another lake’s from then on: the copy of a copy knows which it is of', async () => {
    const scene = await openScene();
    const { bench } = scene;
    const [first, second] = [await localTarget(bench, 'first'), await localTarget(bench, 'second')];
    await copy(bench, first);
    await copy(bench, second);
    await switchTo(bench, first);
    // Of the lake before, which may have gone another way.
    const moved = benchAt(bench, first);
    await expect(lookCopy(moved, second)).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(switchTo(moved, second)).rejects.toMatchObject({ code: 'REFUSED' });
    const third = await localTarget(bench, 'third');
    await copy(moved, third);
    await switchTo(moved, third);
    expect(await prove(benchAt(bench, third))).toMatchObject({ provenRows: 300 });
  });

  it('leaves Iceberg tables where they are right, until a run begins them anew at the new place (I11)', async () => {
    const scene = await openScene();
    const { bench, database } = scene;
    const dataset = { ...scene.dataset, iceberg: true };
    const rowsOf = async (): Promise<readonly [string, bigint]> => {
      const { rows } = await database.query('select location from tierd.iceberg_metadata');
      const [{ location = '' } = {}] = rows as { location?: string }[];
      const { files } = await readIceberg(location);
      return [location, files.reduce((sum, file) => sum + file.rows, 0n)];
    };
    await rotateDataset(bench.rooms, dataset, { force: true });
    const target = await localTarget(bench);
    await copy(bench, target);
    expect(await keysIn(target.store, '_iceberg/')).toEqual([]);
    await switchTo(bench, target);
    const [old, rows] = await rowsOf();
    expect(old).toContain(bench.lake);
    expect(rows).toBe(300n);

    const moved = { ...scene, bench: benchAt(bench, target), dataset };
    await bring(moved, 35);
    const [location, all] = await rowsOf();
    expect(location).toContain(target.store.place);
    expect(all).toBe(400n);
    const { files } = await readIceberg(location);
    expect(files.every(({ path }) => path.includes(target.store.place))).toBe(true);
  });

  it('is not a copied ledger’s to make', async () => {
    const { bench } = await openScene();
    const target = await localTarget(bench);
    await copy(bench, target);
    const database = await createTestDatabase();
    const stranger = { ...bench, rooms: { ...bench.rooms, connect: () => database.connect() } };
    await expect(switchTo(stranger, target)).rejects.toMatchObject({ code: 'LEDGER_OUTDATED' });
  });
});
