/**
 * kill -9 before and in the effects of an adoption: the ledger is a new one, and a writer goes on in the very
 * time that the lake has. After each kill all of the lake is taken up or nothing of it, and the audit log says
 * which; the next run ends it, and nothing is left over.
 */
import { expect } from 'vitest';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { adopt } from '../support/adopt.ts';
import { expectEnded, type KillScene, killJobEverywhere, whenFree } from './kill-job.ts';
import { copyOf } from './scenario.ts';
import type { Truth } from './truth.ts';

const FEWEST_EFFECTS = { before: 40, sent: 15 };
/** A day each. */
const LIVE_SEGMENTS = 2;

export function killAdoptEverywhere(name: string): void {
  /** Of each table the rows that are in the lake alone. */
  const cold = new Map<string, Truth>();

  function takenUp({ dataset, truth }: KillScene): void {
    for (const [id, version] of cold.get(dataset.name) ?? []) truth.set(id, version);
  }

  killJobEverywhere({
    name,
    kind: 'again',
    settings: {},
    fewestEffects: FEWEST_EFFECTS,
    order: { adopt: true },
    prepare: async ({ database, client, rooms, dataset, truth }) => {
      const table = dataset.name;
      await rotateDataset(rooms, dataset, { force: true });
      await client.query(`create table ${copyOf(table)} as select * from ${table}`);
      const hot = await client.query<{ id: string }>(`select id from ${table}`);
      const ids = new Set(hot.rows.map(({ id }) => id));
      cold.set(table, new Map([...truth].filter(([id]) => !ids.has(id))));
      for (const id of cold.get(table)?.keys() ?? []) truth.delete(id);
      // The lake of all tables is there, and no ledger that knows of it.
      await client.query('drop schema tierd cascade');
      const migrating = await database.connect();
      await migrate(migrating);
      await migrating.end();
    },
    forget: async (scene, told) => {
      const entries = await scene.client.query(
        `select 1 from tierd.audit where chain = $1 and entry::jsonb ->> 'action' = 'adopted'`,
        [scene.dataset.name],
      );
      expect(entries.rowCount, told).toBeLessThanOrEqual(1);
      if (entries.rowCount === 1) takenUp(scene);
    },
    recover: async ({ rooms, dataset }) => {
      const adopted = await whenFree(rooms, (own) => adopt({ rooms: own }, [dataset]));
      expect(adopted).toMatchObject({ isDone: true, plan: { datasets: [{ problems: [] }] } });
    },
    converge: async (scene, told) => {
      takenUp(scene);
      await expectEnded(scene, told, LIVE_SEGMENTS);
    },
  });
}
