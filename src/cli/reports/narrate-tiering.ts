/** What sending segments far says while it runs. */
import { bytesOfAll } from '../../domain/plan/tiering.ts';
import type { TieringEvent } from '../../jobs/tiering/rooms.ts';
import type { CliContext } from '../context.ts';

interface Narrator {
  readonly tell: (event: TieringEvent) => void;
  readonly end: () => void;
}

export function narrateTiering(context: CliContext): Narrator {
  const progress = context.createProgress('bytes');
  let [done, total] = [0, 0];
  return {
    tell(event) {
      switch (event.kind) {
        case 'planned':
          total += bytesOfAll(event.plan.due);
          return;
        case 'copied':
          done += event.bytes;
          progress.update({ label: event.dataset, done, total });
          return;
        case 'failed':
          context.logger.warn(
            { dataset: event.dataset, key: event.key },
            `${event.key} stays near: ${event.reason}`,
          );
      }
    },
    end() {
      progress.end();
    },
  };
}
