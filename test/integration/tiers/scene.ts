/** Days of rows, of which the oldest are to lie far. */
import type pg from 'pg';
import type { Dataset } from '../../../src/domain/dataset.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { askStores } from '../../support/ask-stores.ts';
import type { TestDatabase } from '../../support/database.ts';
import { makeDataset } from '../../support/rotation.ts';
import { type TieredBench, withFar } from '../../support/tiers.ts';
import { openScene } from '../lake-copy/scene.ts';

export interface TierScene {
  readonly database: TestDatabase;
  readonly client: pg.Client;
  readonly bench: TieredBench;
  readonly dataset: Dataset;
}

/** Two of them are older than far_days, and one is not. */
export const OLD_DAYS = [120, 100];
export const YOUNG_DAYS = [40];
export const FAR_DAYS = 90;

export async function openTierScene(
  far?: ObjectStore,
  changes: Partial<Dataset> = {},
): Promise<TierScene> {
  const scene = await openScene(undefined, [...OLD_DAYS, ...YOUNG_DAYS]);
  const client = await scene.database.connect();
  return {
    ...{ database: scene.database, client },
    bench: await withFar(scene.bench, far),
    dataset: makeDataset('ticks', { farDays: FAR_DAYS, ...changes }),
  };
}

/** How many rows of each day, oldest first, a query finds in both stores. */
export async function rowsByDay({ bench, client, dataset }: TierScene): Promise<readonly number[]> {
  const { rows } = await askStores(
    bench,
    client,
    [dataset],
    `select count(*)::int as n from ticks group by time::date order by time::date`,
  );
  return rows.map(({ n }) => Number(n));
}

/** How many segments the ledger has in each tier, of those that are live. */
export async function tiersOf({ client }: Pick<TierScene, 'client'>): Promise<unknown> {
  const { rows } = await client.query<{ tiers: unknown }>(
    `select coalesce(jsonb_object_agg(tier, n), '{}') as tiers from (
       select tier, count(*) as n from tierd.segments where state = 'live' group by tier) t`,
  );
  return rows[0]?.tiers;
}
