/** Turns the events of a job that puts slices of the lake in the place of others into a progress bar on a terminal and log lines elsewhere. */
import { formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import type { CliContext } from '../context.ts';

export interface SwapNarrator<Event> {
  readonly tell: (event: Event) => void;
  /** Takes the bar away. Has to be called, also after a failure. */
  end(): void;
}

/** What an event says. */
export type SwapTold =
  /** So many rows are read and written anew. */
  | { readonly kind: 'planned'; readonly rows: number }
  | { readonly kind: 'failed'; readonly range: TimeRange; readonly reason: string }
  | {
      readonly kind: 'swapped';
      readonly range: TimeRange;
      /** Of those planned. */
      readonly passed: number;
      readonly figures: SwapFigures;
      /** A clause for a person. */
      readonly what: string;
    };

interface SwapFigures {
  /** Merged, or gone. */
  readonly rows: number;
  readonly segmentsBefore: number;
  readonly segments: number;
  readonly bytes: number;
  readonly fingerprint: string;
}

export function narrateSwaps<Event extends { readonly dataset: string }>(
  context: CliContext,
  job: 'compact' | 'delete',
  read: (event: Event) => SwapTold,
): SwapNarrator<Event> {
  const { logger } = context;
  const progress = context.createProgress('rows');
  let total = 0;
  let done = 0;
  const tell = (event: Event): void => {
    const { dataset } = event;
    const label = `${dataset} ${job}`;
    const told = read(event);
    switch (told.kind) {
      case 'planned':
        total = told.rows;
        done = 0;
        if (total > 0) progress.update({ label, done, total });
        return;
      case 'swapped': {
        const { range, passed, figures, what } = told;
        done += passed;
        progress.update({ label, done, total });
        logger.info(
          {
            audit: job,
            dataset,
            from: new Date(range.fromInclusive).toISOString(),
            to: new Date(range.toExclusive).toISOString(),
            ...figures,
          },
          `${dataset} ${formatRange(range)}: ${what}`,
        );
        return;
      }
      case 'failed':
        logger.error(
          { dataset },
          `${dataset} ${formatRange(told.range)} stays as it was: ${told.reason}`,
        );
    }
  };
  return {
    tell,
    end: () => {
      progress.end();
    },
  };
}
