/** Backups that die at any of their effects: those that were there are whole, and the same call ends it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listBackups } from '../../../src/lake/backup/manifest-files.ts';
import { fileSystemFor } from '../../../src/lake/file-modes.ts';
import { chooseEffects, randomFrom, SEED } from '../../crash/choose-effects.ts';
import { type Dying, dyingRooms, untilDead } from '../../support/any-order/dying-rooms.ts';
import { prune, restoreInto, snapshot, verify, writeProgram } from '../../support/backup.ts';
import { createTestDatabase } from '../../support/database.ts';
import { describeOn } from '../../support/servers.ts';
import { bring } from '../lake-copy/scene.ts';
import { type BackupScene, filesBelow, openWithBackups, rowsOf } from './scene.ts';

const LAST = { last: 1, daily: 0, weekly: 0, monthly: 0 };
/** Fewer mean that they are no longer seen. */
const FEWEST_EFFECTS = 30;
const SHARE = 1 / 4;

/** Programs that print a dump of nothing, so that there is time for many kills. */
async function makeStandIns(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tierd-programs-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const version = 'test "$1" = --version && echo "17.3"';
  await writeProgram(directory, 'pg_dump', `${version} || echo "dump of $(date +%N)"`);
  await writeProgram(
    directory,
    'pg_restore',
    `${version} || { test "$1" = --list && echo "1; 0 1 TABLE DATA public ticks me" || date +%N; }`,
  );
  return directory;
}

interface Killed {
  readonly rooms: Dying;
  readonly backup: BackupScene['backup'];
}

async function dying(scene: BackupScene, at: number, moment: 'before' | 'sent'): Promise<Killed> {
  const own = { ...scene.rooms, fileSystem: fileSystemFor('owner') };
  const rooms = await dyingRooms({ ...scene.bench, rooms: own }, scene.database.url, {
    at,
    moment,
  });
  const { connect, store, fileSystem } = rooms.rooms;
  const place = { root: scene.backup.place.root, fs: fileSystem };
  const backup = { ...scene.backup, connect, store, fileSystem, lakeFileSystem: fileSystem, place };
  return { rooms, backup };
}

async function dies({ rooms }: Killed, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!rooms.hasDied()) throw error;
  }
}

/** By their number, how many effects there are; told as the labels are that are chosen of. */
async function effectsOf(run: (at: number) => Promise<Killed>): Promise<number> {
  let low = 1;
  for (let high = 16; ; high *= 2) {
    const killed = await run(high);
    if (!killed.rooms.hasDied()) break;
    low = high;
  }
  return low;
}

describe('a backup that is killed (I4)', () => {
  it.each(['before', 'sent'] as const)('%s an effect of a snapshot or a prune', async (moment) => {
    const scene = await openWithBackups([40], {
      programs: { directory: await makeStandIns(), env: { PATH: process.env['PATH'] } },
    });
    const { database, backup } = scene;
    const client = await database.connect();
    await snapshot(backup);
    const both = async (killed: Killed): Promise<void> => {
      await dies(killed, async () => {
        await snapshot(killed.backup);
        await prune(killed.backup, LAST);
      });
      await untilDead(client);
      await client.query('update tierd.leases set expires_at = clock_timestamp()');
    };
    const effects = await effectsOf(async (at) => {
      const killed = await dying(scene, at, moment);
      await both(killed);
      return killed;
    });
    expect(effects).toBeGreaterThanOrEqual(FEWEST_EFFECTS);
    const labels = Array.from({ length: effects }, (_, index) => `effect ${String(index)}`);
    let day = 39;
    for (const at of chooseEffects(labels, SHARE, { first: 0, end: effects })) {
      const told = `${moment} effect ${String(at)}, seed ${String(SEED)}`;
      if (randomFrom(at + SEED)() < 0.3) await bring(scene, (day -= 1));
      await both(await dying(scene, at, moment));
      const { backups, damaged } = await listBackups(backup.place);
      expect(damaged, told).toEqual([]);
      expect(backups.length, told).toBeGreaterThan(0);
      expect((await verify(backup)).damaged, told).toEqual([]);

      const { backup: next } = await snapshot(backup);
      await prune(backup, LAST);
      expect(
        (await listBackups(backup.place)).backups.map(({ id }) => id),
        told,
      ).toEqual([next.id]);
      const { damaged: bad, files } = await verify(backup);
      expect(bad, told).toEqual([]);
      expect(await filesBelow(join(backup.place.root, 'objects')), told).toHaveLength(files);
      expect(await filesBelow(join(backup.place.root, 'staging')), told).toEqual([]);
    }
    const { rows } = await client.query(
      `select count(*)::int as running from tierd.backup_logs where state = 'running'`,
    );
    expect(rows).toEqual([{ running: 0 }]);
  });
});

describeOn('pg_dump', 'a restore that is killed (I4)', () => {
  it.each(['before', 'sent'] as const)('%s an effect: the same call goes on', async (moment) => {
    const scene = await openWithBackups([40]);
    const { backup } = await snapshot(scene.backup);
    const before = await rowsOf(scene.database, scene.lake);
    const random = randomFrom(SEED);
    for (let round = 0; round < 3; round += 1) {
      const at = 1 + Math.floor(random() * 60);
      const told = `${moment} effect ${String(at)}, seed ${String(SEED)}`;
      const target = await createTestDatabase();
      const lakePath = join(scene.directory, `restored-${String(round)}`);
      const wish = { backup, url: target.url, lakePath };
      const killed = await dying(scene, at, moment);
      await dies(killed, () => restoreInto(killed.backup, wish));
      if (killed.rooms.hasDied()) await restoreInto(scene.backup, wish);
      expect(await rowsOf(target, join(lakePath, 'cold_storage')), told).toEqual(before);
      expect(await filesBelow(lakePath), told).not.toContain('tierd_restore.json');
    }
  });
});
