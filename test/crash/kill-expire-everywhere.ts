/**
 * kill -9 before and in the effects of an expiry of whole slices, or of rows of some intervals, while a writer inserts, updates and deletes in the very
 * time that expires. After each kill all that was to expire is there, or none of it and the audit log says
 * so, once; everything else is found once. The next run ends it, and nothing is left over.
 */
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { readCold } from '../support/cold-rows.ts';
import { expire } from '../support/expire.ts';
import { VARIATION_SHARE } from './choose-effects.ts';
import { expectEnded, type KillScene, killJobEverywhere, whenFree } from './kill-job.ts';
import { DUE_SPAN } from './scenario.ts';

/** The ledger alone changes: no file is written. */
const FEWEST_EFFECTS = { before: 16, sent: 12 };
/** What stays of a slice is written anew. */
const FEWEST_WRITING = { before: 24, sent: 14 };
/** The first of the two days that are cold, and not the second. */
const COLD_DAYS = 33;

export const WHOLE: Partial<Dataset> = { coldDays: COLD_DAYS };

/** By the value of `symbol`; rows of others stay for ever. */
export const BY_INTERVAL: Partial<Dataset> = {
  intervalColumn: 'symbol',
  coldDaysByInterval: { s0: COLD_DAYS, s1: COLD_DAYS },
};

export function killExpireEverywhere(name: string, settings: Partial<Dataset> = WHOLE): void {
  const isByInterval = settings.coldDaysByInterval !== undefined;
  /** Of each table the ids of the rows that are to expire. */
  const expiring = new Map<string, readonly string[]>();

  async function forget({ client, dataset, truth }: KillScene, told: string): Promise<void> {
    const entries = await client.query(
      `select 1 from tierd.audit where chain = $1 and entry::jsonb ->> 'action' = 'expired'`,
      [dataset.name],
    );
    expect(entries.rowCount, told).toBeLessThanOrEqual(1);
    if (entries.rowCount === 1) for (const id of expiring.get(dataset.name) ?? []) truth.delete(id);
  }

  killJobEverywhere({
    name,
    kind: 'plain',
    settings,
    fewestEffects: isByInterval ? FEWEST_WRITING : FEWEST_EFFECTS,
    share: settings.iceberg === true ? 1 / 32 : isByInterval ? VARIATION_SHARE : undefined,
    order: { expire: true },
    prepare: async ({ client, rooms, lake, dataset }) => {
      await rotateDataset(rooms, dataset, { force: true });
      await client.query(
        `update tierd.segments set published_at = published_at - interval '400 days' where dataset = $1`,
        [dataset.name],
      );
      const segments = await listSegments(client, { dataset: dataset.name, states: ['live'] });
      const end = BigInt(DUE_SPAN.fromInclusive + DAY_MS) * 1000n;
      const old = segments.filter(({ maxTimeUs }) => maxTimeUs < end);
      const list = `id::varchar as id, symbol in ('s0', 's1') as goes`;
      const rows = await readCold(await lake.asFolder(dataset.name), old, list);
      const going = rows.filter(({ goes }) => !isByInterval || goes === true);
      expect(going.length).toBeGreaterThan(0);
      expect(going.length < rows.length).toBe(isByInterval);
      expiring.set(
        dataset.name,
        going.map(({ id }) => String(id)),
      );
    },
    forget,
    recover: async ({ rooms, dataset }) => {
      await whenFree(rooms, (own) => expire({ rooms: own }, dataset));
    },
    converge: async (scene, told) => {
      await forget(scene, told);
      await expectEnded(scene, told, isByInterval ? 2 : 1);
    },
  });
}
