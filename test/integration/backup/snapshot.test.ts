/** A snapshot is of one instant, costs what is new, and comes back as it was. */
import { appendFile, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { KeepRules } from '../../../src/domain/backup/retention.ts';
import { isSame } from '../../../src/jobs/drill-backup.ts';
import { objectPath } from '../../../src/lake/backup/backup-objects.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import {
  drill,
  dump,
  prune,
  restoreInto,
  snapshot,
  verify,
  writeProgram,
} from '../../support/backup.ts';
import { createTestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { describeOn } from '../../support/servers.ts';
import { bring, liveKeys, liveSegments } from '../lake-copy/scene.ts';
import { filesBelow, openWithBackups as open, rowsOf } from './scene.ts';

const ONE: KeepRules = { last: 1, daily: 0, weekly: 0, monthly: 0 };

describeOn('pg_dump', 'a snapshot of database and lake', () => {
  it('comes back in an empty database and an empty folder, row by row', async () => {
    const scene = await open();
    const { backup } = await snapshot(scene.backup);
    expect(backup.segments).toHaveLength(3);
    const before = await rowsOf(scene.database, scene.lake);
    expect(before).toHaveLength(350);
    const target = await createTestDatabase();
    const lakePath = join(scene.directory, 'restored');
    await restoreInto(scene.backup, { backup, url: target.url, lakePath });
    expect(await rowsOf(target, join(lakePath, 'cold_storage'))).toEqual(before);
    expect(await readdir(lakePath)).toEqual(['cold_storage']);
  });

  it('costs what is new: a second one of an unchanged lake and database adds nothing', async () => {
    const scene = await open();
    const first = await snapshot(scene.backup);
    expect(first.taken).toMatchObject({ linked: 3 });
    const files = await filesBelow(join(scene.backup.place.root, 'objects'));
    const second = await snapshot(scene.backup);
    expect(second.isDumpNew).toBe(false);
    expect(second.taken).toMatchObject({ linked: 0, copied: 0, addedBytes: 0 });
    expect(await filesBelow(join(scene.backup.place.root, 'objects'))).toEqual(files);
    await bring(scene, 35);
    const third = await snapshot(scene.backup);
    expect(third.taken).toMatchObject({ linked: 1 });
    expect(third.isDumpNew).toBe(true);
    const { rows } = await scene.database.query(
      `select kind, state, backup, bytes > 0 as sized from tierd.backup_logs order by started_at`,
    );
    expect(rows).toEqual(
      [first, second, third].map(({ backup }) => ({
        ...{ kind: 'snapshot', state: 'done', backup: backup.id, sized: true },
      })),
    );
  });

  it('links the files of the lake, which nothing writes to: what goes from the lake stays in the backup', async () => {
    const scene = await open();
    const { backup } = await snapshot(scene.backup);
    const [segment] = backup.segments;
    if (segment === undefined) throw new Error('no segment');
    const path = objectPath(scene.backup.place, segment);
    const inLake = join(scene.lake, segment.key);
    expect((await stat(path)).ino).toBe((await stat(inLake)).ino);
    const bytes = await readFile(path);
    const mode = (await stat(inLake)).mode;
    // Rows are deleted, others come to the same days, all is written anew, and what was replaced goes at once.
    await deleteFrom(scene.bench, scene.dataset, 'n < 90', { now: true, coldOnly: true });
    await bring(scene, 59);
    expect(await nodeFileSystem.look(inLake)).toBeNull();
    expect((await readFile(path)).equals(bytes)).toBe(true);
    expect((await stat(path)).mode).toBe(mode);
    expect((await verify(scene.backup)).damaged).toEqual([]);
  });

  it('copies instead where it is told to, or the disks are two', async () => {
    const scene = await open();
    const { backup, taken } = await snapshot({ ...scene.backup, mayLink: false });
    expect(taken).toMatchObject({ linked: 0 });
    for (const segment of backup.segments) {
      const path = objectPath(scene.backup.place, segment);
      expect((await stat(path)).nlink).toBe(1);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
    expect((await verify(scene.backup)).damaged).toEqual([]);
  });

  it('is refused where the lake has not what was published, and names it', async () => {
    const scene = await open();
    const [key = ''] = await liveKeys(scene);
    await appendFile(join(scene.lake, key), 'x');
    const failure = snapshot(scene.backup);
    await expect(failure).rejects.toMatchObject({ code: 'VERIFY_MISMATCH', context: { key } });
    const { rows } = await scene.database.query('select state, error_code from tierd.backup_logs');
    expect(rows).toEqual([{ state: 'failed', error_code: 'VERIFY_MISMATCH' }]);
    expect(await filesBelow(join(scene.backup.place.root, 'staging'))).toEqual([]);
    await rm(join(scene.lake, key));
    await expect(snapshot(scene.backup)).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
  });

  it('is tried by a drill, which proves each value and leaves nothing', async () => {
    const scene = await open();
    await snapshot(scene.backup);
    const drilled = await drill(scene.backup);
    expect(isSame(drilled)).toBe(true);
    expect(drilled.provenRows).toBe(300);
    expect(drilled.datasets).toMatchObject([{ hot: { rows: '50' }, coldRows: 300 }]);
    const { rows } = await scene.database.query(
      `select datname from pg_database where datname like 'tierd\\_drill%'
       and shobj_description(oid, 'pg_database') like '%' || (select ledger_id from tierd.lake)`,
    );
    expect(rows).toEqual([]);
    expect(await filesBelow(join(scene.backup.place.root, 'staging'))).toEqual([]);
  });
});

describeOn('pg_dump', 'backups that are looked at again', () => {
  it('name what is damaged, and which backups need it', async () => {
    const scene = await open();
    const first = await snapshot({ ...scene.backup, mayLink: false });
    await bring(scene, 35);
    const { backup } = await snapshot({ ...scene.backup, mayLink: false });
    const fresh = backup.segments.find(({ sha256 }) =>
      first.backup.segments.every((segment) => segment.sha256 !== sha256),
    );
    const [old] = first.backup.segments;
    if (fresh === undefined || old === undefined) throw new Error('no segment');
    const path = objectPath(scene.backup.place, fresh);
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await rm(objectPath(scene.backup.place, old));
    const { damaged } = await verify(scene.backup);
    expect(damaged).toHaveLength(2);
    expect(damaged).toContainEqual({
      ...{ sha256: fresh.sha256, reason: 'altered', what: [fresh.key], backups: [backup.id] },
    });
    expect(damaged).toContainEqual({
      ...{ sha256: old.sha256, reason: 'missing', what: [old.key] },
      backups: [first.backup.id, backup.id],
    });
    const target = await createTestDatabase();
    const lakePath = join(scene.directory, 'restored');
    const wish = { backup, url: target.url, lakePath };
    await expect(restoreInto(scene.backup, wish)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
    expect((await target.query(`select to_regclass('ticks') as ticks`)).rows).toEqual([
      { ticks: null },
    ]);
  });

  it('lose what no rule keeps, and no file that another needs', async () => {
    const scene = await open();
    const first = await snapshot(scene.backup);
    await bring(scene, 35);
    await deleteFrom(scene.bench, scene.dataset, 'n = 7', { coldOnly: true });
    const second = await snapshot(scene.backup);
    const plan = await prune(scene.backup, ONE);
    expect(plan.remove.map(({ id }) => id)).toEqual([first.backup.id]);
    expect(plan.files.length).toBeGreaterThan(0);
    const { damaged, files } = await verify(scene.backup);
    expect(damaged).toEqual([]);
    expect(await filesBelow(join(scene.backup.place.root, 'objects'))).toHaveLength(files);
    expect(await prune(scene.backup, ONE)).toMatchObject({ remove: [], files: [] });
    expect(isSame(await drill(scene.backup))).toBe(true);
    expect(second.backup.segments.length).toBeGreaterThan(0);
  });

  it('are not pruned while a manifest is damaged, for nobody knows what it needs', async () => {
    const scene = await open();
    const { backup } = await snapshot(scene.backup);
    const path = join(scene.backup.place.root, 'manifests', `${backup.id}.json`);
    await appendFile(path, ' ');
    expect(await verify(scene.backup)).toMatchObject({ backups: 0, damagedManifests: [path] });
    await expect(prune(scene.backup, ONE)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  });
});

describeOn('pg_dump', 'a dump alone', () => {
  it('is kept once for as long as it says the same', async () => {
    const scene = await open();
    const first = await dump(scene.backup);
    expect(first).toMatchObject({ isUnchanged: false, isDumpNew: true });
    expect(first.backup.segments).toEqual([]);
    const second = await dump(scene.backup);
    expect(second).toMatchObject({ isUnchanged: true, isDumpNew: false });
    expect(second.backup.id).toBe(first.backup.id);
    await scene.database.query(`update ticks set n = n + 1 where symbol = 'hot' and n = 1`);
    expect(await dump(scene.backup)).toMatchObject({ isUnchanged: false, isDumpNew: true });
    const { rows } = await scene.database.query(
      'select state from tierd.backup_logs order by started_at',
    );
    expect(rows.map(({ state }) => state as string)).toEqual(['done', 'unchanged', 'done']);
  });

  it('is refused by a pg_dump that is missing, older, or says nothing of any table', async () => {
    const scene = await open([40]);
    const directory = join(scene.directory, 'programs');
    await nodeFileSystem.makeDirectory(directory);
    const rooms = { ...scene.backup, programs: { directory, env: {} } };
    const missing = dump(rooms);
    await expect(missing).rejects.toMatchObject({ code: 'BACKUP_TOOL_UNFIT' });
    await expect(missing).rejects.toThrow(/there is no program .*pg_dump/);
    await writeProgram(directory, 'pg_dump', 'echo "pg_dump (PostgreSQL) 12.3"');
    await expect(dump(rooms)).rejects.toThrow(/is of version 12\.3, and 17 or newer is needed/);
    await writeProgram(directory, 'pg_dump', 'echo "pg_dump (PostgreSQL) 17.3"');
    await writeProgram(
      directory,
      'pg_restore',
      'test "$1" = --version && echo "pg_restore (PostgreSQL) 17.3" || echo "; nothing"',
    );
    const empty = dump(rooms);
    await expect(empty).rejects.toMatchObject({ code: 'DUMP_FAILED' });
    await expect(empty).rejects.toThrow(/holds no table’s rows/);
    await writeProgram(
      directory,
      'pg_dump',
      'test "$1" = --version && echo "pg_dump (PostgreSQL) 17.3" || { echo "half a"; echo "no more" >&2; exit 3; }',
    );
    await expect(dump(rooms)).rejects.toThrow(/ended with 3: no more/);
    expect(await filesBelow(scene.backup.place.root)).toEqual(['tierd_backup.json']);
  });
});

describeOn('pg_dump', 'a place of backups', () => {
  it('of another ledger, of nobody, or of something else, is refused', async () => {
    const scene = await open([40]);
    await snapshot(scene.backup);
    const other = await open([40]);
    const stranger = { ...other.backup, place: scene.backup.place };
    const before = await filesBelow(scene.backup.place.root);
    const steps = [() => snapshot(stranger), () => prune(stranger, ONE), () => drill(stranger)];
    for (const step of steps) {
      await expect(step()).rejects.toMatchObject({ code: 'BACKUP_NOT_OURS' });
    }
    expect(await filesBelow(scene.backup.place.root)).toEqual(before);
    const full = { root: join(other.directory, 'full'), fs: other.backup.place.fs };
    await nodeFileSystem.makeDirectory(full.root);
    await writeFile(join(full.root, 'mine'), '');
    await expect(snapshot({ ...other.backup, place: full })).rejects.toThrow(/holds mine/);
    await expect(prune(other.backup, ONE)).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
  });

  it('that is empty where there were backups is a disk that is away', async () => {
    const scene = await open([40]);
    await snapshot(scene.backup);
    const { root } = scene.backup.place;
    await rename(root, `${root}-away`);
    await nodeFileSystem.makeDirectory(root);
    await expect(snapshot(scene.backup)).rejects.toMatchObject({ code: 'BACKUP_AWAY' });
    expect(await readdir(root)).toEqual([]);
    await rm(root, { recursive: true });
    await rename(`${root}-away`, root);
    expect((await snapshot(scene.backup)).taken).toMatchObject({ addedBytes: 0 });
    await rm(root, { recursive: true });
    await expect(snapshot(scene.backup)).rejects.toMatchObject({ code: 'BACKUP_AWAY' });
    expect((await snapshot(scene.backup, true)).taken).toMatchObject({ linked: 1 });
  });

  it('is written by one at a time', async () => {
    const scene = await open([40]);
    await scene.database.query(
      `insert into tierd.leases (dataset, token, holder, acquired_at, expires_at)
       values ('backup:run', 1, 'another', now(), now() + interval '1 hour')`,
    );
    await expect(snapshot(scene.backup)).rejects.toMatchObject({ code: 'LEASE_HELD' });
  });

  it('is restored from only into what is empty', async () => {
    const scene = await open([40]);
    const { backup } = await snapshot(scene.backup);
    const target = await createTestDatabase();
    const lakePath = join(scene.directory, 'restored');
    const wish = { backup, url: target.url, lakePath };
    await target.query('create table mine ()');
    await expect(restoreInto(scene.backup, wish)).rejects.toThrow(/not empty: it has public.mine/);
    await target.query('drop table mine');
    await nodeFileSystem.makeDirectory(lakePath);
    await writeFile(join(lakePath, 'mine'), '');
    await expect(restoreInto(scene.backup, wish)).rejects.toThrow(/mine lies there/);
    await rm(join(lakePath, 'mine'));
    await restoreInto(scene.backup, wish);
    await expect(restoreInto(scene.backup, wish)).rejects.toMatchObject({ code: 'REFUSED' });
    const store = await openLocalStore(join(lakePath, 'cold_storage'), nodeFileSystem);
    for (const { key } of await liveSegments(scene)) expect(await store.stat(key)).not.toBeNull();
  });
});
