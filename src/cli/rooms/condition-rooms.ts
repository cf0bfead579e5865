/** What reads a condition on rows and counts the hot ones that it is true of: a query's own means. */
import { join } from 'node:path';
import type { Dataset } from '../../domain/dataset.ts';
import { disconnect } from '../../hot/server/connect.ts';
import type { ConditionRooms } from '../../jobs/deletion/rooms.ts';
import type { CliContext } from '../context.ts';
import { connector } from './rooms.ts';

/**
 * What a query needs is loaded when a condition is read, for most restores have none.
 *
 * @param tempDirectory of this process alone
 */
export function conditionRooms(
  context: CliContext,
  dataset: Dataset,
  tempDirectory: string,
): ConditionRooms {
  const { maintenance, query } = context.loadConfig();
  const limits = {
    memoryLimitBytes: maintenance.memoryLimitBytes,
    threads: maintenance.jobThreads,
    spillDirectory: join(tempDirectory, 'condition'),
  };
  const connect = connector(context, 'delete');
  return {
    readCondition: async (db, wish) => {
      const { openEngine } = await import('../../query/engine.ts');
      const { openCondition } = await import('../../query/condition/open-condition.ts');
      const engine = await openEngine(limits);
      try {
        await engine.begin(limits);
        return await openCondition(engine.connection, db, { ...wish, dataset });
      } finally {
        await engine.close();
      }
    },
    countHot: async (sql) => {
      const { countHot } = await import('../../query/condition/count-hot.ts');
      const db = await connect('work');
      const { maxHotRows, maxHoldMs } = query;
      const { clock, signal } = context;
      try {
        return await countHot({ db, dataset, maxHotRows, maxHoldMs, limits, clock, signal }, sql);
      } finally {
        await disconnect(db);
      }
    },
  };
}
