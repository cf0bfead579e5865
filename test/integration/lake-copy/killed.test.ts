/** A copy, and a switch, that die at any of their effects: the lake is whole in one place, and the same call ends it. */
import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { CopyTarget } from '../../../src/jobs/lake-copy/rooms.ts';
import { readLakeMarker } from '../../../src/lake/marker.ts';
import { COPY_NOTE, readPlaceNote } from '../../../src/lake/place-note.ts';
import { rememberedLake } from '../../../src/ledger/lake-identity.ts';
import { type Dying, dyingRooms, untilDead } from '../../support/any-order/dying-rooms.ts';
import { benchAt, copy, keysIn, localTarget, switchTo } from '../../support/lake-copy.ts';
import { bring, liveKeys, openScene, prove } from './scene.ts';

/** Fewer mean that they are no longer seen. */
const FEWEST_EFFECTS = { copy: 40, switch: 10 };

/** @returns whether it died */
async function diesIn(dying: Dying, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
  } catch (error) {
    if (!dying.hasDied()) throw error;
  }
  return dying.hasDied();
}

/** Without what a process put there that is alive still, which this one is. */
async function staged({ store }: CopyTarget): Promise<readonly string[]> {
  const names = await readdir(store.stagingRoot).catch(() => []);
  return names.filter((name) => !name.startsWith('small-'));
}

it.each(['before', 'sent'] as const)(
  'I3, I4: a copy that is killed (%s) harms nothing, and is taken up again',
  async (moment) => {
    const scene = await openScene(undefined, [40]);
    const { bench, database } = scene;
    const client = await database.connect();
    const keys = await liveKeys(scene);
    const before = await keysIn(bench.rooms.store);
    for (let at = 1; ; at += 1) {
      const told = `${moment} effect ${String(at)}`;
      const target = await localTarget(bench, `copy-${String(at)}`);
      const dying = await dyingRooms(bench, database.url, { at, moment });
      const store = await dying.open(target.store.place);
      const fileSystem = dying.rooms.fileSystem;
      const died = await diesIn(dying, () => copy(dying, { ...target, store, fileSystem }));
      await untilDead(client);
      await client.query('update tierd.leases set expires_at = clock_timestamp()');

      const result = await copy(bench, target);
      expect(result.bad, told).toEqual([]);
      expect(await keysIn(target.store), told).toEqual(keys);
      expect(await staged(target), told).toEqual([]);
      expect(await keysIn(bench.rooms.store), told).toEqual(before);
      if (!died) {
        expect(at).toBeGreaterThan(FEWEST_EFFECTS.copy);
        return;
      }
    }
  },
);

it.each(['before', 'sent'] as const)(
  'I4, I12: a switch that is killed (%s) is made or is not, and one place alone is the lake',
  async (moment) => {
    const scene = await openScene(undefined, [40]);
    const { database } = scene;
    const client = await database.connect();
    let bench = scene.bench;
    for (let at = 1; ; at += 1) {
      const told = `${moment} effect ${String(at)}`;
      const target = await localTarget(scene.bench, `copy-${String(at)}`);
      const { lakeId } = await copy(bench, target);
      // As if a job had written it since.
      const [record = ''] = await keysIn(target.store, '_tierd_manifest/');
      await target.store.remove(record);
      const place = { ...bench, lake: bench.rooms.store.place };
      const dying = await dyingRooms(place, database.url, { at, moment });
      const store = await dying.open(target.store.place);
      const died = await diesIn(dying, () => switchTo(dying, { ...target, store }));
      await untilDead(client);

      const known = (await rememberedLake(client))?.lakeId;
      const isSwitched = known === lakeId;
      expect(known, told).toBe(
        (await readLakeMarker(isSwitched ? target.store : bench.rooms.store))?.lakeId,
      );
      const [lake, other] = isSwitched
        ? [benchAt(bench, target), bench]
        : [bench, benchAt(bench, target)];
      expect(await prove(lake), told).toMatchObject({ provenRows: 100, incomplete: null });
      await expect(prove(other), told).rejects.toMatchObject({ code: 'LAKE_NOT_THE_SAME' });

      await switchTo(bench, target);
      bench = benchAt(bench, target);
      expect(await readPlaceNote(target.store, COPY_NOTE), told).toBeNull();
      expect(await prove(bench), told).toMatchObject({ provenRows: 100 });
      const { rows } = await client.query(
        `select count(*)::int as entries from tierd.audit where entry::jsonb ->> 'action' = 'switched'`,
      );
      expect(rows, told).toEqual([{ entries: at }]);
      if (!died) {
        expect(at).toBeGreaterThan(FEWEST_EFFECTS.switch);
        break;
      }
    }
    // And it goes on as any lake does.
    await bring({ ...scene, bench }, 35);
    expect(await prove(bench)).toMatchObject({ provenRows: 200 });
  },
);
