import { fine, type Judged, verdictOf } from './finding.ts';
import { rollbackPrepared } from './locks.ts';
import { secondsInWords } from './words.ts';

export interface PreparedTransaction {
  readonly gid: string;
  readonly owner: string;
  readonly database: string;
  readonly seconds: number;
  readonly isHere: boolean;
}

/** A transaction manager commits within moments; one that is older was forgotten. */
const SECONDS = { look: 60, act: 3_600 };

export function judgePrepared(prepared: readonly PreparedTransaction[]): Judged {
  if (prepared.length === 0) {
    return { findings: [fine('all', 'no transaction is prepared')], unseen: [] };
  }
  const findings = prepared.map(({ gid, owner, database, seconds, isHere }) => {
    const verdict = verdictOf(seconds, SECONDS);
    const where = isHere ? '' : ` (connect to ${database} for it)`;
    return {
      subject: `prepared ${gid}`,
      verdict,
      found: `of ${owner} in ${database}, prepared ${secondsInWords(seconds)} ago: it holds its locks, and dead rows, over restarts too, until it is committed or rolled back${where}`,
      next: verdict === 'ok' ? null : rollbackPrepared(gid),
      figures: { gid, owner, database, seconds },
    };
  });
  return { findings, unseen: [] };
}
