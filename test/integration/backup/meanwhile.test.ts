/** What jobs do while a snapshot is taken: it is of one instant all the same. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isSame } from '../../../src/jobs/drill-backup.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { objectPath } from '../../../src/lake/backup/backup-objects.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { drill, restoreInto, snapshot, withBackups } from '../../support/backup.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import { bring, liveKeys } from '../lake-copy/scene.ts';
import { type BackupScene, openWithBackups, rowsOf } from './scene.ts';

/** The scene's rooms, in which `step` runs once: in the snapshot, before the first of its files is taken. */
function interrupted(scene: BackupScene, step: () => Promise<unknown>): BackupScene['backup'] {
  let pending: typeof step | null = step;
  const { root, fs } = scene.backup.place;
  const link: typeof fs.link = async (existing, added) => {
    if (existing.startsWith(scene.lake)) {
      const due = pending;
      pending = null;
      await due?.();
    }
    await fs.link(existing, added);
  };
  return { ...scene.backup, place: { root, fs: { ...fs, link } } };
}

async function restored(
  scene: BackupScene,
  backup: Awaited<ReturnType<typeof snapshot>>['backup'],
): Promise<readonly string[]> {
  const target: TestDatabase = await createTestDatabase();
  const lakePath = join(scene.directory, 'restored');
  await restoreInto(scene.backup, { backup, url: target.url, lakePath });
  return rowsOf(target, join(lakePath, 'cold_storage'));
}

describeOn('pg_dump', 'while a snapshot is taken', () => {
  it('I2: rows that a rotation moves are in it once, as they were before', async () => {
    const scene = await openWithBackups();
    await scene.database.query(
      `insert into ticks select $1::timestamptz + n * interval '1 minute', 'late', n from generate_series(0, 99) n`,
      [daysAgo(55)],
    );
    const before = await rowsOf(scene.database, scene.lake);
    const rooms = interrupted(scene, () => bring(scene));
    const { backup } = await snapshot(rooms);
    expect(backup.segments).toHaveLength(3);
    expect(await liveKeys(scene)).toHaveLength(4);
    expect(backup.datasets).toMatchObject([{ hot: { rows: '150' }, coldRows: 300 }]);
    expect(await restored(scene, backup)).toEqual(before);
  });

  it('I3: no file of a replaced segment is removed for its age', async () => {
    const scene = await openWithBackups();
    const settings = { ...scene.rooms.settings, gracePeriodMs: 0 };
    const hasty = { ...scene, bench: { ...scene.bench, rooms: { ...scene.rooms, settings } } };
    const [first = ''] = await liveKeys(scene);
    const rooms = interrupted(scene, async () => {
      await deleteFrom(hasty.bench, scene.dataset, 'n < 3', { coldOnly: true });
      // Before it does anything else it removes what has been replaced for so long.
      await bring(hasty, 35);
    });
    const before = await rowsOf(scene.database, scene.lake);
    const { backup } = await snapshot(rooms);
    expect(await nodeFileSystem.look(join(scene.lake, first))).not.toBeNull();
    await bring(hasty, 34);
    expect(await nodeFileSystem.look(join(scene.lake, first))).toBeNull();
    expect(await restored(scene, backup)).toEqual(before);
  });

  it('what is deleted at once has it begin anew, without those rows', async () => {
    const scene = await openWithBackups();
    const rooms = interrupted(scene, () =>
      deleteFrom(scene.bench, scene.dataset, 'n < 3', { now: true, coldOnly: true }),
    );
    const { backup } = await snapshot(rooms);
    const after = await rowsOf(scene.database, scene.lake);
    expect(after).toHaveLength(350 - 9);
    expect(await restored(scene, backup)).toEqual(after);
    for (const segment of backup.segments) {
      expect(await nodeFileSystem.look(objectPath(scene.backup.place, segment))).not.toBeNull();
    }
  });
});

describeOn(['pg_dump', 'timescale'], 'a snapshot of a hypertable', () => {
  it('comes back as a hypertable, with its chunks, and a drill says so', async () => {
    const database = await createTestDatabase({ timescale: true });
    const bench = await openBench(database);
    await database.query(
      `create table ticks (time timestamptz not null, symbol text, n int);
       select create_hypertable('ticks', 'time', chunk_time_interval => interval '1 day');
       insert into ticks select $a$${daysAgo(40)}$a$::timestamptz + n * interval '1 hour', 's', n from generate_series(0, 71) n;
       insert into ticks select $a$${daysAgo(2)}$a$::timestamptz + n * interval '1 hour', 'hot', n from generate_series(0, 47) n;`,
    );
    const dataset = makeDataset('ticks');
    await rotateDataset(bench.rooms, dataset, { force: true });
    const { backup: rooms } = await withBackups(bench, database, [dataset]);
    const { backup } = await snapshot(rooms);
    expect(backup.datasets).toMatchObject([{ hot: { rows: '48' }, coldRows: 72 }]);
    const drilled = await drill(rooms);
    expect(drilled.datasets.flatMap(({ differences }) => differences)).toEqual([]);
    expect(isSame(drilled)).toBe(true);
    const target = await createTestDatabase();
    const lakePath = join(bench.directory, 'restored');
    await restoreInto(rooms, { backup, url: target.url, lakePath });
    const { rows } = await target.query(
      `select (select count(*)::int from ticks) as n, (select count(*)::int from show_chunks('ticks')) as chunks`,
    );
    expect(rows).toEqual([{ n: 48, chunks: 2 }]);
    await target.query(`insert into ticks values (now(), 'new', 1)`);
  });
});
