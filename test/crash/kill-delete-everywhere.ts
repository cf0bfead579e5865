/**
 * kill -9 before and in the effects of a deletion, while a writer inserts, updates and deletes in the very
 * slices. After each kill a slice has all of its rows, or none of those that were to go and the audit log says so,
 * once; everything else is found once. The next run ends it, and nothing is left over.
 */
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { readCold } from '../support/cold-rows.ts';
import { deleteFrom } from '../support/delete.ts';
import { SLOW_VARIATION_SHARE, VARIATION_SHARE } from './choose-effects.ts';
import { expectEnded, type KillScene, killJobEverywhere, whenFree } from './kill-job.ts';
import { DELETED, DUE_SPAN } from './scenario.ts';

const FEWEST_EFFECTS = { before: 30, sent: 14 };
/** One of the two days is left without rows, and retires without a successor. */
const LIVE = 1;

export function killDeleteEverywhere(name: string, changes: Partial<Dataset> = {}): void {
  /** Of each table the rows that are to go: their ids, by the slice that they are in. */
  const going = new Map<string, ReadonlyMap<string, readonly string[]>>();

  async function forget({ client, dataset, truth }: KillScene, told: string): Promise<void> {
    const { rows } = await client.query<{ from: string }>(
      `select entry::jsonb -> 'ranges' -> 0 ->> 'from' as from from tierd.audit
       where chain = $1 and entry::jsonb ->> 'action' = 'deleted'`,
      [dataset.name],
    );
    const done = rows.map(({ from }) => from);
    expect(new Set(done).size, told).toBe(done.length);
    for (const from of done) {
      for (const id of going.get(dataset.name)?.get(from) ?? []) truth.delete(id);
    }
  }

  killJobEverywhere({
    name,
    kind: 'plain',
    settings: changes,
    fewestEffects: FEWEST_EFFECTS,
    share: changes.iceberg === true ? SLOW_VARIATION_SHARE : VARIATION_SHARE,
    order: { delete: true },
    prepare: async ({ client, rooms, lake, dataset }) => {
      await rotateDataset(rooms, dataset, { force: true });
      const segments = await listSegments(client, { dataset: dataset.name, states: ['live'] });
      const rows = await readCold(
        await lake.asFolder(dataset.name),
        segments,
        `id::varchar as id, strftime(date_trunc('day', time at time zone 'UTC'), '%Y-%m-%dT%H:%M:%S.000Z') as from_day, (${DELETED}) as goes`,
      );
      const bySlice = new Map<string, string[]>();
      for (const { id, from_day: from, goes } of rows) {
        if (goes !== true) continue;
        bySlice.set(String(from), [...(bySlice.get(String(from)) ?? []), String(id)]);
      }
      expect(bySlice.size).toBe(2);
      expect([...bySlice.keys()].sort()[0]).toBe(new Date(DUE_SPAN.fromInclusive).toISOString());
      going.set(dataset.name, bySlice);
    },
    forget,
    recover: async ({ rooms, dataset }) => {
      await whenFree(rooms, async (own) => {
        const { totals } = await deleteFrom({ rooms: own }, dataset, DELETED, { coldOnly: true });
        expect(totals.failed).toEqual([]);
      });
    },
    converge: async (scene, told) => {
      await forget(scene, told);
      await expectEnded(scene, told, LIVE);
    },
  });
}
