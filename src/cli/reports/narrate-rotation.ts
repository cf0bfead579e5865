/** Turns a rotation's events into a progress bar on a terminal and log lines elsewhere. */

import { countOf } from '../../domain/count.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { RotationEvent } from '../../jobs/rotation/events.ts';
import type { CliContext } from '../context.ts';
import { formatBytes, formatRows } from '../terminal/format.ts';

export interface Narrator {
  readonly emit: (event: RotationEvent) => void;
  /** The dataset's run has ended, however it did. */
  readonly over: (dataset: string) => void;
  /** Takes the bar away. Has to be called, also after a failure. */
  end(): void;
}

const NOTHING = { rows: 0n, bytes: 0n, moves: 0 };

export function narrate(context: CliContext): Narrator {
  const { logger } = context;
  const progress = context.createProgress('rows');
  let total = 0;
  let exported = 0;
  let doing = 'export';
  let planned = 0;
  let failures = 0;
  let sum = NOTHING;

  const show = (dataset: string): void => {
    progress.update({ label: `${dataset} ${doing}`, done: exported, total });
  };

  const tell = (event: RotationEvent): void => {
    const { dataset } = event;
    switch (event.kind) {
      case 'recovered': {
        const { moves, files } = event.recovered;
        if (moves === 0 && files === 0) return;
        logger.warn(
          { dataset, moves, files },
          `${dataset}: an earlier run ended in the middle; ${countOf(moves, 'move')} undone and ${countOf(files, 'leftover file')} removed`,
        );
        return;
      }
      case 'planned':
        total = event.plan.rows;
        planned = event.plan.moves.length;
        exported = 0;
        doing = 'export';
        sum = NOTHING;
        failures = 0;
        for (const note of event.plan.notes) logger.info({ dataset }, `${dataset}: ${note}`);
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
        logger.debug(
          { dataset, attempt: event.attempt },
          `${dataset} ${formatRange(event.range)}: trying again, for ${event.reason}`,
        );
        return;
      case 'moved': {
        const { move, rows, bytes, segments } = event.result;
        sum = { rows: sum.rows + rows, bytes: sum.bytes + bytes, moves: sum.moves + 1 };
        logger.debug(
          { dataset, rows: Number(rows), bytes: Number(bytes), segments },
          `${dataset} ${formatRange(move.range)}: ${formatRows(rows)} moved, ${formatBytes(Number(bytes))}`,
        );
        return;
      }
      case 'failed':
        failures += 1;
        // One line says why; the others are in the report.
        logger[failures === 1 ? 'error' : 'debug'](
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
    over: (dataset) => {
      // By hand, the report says it; and where nothing was due nothing has happened.
      const isTold = context.sendToDaemon !== undefined && planned > 0;
      const { rows, bytes, moves } = sum;
      if (isTold) {
        logger.info(
          { dataset, rows: Number(rows), bytes: Number(bytes), moves },
          `${dataset}: ${formatRows(rows)} moved into ${formatBytes(Number(bytes))} of Parquet, ${String(moves)} of ${countOf(planned, 'move')}`,
        );
      }
      planned = 0;
    },
    end: () => {
      progress.end();
    },
  };
}
