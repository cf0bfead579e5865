/** What a drain that goes on for ever has done, one line for each source when it is ended. */
import type { Logger } from 'pino';
import { countOf } from '../../domain/count.ts';
import type { BatchResult } from '../../jobs/drain/batch-result.ts';

export interface Sums {
  readonly add: (source: string, result: BatchResult) => void;
  readonly tell: (logger: Logger) => void;
}

export function openSums(): Sums {
  const sums = new Map<string, { rows: number; deadLetters: number; batches: number }>();
  return {
    add(source, { rows, deadLetters }) {
      const sum = sums.get(source) ?? { rows: 0, deadLetters: 0, batches: 0 };
      sums.set(source, {
        rows: sum.rows + rows,
        deadLetters: sum.deadLetters + deadLetters,
        batches: sum.batches + 1,
      });
    },
    tell(logger) {
      for (const [source, sum] of sums) {
        const { rows, deadLetters, batches } = sum;
        const letters = deadLetters === 0 ? '' : `, ${countOf(deadLetters, 'dead letter')}`;
        logger.info(
          { source, ...sum },
          `${source}: ${countOf(rows, 'row')} in ${countOf(batches, 'batch', 'batches')}${letters}`,
        );
      }
    },
  };
}
