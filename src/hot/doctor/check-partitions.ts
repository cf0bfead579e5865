/** Of a dataset whose partitions are made ahead: how far they reach, and what lies in the default one. */
import type pg from 'pg';
import type { Check } from '../../domain/check.ts';
import type { Dataset } from '../../domain/dataset.ts';
import {
  refusalsOfAll,
  tellDefault,
  tellReach,
  tellShort,
} from '../../domain/plan/partition-plan.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { tableClock } from '../../domain/time/time-zone.ts';
import { gatherPartitions } from '../partitions/gather-partitions.ts';

export async function checkPartitions(
  db: pg.ClientBase,
  dataset: Dataset,
  now: EpochMs,
): Promise<readonly Check[]> {
  if (dataset.partitions === undefined) return [];
  const { plan } = await gatherPartitions(db, dataset, now);
  const name = `dataset:${dataset.name}:partitions`;
  const inDefault = tellDefault(plan);
  return [
    ...refusalsOfAll(plan).map(
      ({ message, hint }): Check => ({ name, status: 'error', found: message, advice: hint }),
    ),
    ...(plan.reach === null && refusalsOfAll(plan).length > 0
      ? []
      : [reachCheck(name, dataset, plan.reach, now)]),
    ...(inDefault === null
      ? []
      : [
          {
            name: `dataset:${dataset.name}:default_partition`,
            status: 'warning' as const,
            found: inDefault,
            advice:
              'tierd partitions takes along what belongs into the partitions that it makes; docs/partitions.md says what to do about others',
          },
        ]),
  ];
}

function reachCheck(name: string, dataset: Dataset, reach: EpochMs | null, now: EpochMs): Check {
  const short = tellShort(reach, tableClock(dataset, now), dataset.partitions?.aheadMs ?? 0);
  if (short === null) return { name, status: 'ok', found: tellReach(reach) };
  return { name, status: 'error', found: short, advice: `tierd partitions ${dataset.name}` };
}
