/** Restores over a rotation's bench. */
import { expect } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { TierdError } from '../../src/domain/errors.ts';
import type { TableRef } from '../../src/domain/table.ts';
import { DAY_MS, type EpochMs, type TimeRange } from '../../src/domain/time/time-range.ts';
import type { RestoreEvent } from '../../src/jobs/restore/events.ts';
import type { RestoreRooms } from '../../src/jobs/restore/rooms.ts';
import { type RestoreOutcome, restoreDataset } from '../../src/jobs/restore.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { conditionRooms } from './delete.ts';
import { type Bench, daysAgo, NOW } from './rotation.ts';

export interface RestoreWish {
  readonly into?: TableRef;
  readonly where?: string;
  readonly pinUntil?: EpochMs | null | 'default';
  readonly force?: boolean;
  readonly tell?: (event: RestoreEvent) => void;
}

export const WEEK_ON: EpochMs = NOW + 7 * DAY_MS;

/** From the day that is `from` days ago up to and without that which is `to` days ago. */
export const days = (from: number, to: number): TimeRange => ({
  fromInclusive: Date.parse(daysAgo(from)),
  toExclusive: Date.parse(daysAgo(to)),
});

export function restoreRooms(
  { rooms }: Pick<Bench, 'rooms'>,
  dataset: Dataset,
  tell: RestoreRooms['tell'] = () => undefined,
): RestoreRooms {
  return { ...rooms, ...conditionRooms(rooms, dataset), tell };
}

export function restore(
  bench: Pick<Bench, 'rooms'>,
  dataset: Dataset,
  span: TimeRange,
  { into, where, pinUntil = WEEK_ON, force = false, tell }: RestoreWish = {},
): Promise<RestoreOutcome> {
  const request = { span, where: where ?? null, into: into ?? null, pinUntil };
  return restoreDataset(restoreRooms(bench, dataset, tell), dataset, request, { force });
}

/** Everything that has aged leaves. */
export async function rotateAll({ rooms }: Pick<Bench, 'rooms'>, dataset: Dataset): Promise<void> {
  const { totals } = await rotateDataset(rooms, dataset, { force: true });
  expect(totals.failed).toEqual([]);
}

/** What `work` is refused with. */
export async function failureOf(work: Promise<unknown>): Promise<TierdError> {
  const failure = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (failure instanceof TierdError) return failure;
  throw new Error(`expected a TierdError, got ${String(failure)}`);
}
