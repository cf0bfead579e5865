/** Queries over HTTP: each is a process, as one that a person types. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TierdConfig } from '../../config/load.ts';
import { formatSnapshotVersion } from '../../domain/lake/snapshot-version.ts';
import {
  type AskedQuery,
  type QueryDesk,
  type QueryHandler,
  resultTooLarge,
} from '../../http/queries/query-desk.ts';
import { QueryGate } from '../../http/query-gate.ts';
import type { CliContext } from '../context.ts';
import type { QueryTask } from '../rooms/query-task.ts';
import { withSpillDirectory } from '../rooms/spill-directory.ts';
import { startQuery } from '../rooms/start-query.ts';
import { type AnsweredAnew, AnswerOrKeep } from './answers/answer-or-keep.ts';
import { withinSize } from './within-size.ts';

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
  const kept = new AnswerOrKeep(query.cacheBytes);
  return {
    desk: {
      gate,
      timeoutMs: query.timeoutMs,
      maxResultBytes: query.maxResultBytes,
      stopped: stopped.signal,
      run: (asked, handler) => {
        const current = config();
        return kept.run(current, asked, handler, (copied) =>
          run(context, current, asked, copied, kept.mayKeep),
        );
      },
    },
    async close() {
      const impatience = setTimeout(() => stopped.abort(), DRAIN_MS);
      await gate.close();
      clearTimeout(impatience);
      stopped.abort();
      await kept.close();
    },
  };
}

async function run(
  context: CliContext,
  config: TierdConfig,
  asked: AskedQuery,
  handler: QueryHandler,
  mayKeep: boolean,
): Promise<AnsweredAnew> {
  const isPage = asked.structured?.kind === 'rows';
  if (asked.format !== 'parquet' && !isPage) {
    return answer(context, config, asked, handler, null, mayKeep);
  }
  // How a page ends is told before its first row: where the next one begins is a header.
  return withSpillDirectory(config.maintenance.tempDirectory, async (directory) => {
    const file = join(directory, `answer.${asked.format}`);
    const output = { file, part: join(directory, 'answer.part') };
    const end = await withinSize(
      output.part,
      config.query.maxResultBytes,
      handler.signal,
      (signal) => answer(context, config, asked, { ...handler, signal }, output, mayKeep),
    );
    const { size } = await stat(file);
    if (size > config.query.maxResultBytes) throw resultTooLarge(config.query.maxResultBytes);
    handler.onWhole(end);
    for await (const part of createReadStream(file)) await handler.write(part as Buffer);
    return end;
  });
}

async function answer(
  context: CliContext,
  config: TierdConfig,
  asked: AskedQuery,
  { write, signal, onHead }: QueryHandler,
  output: QueryTask['request']['output'],
  mayKeep: boolean,
): Promise<AnsweredAnew> {
  const question =
    asked.structured === undefined
      ? { sql: asked.sql, parameters: asked.params }
      : { sql: '', parameters: [], structured: asked.structured };
  const { rows, elapsedMs, nextCursor, repeatable } = await startQuery(
    config,
    context,
    {
      ...question,
      explain: false,
      format: asked.format,
      output,
      terminal: null,
      terminalWidth: null,
    },
    {
      signal,
      write,
      warn: (text) => context.logger.warn({}, text),
      onHead: (head) =>
        onHead({ ...head, version: formatSnapshotVersion(head.version), isCached: false }),
    },
    mayKeep,
  );
  return { rows, elapsedMs, nextCursor, repeatable };
}
