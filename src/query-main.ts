/**
 * A query's own process: its task comes over the channel to its parent, rows leave by a pipe, how it
 * ended is said over the channel. Its parent ends it then; without a parent it ends itself.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import type { QueryTask } from './cli/rooms/query-task.ts';
import { type FromQuery, parseToQuery, toSent } from './query/process/query-message.ts';
import { ROWS_FD } from './query/process/query-process.ts';

// Where memory runs out, the kernel takes this process before any that others rely on.
try {
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // Not Linux, or not allowed: then the limits that its parent keeps have to do.
}

const controller = new AbortController();
const rows = new Socket({ fd: ROWS_FD, readable: false, writable: true });
// Nobody reads on: the write that waits is told as well, and the query ends.
rows.on('error', () => controller.abort());
let task: QueryTask | undefined;

const say = (message: FromQuery): void => {
  // Where nobody hears it any more, `disconnect` ends this process.
  if (process.connected) process.send?.(message, () => undefined);
};

const work = async (given: QueryTask): Promise<void> => {
  const { runQueryTask } = await import('./cli/rooms/query-task.ts');
  const { signal } = controller;
  const warn = (text: string): void => say({ kind: 'warning', text });
  try {
    const summary = await runQueryTask(given, {
      rows,
      signal,
      warn,
      onHead: (head) => say({ kind: 'begun', head }),
    });
    say({ kind: 'answered', summary });
  } catch (error) {
    say({ kind: 'failed', error: toSent(error) });
  }
  rows.end();
};

process.on('message', (message) => {
  const said = parseToQuery(message);
  if (said?.kind === 'interrupt') controller.abort();
  if (said?.kind !== 'task') return;
  task = said.task as QueryTask;
  void work(task);
});

/** Its parent is gone: nobody else removes what it made. Not `exit`, which waits for the engine. */
const endAlone = (): void => {
  for (const path of task === undefined ? [] : madeBy(task)) {
    rmSync(path, { recursive: true, force: true });
  }
  process.kill(process.pid, 'SIGKILL');
};

function madeBy({ request, limits }: QueryTask): readonly string[] {
  const { output } = request;
  return [limits.spillDirectory, ...(output === null ? [] : [output.part])];
}

process.once('disconnect', endAlone);
// It may have gone while this program was still being loaded.
if (!process.connected) endAlone();
