/** Turns a restore's events into a progress bar on a terminal and log lines elsewhere. */
import { formatUntil } from '../../domain/plan/pins.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { RestoreEvent } from '../../jobs/restore/events.ts';
import type { CliContext } from '../context.ts';
import { formatRows } from '../terminal/format.ts';

export interface RestoreNarrator {
  readonly tell: (event: RestoreEvent) => void;
  /** Takes the bar away. Has to be called, also after a failure. */
  end(): void;
}

export function narrateRestore(context: CliContext): RestoreNarrator {
  const { logger } = context;
  const progress = context.createProgress('rows');
  let total = 0;
  let copied = 0;

  const tell = (event: RestoreEvent): void => {
    const { dataset } = event;
    switch (event.kind) {
      case 'planned':
        total = event.plan.rows;
        for (const note of event.plan.notes) logger.warn({ dataset }, `${dataset}: ${note}`);
        return;
      case 'copied':
        copied += event.rows;
        progress.update({ label: `${dataset} restore`, done: copied, total });
        return;
      case 'restored': {
        const { plan, result } = event;
        const { range, rows } = result.planned;
        const pinned = plan.keepsCold ? 'still cold' : `pinned ${formatUntil(plan.pinUntil)}`;
        logger.info(
          {
            audit: 'restore',
            dataset,
            from: new Date(range.fromInclusive).toISOString(),
            to: new Date(range.toExclusive).toISOString(),
            rows,
            into: plan.target,
            fingerprint: result.rowHash,
            pinnedUntil: plan.keepsCold || plan.pinUntil === null ? null : new Date(plan.pinUntil),
          },
          `${dataset} ${formatRange(range)}: ${formatRows(rows)} restored into ${plan.target}, ${pinned}`,
        );
        return;
      }
      case 'failed':
        logger.error(
          { dataset },
          `${dataset} ${formatRange(event.range)} stays cold: ${event.reason}`,
        );
        return;
    }
  };
  return {
    tell,
    end: () => {
      progress.end();
    },
  };
}
