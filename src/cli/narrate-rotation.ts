/** Turns a rotation's events into a progress bar on a terminal and log lines elsewhere. */

import { countOf } from '../domain/count.ts';
import { formatRange } from '../domain/time-range.ts';
import type { RotationEvent } from '../jobs/rotation/events.ts';
import type { CliContext } from './context.ts';
import { formatBytes, formatRows } from './terminal/format.ts';

export interface Narrator {
  readonly emit: (event: RotationEvent) => void;
  /** Takes the bar away. Has to be called, also after a failure. */
  end(): void;
}

export function narrate(context: CliContext): Narrator {
  const { logger } = context;
  const progress = context.createProgress('rows');
  let total = 0;
  let exported = 0;
  let doing = 'export';

  const show = (dataset: string): void => {
    progress.update({ label: `${dataset} ${doing}`, done: exported, total });
  };

  const tell = (event: RotationEvent): void => {
    const { dataset } = event;
    switch (event.kind) {
      case 'recovered': {
        const { moves, objects } = event.recovered;
        if (moves === 0 && objects === 0) return;
        logger.warn(
          { dataset, moves, objects },
          `${dataset}: an earlier run ended in the middle; ${countOf(moves, 'move')} undone and ${countOf(objects, 'leftover file')} removed`,
        );
        return;
      }
      case 'planned':
        total = event.plan.rows;
        exported = 0;
        for (const note of event.plan.notes) logger.warn({ dataset }, `${dataset}: ${note}`);
        return;
      case 'exported':
        exported += event.rows;
        show(dataset);
        return;
      case 'step':
        doing = `${formatRange(event.range)} ${event.step}`;
        show(dataset);
        return;
      case 'retrying':
        logger.warn(
          { dataset, attempt: event.attempt },
          `${dataset} ${formatRange(event.range)}: trying again, for ${event.reason}`,
        );
        return;
      case 'moved': {
        const { move, rows, bytes, segments } = event.result;
        logger.info(
          { dataset, rows: Number(rows), bytes: Number(bytes), segments },
          `${dataset} ${formatRange(move.range)}: ${formatRows(rows)} moved, ${formatBytes(Number(bytes))}`,
        );
        return;
      }
      case 'failed':
        logger.error(
          { dataset },
          `${dataset} ${formatRange(event.range)} stays hot: ${event.reason}`,
        );
        return;
      case 'vacuumed':
        for (const warning of event.warnings) logger.warn({ dataset }, `${dataset}: ${warning}`);
        return;
    }
  };
  return {
    emit: tell,
    end: () => {
      progress.end();
    },
  };
}
