/** What a query asks Redis through, for tests. */
import { type LiveTask, openLiveSide } from '../../src/cli/rooms/live-side.ts';
import type { DrainSource } from '../../src/domain/drain/source.ts';
import type { LiveSide } from '../../src/query/live/live-side.ts';
import { targetOf } from './live-target.ts';

export function liveSideOf(
  redisUrl: string,
  sources: readonly DrainSource[],
  changes: Partial<LiveTask> = {},
): LiveSide {
  const task: LiveTask = {
    isWith: true,
    redis: targetOf(redisUrl),
    sources,
    maxRows: 100_000,
    timeoutMs: 30_000,
    statementTimeoutMs: 60_000,
    lockTimeoutMs: 5_000,
    ...changes,
  };
  return openLiveSide(task, new AbortController().signal);
}
