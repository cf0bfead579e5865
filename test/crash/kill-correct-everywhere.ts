/**
 * kill -9 before and in the effects of a correction, while a writer inserts, updates and deletes in the very
 * slices. After each kill all rows of the file are what the lake had, or all are what the file says and the audit
 * log says so, once; everything else is found once. The next run ends it, and nothing is left over.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { readCold } from '../support/cold-rows.ts';
import { correct } from '../support/correct.ts';
import { SLOW_VARIATION_SHARE, VARIATION_SHARE } from './choose-effects.ts';
import {
  expectNothingLeft,
  expectRight,
  type KillScene,
  killJobEverywhere,
  whenFree,
} from './kill-job.ts';

const FEWEST_EFFECTS = { before: 30, sent: 14 };
/** No writer brings a row to it. */
const CORRECTED = 77;
/** Of both days some rows. */
const CHOSEN = 'id % 3 = 1 and id < 1040';

export function killCorrectEverywhere(name: string, changes: Partial<Dataset> = {}): void {
  /** Of each table the ids of the rows that are corrected. */
  const correcting = new Map<string, readonly string[]>();
  const fileOf = ({ rooms, dataset }: KillScene): string =>
    join(rooms.tempDirectory, '..', `${dataset.name}.csv`);

  async function forget({ client, dataset, truth }: KillScene, told: string): Promise<void> {
    const { rowCount } = await client.query(
      `select 1 from tierd.audit where chain = $1 and entry::jsonb ->> 'action' = 'corrected'`,
      [dataset.name],
    );
    expect(rowCount, told).toBeLessThanOrEqual(1);
    if (rowCount !== 1) return;
    for (const id of correcting.get(dataset.name) ?? []) truth.set(id, CORRECTED);
  }

  killJobEverywhere({
    name,
    kind: 'plain',
    settings: changes,
    fewestEffects: FEWEST_EFFECTS,
    share: changes.iceberg === true ? SLOW_VARIATION_SHARE : VARIATION_SHARE,
    order: (scene) => ({ correct: fileOf(scene) }),
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
      const chosen = rows.filter(({ goes }) => goes === true);
      expect(chosen.length).toBeGreaterThan(2);
      const lines = chosen.map((row) =>
        [row['time'], row['symbol'], row['id'], CORRECTED, row['price']].map(String).join(','),
      );
      writeFileSync(fileOf(scene), `${['time,symbol,id,version,price', ...lines].join('\n')}\n`);
      correcting.set(
        dataset.name,
        chosen.map(({ id }) => String(id)),
      );
    },
    forget,
    recover: async (scene) => {
      await whenFree(scene.rooms, (own) => correct({ rooms: own }, scene.dataset, fileOf(scene)));
    },
    converge: async (scene, told) => {
      await forget(scene, told);
      await expectRight(scene, told);
      const moved = await rotateDataset(scene.rooms, scene.dataset, { force: true });
      expect(moved.totals.failed, told).toEqual([]);
      await expectRight(scene, told);
      await expectNothingLeft(scene, told);
    },
  });
}
