/** Turns a drain's events into a progress line on a terminal and log lines elsewhere. */
import { agree, countOf } from '../../domain/count.ts';
import { describeProblem } from '../../domain/live/live-entry.ts';
import { describeGone } from '../../jobs/drain/close-leftovers.ts';
import type { DrainEvent } from '../../jobs/drain/events.ts';
import type { CliContext } from '../context.ts';
import { formatDuration, formatInteger } from '../terminal/format.ts';
import { openSums } from './narrate-sums.ts';
import { openTroubles } from './narrate-troubles.ts';

export interface DrainNarrator {
  readonly emit: (event: DrainEvent) => void;
  /** Takes the line away. Has to be called, also after a failure. */
  end(): void;
}

export function narrateDrain(context: CliContext): DrainNarrator {
  const { logger } = context;
  const progress = context.createProgress('rows');
  let rows = 0;
  /** A key of a wrong type is met in every pass, and told once. */
  const told = new Set<string>();
  const troubles = openTroubles(logger);
  const sums = openSums();

  return {
    emit(event) {
      const { source } = event;
      switch (event.kind) {
        case 'committed': {
          rows += event.result.rows;
          progress.update({ label: `drain ${source}`, done: rows });
          troubles.end(source);
          sums.add(source, event.result);
          const { deadLetters, sameKey } = event.result;
          // Habits of writers: told once, and counted in the report and in status.
          if (sameKey > 0 && !told.has(`${source} same key`)) {
            told.add(`${source} same key`);
            const shared = `${source}: ${formatInteger(sameKey)} ${sameKey === 1 ? 'entry shares' : 'entries share'} the key of another's row; one of the two stayed`;
            logger.warn({ source, sameKey }, shared);
          }
          if (deadLetters === 0) return;
          const text = `${source}: ${formatInteger(deadLetters)} ${deadLetters === 1 ? 'entry' : 'entries'} became dead letters`;
          logger.warn({ source, deadLetters }, text);
          return;
        }
        case 'problem': {
          const { key, reason } = event.problem;
          if (told.has(`${source} ${key}`)) return;
          told.add(`${source} ${key}`);
          logger.warn({ source, key, reason }, `${source}: ${describeProblem(event.problem)}`);
          return;
        }
        case 'doubt':
        case 'came-again':
          logger.warn({ source }, `${source}: ${event.note}`);
          return;
        case 'lost':
          logger.error(
            { source, key: event.key, count: event.count },
            `${source}: ${countOf(event.count, 'entry', 'entries')} of "${event.key}" ${agree(event.count, 'was', 'were')} trimmed by somebody before being drained, and nobody has ${agree(event.count, 'it', 'them')} any more`,
          );
          return;
        case 'claim-gone':
          if (told.has(`${source} ${event.claim}`)) return;
          told.add(`${source} ${event.claim}`);
          logger.error(
            { source, key: event.key, claim: event.claim, position: event.position },
            `${source}: ${describeGone(event)}`,
          );
          return;
        case 'retrying': {
          const { attempt, delayMs, error } = event;
          troubles.begin(source, error);
          logger.debug(
            { source, attempt, delayMs },
            `${source}: trying again in ${formatDuration(delayMs)}: ${error.message}`,
          );
          return;
        }
        case 'paused':
          logger.warn({ source }, `${source}: ${event.reason}; it waits`);
          return;
        case 'resumed':
          logger.info({ source }, `${source}: resumed; it goes on`);
          return;
        case 'stopped': {
          const { code, message, hint } = event.error;
          logger.error({ source, code, hint }, `${source}: does not run: ${message}`);
          return;
        }
        case 'pass':
          troubles.end(source);
          logger.debug({ source, batches: event.batches }, `${source}: nothing more is waiting`);
          return;
      }
    },
    end() {
      progress.end();
      // By hand, the report says it.
      if (context.sendToDaemon !== undefined) sums.tell(logger);
    },
  };
}
