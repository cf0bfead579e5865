/** Queries over HTTP: each is a process, as one that a person types. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TierdConfig } from '../../config/load.ts';
import { formatSnapshotVersion } from '../../domain/lake/snapshot-version.ts';
import { QueryGate } from '../../http/query-gate.ts';
import {
  type AskedQuery,
  type QueryDesk,
  type QueryEnd,
  type QueryHandler,
  resultTooLarge,
} from '../../http/routes/query-routes.ts';
import type { CliContext } from '../context.ts';
import type { QueryTask } from '../rooms/query-task.ts';
import { withSpillDirectory } from '../rooms/spill-directory.ts';
import { startQuery } from '../rooms/start-query.ts';

export interface OpenQueries {
  readonly desk: QueryDesk;
  /** Lets those that run come to their end for a while, then ends them. */
  close(): Promise<void>;
}

/** So long a query may go on when the daemon is asked to stop. */
const DRAIN_MS = 5_000;

/** How many run at once holds until the daemon is started anew; the limits of one are those at its start. */
export function openQueries(context: CliContext, config: () => TierdConfig): OpenQueries {
  const { query } = config();
  const gate = new QueryGate(query);
  const stopped = new AbortController();
  return {
    desk: {
      gate,
      timeoutMs: query.timeoutMs,
      maxResultBytes: query.maxResultBytes,
      stopped: stopped.signal,
      run: (asked, handler) => run(context, config(), asked, handler),
    },
    async close() {
      const impatience = setTimeout(() => stopped.abort(), DRAIN_MS);
      await gate.close();
      clearTimeout(impatience);
      stopped.abort();
    },
  };
}

async function run(
  context: CliContext,
  config: TierdConfig,
  asked: AskedQuery,
  handler: QueryHandler,
): Promise<QueryEnd> {
  if (asked.format !== 'parquet') return answer(context, config, asked, handler, null);
  return withSpillDirectory(config.maintenance.tempDirectory, async (directory) => {
    const file = join(directory, 'answer.parquet');
    const output = { file, part: join(directory, 'answer.part') };
    const end = await answer(context, config, asked, handler, output);
    const { size } = await stat(file);
    if (size > config.query.maxResultBytes) throw resultTooLarge(config.query.maxResultBytes);
    for await (const part of createReadStream(file)) await handler.write(part as Buffer);
    return end;
  });
}

async function answer(
  context: CliContext,
  config: TierdConfig,
  { sql, params, format }: AskedQuery,
  { write, signal, onHead }: QueryHandler,
  output: QueryTask['request']['output'],
): Promise<QueryEnd> {
  return startQuery(
    config,
    context,
    {
      sql,
      parameters: params,
      explain: false,
      format,
      output,
      terminal: null,
      terminalWidth: null,
    },
    {
      signal,
      write,
      warn: (text) => context.logger.warn({}, text),
      onHead: (head) => onHead({ ...head, version: formatSnapshotVersion(head.version) }),
    },
  );
}
