/** Deletions over a rotation's bench. */
import { join } from 'node:path';
import type { Dataset } from '../../src/domain/dataset.ts';
import type { DeletionPlan } from '../../src/domain/plan/deletion.ts';
import { disconnect } from '../../src/hot/server/connect.ts';
import { deleteRows, planDeletionOf } from '../../src/jobs/delete.ts';
import type { DeletionOutcome } from '../../src/jobs/deletion/outcome.ts';
import type {
  ConditionRooms,
  DeletionEvent,
  DeletionRequest,
} from '../../src/jobs/deletion/rooms.ts';
import type { JobRooms } from '../../src/jobs/rotation/rooms.ts';
import { countHot } from '../../src/query/condition/count-hot.ts';
import { openCondition } from '../../src/query/condition/open-condition.ts';
import { openEngine } from '../../src/query/engine.ts';

export interface Wishes extends Partial<DeletionRequest> {
  readonly force?: boolean;
  readonly maxHotRows?: number;
}

export function conditionRooms(
  rooms: Pick<JobRooms, 'connect' | 'tempDirectory' | 'clock' | 'signal'>,
  dataset: Dataset,
  maxHotRows = 1_000_000,
): ConditionRooms {
  const { clock, signal } = rooms;
  const limits = {
    memoryLimitBytes: 256 * 1024 * 1024,
    threads: 2,
    spillDirectory: join(rooms.tempDirectory, 'condition'),
  };
  return {
    readCondition: async (db, wish) => {
      const engine = await openEngine(limits);
      try {
        await engine.begin(limits);
        return await openCondition(engine.connection, db, { ...wish, dataset });
      } finally {
        await engine.close();
      }
    },
    countHot: async (sql) => {
      const db = await rooms.connect('work');
      try {
        const counting = { db, dataset, maxHotRows, maxHoldMs: 60_000, limits, clock, signal };
        return await countHot(counting, sql);
      } finally {
        await disconnect(db);
      }
    },
  };
}

function requestOf(where: string, { force = false, maxHotRows, ...wishes }: Wishes) {
  const request: DeletionRequest = {
    where,
    reason: 'a test',
    span: null,
    coldOnly: false,
    now: false,
    mayEmpty: false,
    ...wishes,
  };
  return { request, force, maxHotRows };
}

export function deleteFrom(
  { rooms }: { readonly rooms: JobRooms },
  dataset: Dataset,
  where: string,
  wishes: Wishes = {},
  tell: (event: DeletionEvent) => void = () => undefined,
): Promise<DeletionOutcome> {
  const { request, force, maxHotRows } = requestOf(where, wishes);
  const all = { ...rooms, ...conditionRooms(rooms, dataset, maxHotRows), tell };
  return deleteRows(all, dataset, request, { force });
}

export function planDelete(
  { rooms }: { readonly rooms: JobRooms },
  dataset: Dataset,
  where: string,
  wishes: Wishes = {},
): Promise<DeletionPlan> {
  const { request, maxHotRows } = requestOf(where, wishes);
  const all = { ...rooms, ...conditionRooms(rooms, dataset, maxHotRows) };
  return planDeletionOf(all, dataset, request, rooms.signal);
}
