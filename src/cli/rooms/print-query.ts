/** One query whose rows go to stdout. */
import type { TierdConfig } from '../../config/load.ts';
import type { QueryProcesses } from '../../query/process/query-processes.ts';
import type { QuerySummary } from '../../query/query-request.ts';
import type { CliContext } from '../context.ts';
import { safeText } from '../terminal/safe-text.ts';
import { writeAll } from '../terminal/write-all.ts';
import type { QueryTask } from './query-task.ts';
import { startQuery } from './start-query.ts';

export type PrintedQuery = Omit<QueryTask['request'], 'terminal' | 'terminalWidth'>;

/** @throws TierdError as `startQuery`; rows may have been printed before */
export function printQuery(
  context: CliContext,
  config: TierdConfig,
  query: PrintedQuery,
  signal: AbortSignal,
  processes: QueryProcesses,
): Promise<QuerySummary> {
  const { isTerminal, colour, width } = context.out;
  const request = {
    ...query,
    terminal: isTerminal ? { isColorSupported: colour.isColorSupported } : null,
    terminalWidth: width ?? null,
  };
  return startQuery(processes, config, context, request, {
    signal,
    write: (part) => writeAll(context.stdout, part, signal),
    warn: (text) =>
      context.liveLine.print(
        `${context.err.colour.yellow('warning')} ${safeText(text, { isColorSupported: false })}`,
      ),
  });
}
