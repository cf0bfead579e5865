/**
 * kill -9 before and in the effects of an ingest, while a writer inserts, updates and deletes in the very slices. The file has
 * new rows for the lake and for PostgreSQL, and rows that replace cold ones. After each kill every slice of the file is wholly
 * there, once, and the ledger says so, or nothing of it is; the next run ends it, and nothing is left over.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { readCold } from '../support/cold-rows.ts';
import { ingest } from '../support/ingest.ts';
import { daysAgo } from '../support/rotation.ts';
import { SLOW_VARIATION_SHARE, VARIATION_SHARE } from './choose-effects.ts';
import {
  expectNothingLeft,
  expectRight,
  type KillScene,
  killJobEverywhere,
  whenFree,
} from './kill-job.ts';

const FEWEST_EFFECTS = { before: 60, sent: 30 };
/** No writer brings a row to it. */
const BROUGHT = 77;
/** Of both days some rows. */
const CHOSEN = 'id % 3 = 1 and id < 1040';
/** Days that only the file has rows of: two that have aged, one of them a month earlier, and one that is hot. */
const NEW_DAYS = [70, 36, 4];

interface OfSlice {
  readonly day: string;
  readonly ids: readonly string[];
}

export function killIngestEverywhere(name: string, changes: Partial<Dataset> = {}): void {
  /** Of each table the ids that each slice of the file brings. */
  const bringing = new Map<string, readonly OfSlice[]>();
  const fileOf = ({ rooms, dataset }: KillScene): string =>
    join(rooms.tempDirectory, '..', `${dataset.name}.csv`);

  /** Of each table the slices that are known to be there: what a writer does to their rows since is the truth. */
  const remembered = new Map<string, Set<string>>();

  /** What the ledger says is done is there. */
  async function remember({ client, dataset, truth }: KillScene, told: string): Promise<void> {
    const { rows } = await client.query<{ day: string; times: number }>(
      `select to_char(range_from at time zone 'utc', 'YYYY-MM-DD') as day, count(*)::int as times
       from tierd.ingested_slices s join tierd.ingested_files f on f.id = s.file_id
       where f.dataset = $1 group by 1`,
      [dataset.name],
    );
    const before = remembered.get(dataset.name) ?? new Set();
    remembered.set(dataset.name, before);
    for (const { day, times } of rows) {
      expect(times, told).toBe(1);
      if (before.has(day)) continue;
      before.add(day);
      const slice = bringing.get(dataset.name)?.find((one) => one.day === day);
      for (const id of slice?.ids ?? []) truth.set(id, BROUGHT);
    }
  }

  killJobEverywhere({
    name,
    kind: 'plain',
    settings: changes,
    fewestEffects: FEWEST_EFFECTS,
    share: changes.iceberg === true ? SLOW_VARIATION_SHARE : VARIATION_SHARE,
    order: (scene) => ({ ingest: fileOf(scene) }),
    prepare: async (scene) => {
      const { client, rooms, lake, dataset } = scene;
      await rotateDataset(rooms, dataset, { force: true });
      await client.query(`create unique index on ${dataset.name} (id, time)`);
      const segments = await listSegments(client, { dataset: dataset.name, states: ['live'] });
      const rows = await readCold(
        await lake.asFolder(dataset.name),
        segments,
        `id::varchar as id, strftime(time at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ') as time, symbol, price::varchar as price, (${CHOSEN}) as goes`,
      );
      const chosen = rows
        .filter(({ goes }) => goes === true)
        .map(({ id, time, symbol, price }) => [time, symbol, id, BROUGHT, price].map(String));
      expect(chosen.length).toBeGreaterThan(2);
      const fresh = NEW_DAYS.flatMap((day, at) =>
        Array.from({ length: 5 }, (_, n) => [
          new Date(Date.parse(daysAgo(day)) + n * 60_000).toISOString(),
          'new',
          String(2_000_000 + at * 1000 + n),
          String(BROUGHT),
          '1.25',
        ]),
      );
      const all = [...fresh, ...chosen];
      writeFileSync(
        fileOf(scene),
        `${['time,symbol,id,version,price', ...all.map((row) => row.join(','))].join('\n')}\n`,
      );
      const days = [...new Set(all.map(([time = '']) => time.slice(0, 10)))];
      bringing.set(
        dataset.name,
        days.map((day) => ({
          day,
          ids: all.filter(([time = '']) => time.startsWith(day)).map(([, , id = '']) => id),
        })),
      );
    },
    forget: remember,
    recover: async (scene) => {
      await whenFree(scene.rooms, (own) =>
        ingest({ rooms: own }, scene.dataset, [fileOf(scene)], { onConflict: 'replace' }),
      );
    },
    converge: async (scene, told) => {
      await remember(scene, told);
      const days = (bringing.get(scene.dataset.name) ?? []).map(({ day }) => day);
      expect([...(remembered.get(scene.dataset.name) ?? [])].toSorted(), told).toEqual(
        days.toSorted(),
      );
      await expectRight(scene, told);
      const moved = await rotateDataset(scene.rooms, scene.dataset, { force: true });
      expect(moved.totals.failed, told).toEqual([]);
      await expectRight(scene, told);
      await expectNothingLeft(scene, told);
    },
  });
}
