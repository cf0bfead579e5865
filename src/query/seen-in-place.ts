/**
 * Whether a hypertable that is read in place is read with the cold rows of the same instant. The statement reads its hot rows by a
 * snapshot that it can't hand over, and the cold ones here by a later one. Both are the same instant if no segment came or went in
 * between (I2, I11); where that isn't certain, nothing is answered.
 */
import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import { lookAtReader, type ReaderInPlace } from '../hot/attach/readers-in-place.ts';

/**
 * @param session of the reader; null where the question names none
 * @param db in the transaction that reads the ledger
 * @throws TierdError SERIALIZATION_CONFLICT where its snapshot may be older than what is read here, QUERY_NOT_ALLOWED where
 *   nobody can tell
 */
export async function assertSeenInPlace(
  db: pg.Client,
  session: string | null,
  datasets: readonly string[],
): Promise<void> {
  if (session === null || !SESSION.test(session)) throw unknown('says of no session that it asks');
  for (const found of await lookAtReader(db, session, datasets)) assertOne(found);
}

const SESSION = /^[0-9a-f]{1,16}\.[0-9a-f]{1,8}$/;

function assertOne(found: ReaderInPlace): void {
  const { dataset, isAttached, isOfHere, isShown, isReading, seesAll } = found;
  if (!isAttached || !isOfHere) {
    throw refusal(
      `${dataset} is in place by no attachment of this ledger on this server; nothing was answered`,
      `Run \`tierd attach ${dataset} --in-place\`; after a restore as well.`,
    );
  }
  if (!isShown) {
    throw refusal(
      `the role of postgres.url may not see the snapshots of other sessions, and so can't tell whether the cold rows of ${dataset} are those of the statement that asks; nothing was answered`,
      'As a superuser: grant pg_read_all_stats to that role.',
    );
  }
  if (!isReading) throw unknown(`is none of this PostgreSQL that reads ${dataset}`);
  if (seesAll) return;
  throw new TierdError({
    code: 'SERIALIZATION_CONFLICT',
    message: `rows of ${dataset} came into the lake, or left it, after the snapshot of the statement that asks, or may have: a transaction that had begun before is still open; nothing was answered`,
    hint: 'Run the statement again, in a transaction of its own. Where it stays so, the oldest open transaction that has written something, in any database of the server, has to end; or ask the view of `tierd attach`.',
    context: { sqlstate: '40001' },
  });
}

function unknown(what: string): TierdError {
  return refusal(
    `the session that asks for cold rows of a hypertable in place ${what}; nothing was answered`,
    'Such rows are for the hypertable on the PostgreSQL of postgres.url, after `tierd attach --in-place`, without a setting postgres_fdw.application_name; on a standby they can’t be read.',
  );
}

function refusal(message: string, hint: string): TierdError {
  return new TierdError({
    code: 'QUERY_NOT_ALLOWED',
    message,
    hint,
    context: { sqlstate: '55000' },
  });
}
