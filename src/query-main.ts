/**
 * The process that queries run in, one at a time: a task comes over the channel to its parent, rows leave by
 * a pipe, how it ended is said over the channel. Its parent ends it; without a parent it ends itself.
 *
 * From one task to the next only what no task can change stays: the program, and a line to PostgreSQL.
 */
import { setMaxListeners } from 'node:events';
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

interface Work {
  readonly task: QueryTask;
  readonly stop: AbortController;
}

const rows = new Socket({ fd: ROWS_FD, readable: false, writable: true });
let work: Work | undefined;
// Nobody reads on: the write that waits is told as well, and the query ends.
rows.on('error', () => work?.stop.abort());

const say = (message: FromQuery): void => {
  // Where nobody hears it any more, `disconnect` ends this process.
  if (process.connected) process.send?.(message, () => undefined);
};

// Loaded while its parent still reads the question.
const loading = import('./cli/rooms/query-task.ts').then(({ QueryRoom }) => {
  const room = new QueryRoom();
  void room.prepare();
  return room;
});
// Told by the first task.
loading.catch(() => undefined);

const answer = async ({ task, stop: { signal } }: Work): Promise<void> => {
  const before = rows.bytesWritten;
  const rowBytes = (): number => rows.bytesWritten - before;
  const warn = (text: string): void => say({ kind: 'warning', text });
  const onHead = (head: Extract<FromQuery, { kind: 'begun' }>['head']): void =>
    say({ kind: 'begun', head });
  let end: FromQuery;
  try {
    const room = await loading;
    const summary = await room.answer(task, { rows, signal, warn, onHead });
    end = { kind: 'answered', summary, rowBytes: rowBytes() };
  } catch (error) {
    end = { kind: 'failed', error: toSent(error), rowBytes: rowBytes() };
  }
  work = undefined;
  say(end);
  // Where its parent does not ask again, it is ended.
  loading.then(
    (room) => setImmediate(() => void room.prepare()),
    () => undefined,
  );
};

const leave = async (): Promise<void> => {
  await loading.then((room) => room.close());
  // Not `exit`, which waits for the engine.
  process.kill(process.pid, 'SIGKILL');
};

process.on('message', (message) => {
  const said = parseToQuery(message);
  switch (said?.kind) {
    case undefined:
      return;
    case 'interrupt':
      work?.stop.abort();
      return;
    case 'leave':
      void leave();
      return;
    case 'task':
      if (work !== undefined) throw new RangeError('a query was given while another runs');
      say({ kind: 'taken' });
      work = { task: said.task as QueryTask, stop: new AbortController() };
      // Each request to a bucket listens while it is under way.
      setMaxListeners(0, work.stop.signal);
      void answer(work);
  }
});

/** Its parent is gone: nobody else removes what it made. */
const endAlone = (): void => {
  for (const path of work === undefined ? [] : madeBy(work.task)) {
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
