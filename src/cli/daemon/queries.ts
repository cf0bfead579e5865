/** Queries of all faces: each has a process for itself while it runs, as one that a person types. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TierdConfig } from '../../config/load.ts';
import { formatSnapshotVersion } from '../../domain/lake/snapshot-version.ts';
import { explainAnswer } from '../../faces/postgres/explain-answer.ts';
import type { FaceDesk, FaceHandler, FaceQuestion } from '../../faces/postgres/face-desk.ts';
import {
  type AskedQuery,
  type QueryDesk,
  type QueryHandler,
  resultTooLarge,
} from '../../http/queries/query-desk.ts';
import { QueryGate } from '../../http/query-gate.ts';
import type { QueryProcesses } from '../../query/process/query-processes.ts';
import type { CliContext } from '../context.ts';
import { isDatasetName } from '../rooms/dataset-names.ts';
import type { QueryTask } from '../rooms/query-task.ts';
import { withSpillDirectory } from '../rooms/spill-directory.ts';
import { openProcesses, startQuery } from '../rooms/start-query.ts';
import { type AnsweredAnew, AnswerOrKeep } from './answers/answer-or-keep.ts';
import { withinSize } from './within-size.ts';

export interface OpenQueries {
  readonly desk: QueryDesk;
  /** The same for who asks in PostgreSQL's protocol. */
  readonly face: Omit<FaceDesk, 'readHotFacts' | 'askHot' | 'holdSnapshot'>;
  /** The configuration is another: no process that was started for the last one is asked any more. */
  reloaded(): void;
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
  const processes = openProcesses(query.concurrency);
  const limits = {
    timeoutMs: query.timeoutMs,
    maxResultBytes: query.maxResultBytes,
    stopped: stopped.signal,
  };
  return {
    desk: {
      gate,
      ...limits,
      run: (asked, handler) => {
        const current = config();
        return kept.run(current, asked, handler, (copied) =>
          run({ processes, context, config: current, mayKeep: kept.mayKeep }, asked, copied),
        );
      },
    },
    face: {
      turns: gate,
      ...limits,
      isDataset: (schema, name) => isDatasetName(config().datasets, schema, name),
      ask: (question, handler) =>
        askFace({ processes, context, config: config() }, question, handler),
    },
    reloaded() {
      processes.renew();
    },
    async close() {
      const impatience = setTimeout(() => stopped.abort(), DRAIN_MS);
      await gate.close();
      clearTimeout(impatience);
      stopped.abort();
      await kept.close();
      await processes.close();
    },
  };
}

interface Asking {
  readonly processes: QueryProcesses;
  readonly context: CliContext;
  readonly config: TierdConfig;
  readonly mayKeep: boolean;
}

async function run(
  asking: Asking,
  asked: AskedQuery,
  handler: QueryHandler,
): Promise<AnsweredAnew> {
  const { config } = asking;
  const isPage = asked.structured?.kind === 'rows';
  if (asked.format !== 'parquet' && !isPage) {
    return answer(asking, asked, handler, null);
  }
  // How a page ends is told before its first row: where the next one begins is a header.
  return withSpillDirectory(config.maintenance.tempDirectory, async (directory) => {
    const file = join(directory, `answer.${asked.format}`);
    const output = { file, part: join(directory, 'answer.part') };
    const end = await withinSize(
      output.part,
      config.query.maxResultBytes,
      handler.signal,
      (signal) => answer(asking, asked, { ...handler, signal }, output),
    );
    const { size } = await stat(file);
    if (size > config.query.maxResultBytes) throw resultTooLarge(config.query.maxResultBytes);
    handler.onWhole(end);
    for await (const part of createReadStream(file)) await handler.write(part as Buffer);
    return end;
  });
}

/** Whatever it answers with is written in messages of the protocol. */
async function askFace(
  { processes, context, config }: Omit<Asking, 'mayKeep'>,
  { sql, before, parameterTypes, values, reply, snapshot, instant, reader, explain }: FaceQuestion,
  { write, signal }: FaceHandler,
): Promise<{ readonly rows: number }> {
  const { plan, rows } = await startQuery(
    processes,
    config,
    context,
    {
      sql,
      parameters: [],
      postgres: { before, parameterTypes, values },
      explain: explain !== undefined,
      format: reply,
      ...(snapshot === null ? {} : { snapshot }),
      ...(instant === null ? {} : { instant }),
      ...(reader === null ? {} : { reader }),
      output: null,
      terminal: null,
      terminalWidth: null,
    },
    { signal, write, warn: (text) => context.logger.warn({}, text) },
  );
  if (explain === undefined) return { rows };
  const answer = explainAnswer(plan ?? [], explain);
  await write(answer.messages);
  return { rows: answer.rows };
}

async function answer(
  { processes, context, config, mayKeep }: Asking,
  asked: AskedQuery,
  { write, signal, onHead }: QueryHandler,
  output: QueryTask['request']['output'],
): Promise<AnsweredAnew> {
  const question =
    asked.structured === undefined
      ? { sql: asked.sql, parameters: asked.params }
      : { sql: '', parameters: [], structured: asked.structured };
  const { rows, elapsedMs, nextCursor, repeatable } = await startQuery(
    processes,
    config,
    context,
    {
      ...question,
      onBadSegment: asked.onBadSegment ?? 'fail',
      withLive: asked.withLive === true,
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
