/** What PostgreSQL's own log says of the transaction that drops a chunk. */
import type pg from 'pg';

/** For a server whose log is to be read here: each line begins with its time and process. */
export const LOG_SETTINGS: Readonly<Record<string, string>> = { log_line_prefix: '%n %p ' };

export interface DropTimes {
  /** The whole transaction, in which the digest of every row is taken once more. */
  readonly commitMs: number;
  /**
   * From the chunk's exclusive lock to the end of COMMIT. Its locks are released before that: the
   * last thing a COMMIT does is to remove the files, which takes longer the larger they are.
   */
  readonly lockToEndMs: number;
}

interface Statement {
  readonly pid: string;
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** For sessions that begin from now on. */
export async function logStatements(client: pg.Client): Promise<void> {
  await client.query('alter system set log_min_duration_statement = 0');
  await client.query('select pg_reload_conf()');
}

/** The last such transaction in the log. */
export function readDropTimes(log: string): DropTimes {
  const all = readStatements(log);
  const drop = all.findLast(({ text }) => /"drop_chunks"\(|^drop table/i.test(text));
  const session = all.filter(({ pid }) => pid === drop?.pid);
  const at = session.findIndex((statement) => statement === drop);
  const begin = session.slice(0, at).findLast(({ text }) => /^begin/i.test(text));
  const commit = session.slice(at).find(({ text }) => /^commit/i.test(text));
  const lock = session.find(
    ({ text, startMs }) =>
      begin !== undefined && startMs >= begin.startMs && /access exclusive/i.test(text),
  );
  if (begin === undefined || commit === undefined || drop === undefined) {
    throw new Error('The log of PostgreSQL shows no transaction that drops anything.');
  }
  return {
    commitMs: commit.endMs - begin.startMs,
    lockToEndMs: commit.endMs - (lock ?? drop).startMs,
  };
}

function readStatements(log: string): Statement[] {
  // A statement's further lines are indented.
  const records = log.replaceAll('\n\t', ' ').split('\n');
  return records.flatMap((record) => {
    const found =
      /^([\d.]+) (\d+) LOG: {2}duration: ([\d.]+) ms {2}(?:statement|parse|bind|execute)[^:]*: (.*)$/.exec(
        record,
      );
    if (found === null) return [];
    const [, time, pid = '', duration, text = ''] = found;
    const endMs = Number(time) * 1000;
    return [{ pid, text, endMs, startMs: endMs - Number(duration) }];
  });
}
