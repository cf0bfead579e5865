/** Compactions over a rotation's bench. */
import type { Dataset } from '../../src/domain/dataset.ts';
import type { EpochMs } from '../../src/domain/time/time-range.ts';
import { compactDataset } from '../../src/jobs/compact.ts';
import type { CompactionOutcome } from '../../src/jobs/compaction/outcome.ts';
import type { CompactionEvent } from '../../src/jobs/compaction/rooms.ts';
import type { Bench } from './rotation.ts';

export function compact(
  { rooms }: Pick<Bench, 'rooms'>,
  dataset: Dataset,
  tell: (event: CompactionEvent) => void = () => undefined,
  rewriteBefore?: EpochMs,
): Promise<CompactionOutcome> {
  return compactDataset({ ...rooms, tell }, dataset, { evenIfPaused: false, rewriteBefore });
}
