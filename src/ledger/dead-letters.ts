/** Entries that could not become rows, kept whole with their reason (I10). */
import type { DeadLetter } from '../domain/drain/dead-letter.ts';
import type { Queryable } from './queryable.ts';
import { keyOfText, keyText } from './text.ts';

export type LetterState = 'waiting' | 'retried' | 'discarded';

/**
 * In a batch's transaction. A letter that is there already is not doubled; one that was dealt with
 * and comes again waits again, unless it `stays` in the live store, where it is met at every reading.
 *
 * @returns how many are new, or wait again.
 */
export async function addDeadLetters(
  db: Queryable,
  source: { readonly name: string; readonly dataset: string; readonly stays: boolean },
  letters: readonly DeadLetter[],
): Promise<number> {
  if (letters.length === 0) return 0;
  const once = [
    ...new Map(letters.map((letter) => [letter.identity.toString('hex'), letter])).values(),
  ];
  const added = await db.query(
    `insert into tierd.dead_letters as known
       (source, dataset, entry_key, entry_id, identity, payload, reason_code, reason, state)
     select $1, $2, entry_key, entry_id, identity, payload, reason_code, reason, 'waiting'
     from unnest($3::text[], $4::text[], $5::bytea[], $6::bytea[], $7::text[], $8::text[])
       as letters (entry_key, entry_id, identity, payload, reason_code, reason)
     on conflict (source, identity) do update
       set state = 'waiting', times_seen = known.times_seen + 1, payload = excluded.payload,
           reason_code = excluded.reason_code, reason = excluded.reason,
           changed_at = clock_timestamp()
       where known.state = 'retried' or (known.state = 'discarded' and not $9::boolean)`,
    [
      source.name,
      source.dataset,
      once.map(({ key }) => keyText(key)),
      once.map(({ id }) => id),
      once.map(({ identity }) => identity),
      once.map(({ payload }) => payload),
      once.map(({ reason }) => reason.code),
      once.map(({ reason }) => reason.text),
      source.stays,
    ],
  );
  return added.rowCount ?? 0;
}

export interface DeadLetterRecord {
  readonly id: string;
  readonly source: string;
  readonly dataset: string;
  readonly key: string;
  readonly entryId: string | null;
  readonly identity: Buffer;
  readonly payload: Buffer;
  readonly reasonCode: string;
  readonly reason: string;
  readonly state: LetterState;
  readonly timesSeen: number;
  readonly arrivedAt: string;
}

const COLUMNS = `id::text, source, dataset, entry_key, entry_id, identity, payload, reason_code, reason, state,
  times_seen::text, to_char(arrived_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as arrived_at`;

interface LetterRow {
  readonly id: string;
  readonly source: string;
  readonly dataset: string;
  readonly entry_key: string;
  readonly entry_id: string | null;
  readonly identity: Buffer;
  readonly payload: Buffer;
  readonly reason_code: string;
  readonly reason: string;
  readonly state: LetterState;
  readonly times_seen: string;
  readonly arrived_at: string;
}

export interface LetterFilter {
  /** Null is every source, state or reason. */
  readonly source: string | null;
  readonly state: LetterState | null;
  readonly reasonCode: string | null;
  readonly limit: number;
}

/** Newest first. */
export async function listDeadLetters(
  db: Queryable,
  filter: LetterFilter,
): Promise<readonly DeadLetterRecord[]> {
  const found = await db.query<LetterRow>(
    `select ${COLUMNS} from tierd.dead_letters
     where ($1::text is null or source = $1) and ($2::text is null or state = $2)
       and ($3::text is null or reason_code = $3)
     order by dead_letters.id desc limit $4`,
    [filter.source, filter.state, filter.reasonCode, filter.limit],
  );
  return found.rows.map(recordOf);
}

/** How many there are, by source, state and reason. */
export async function countDeadLetters(db: Queryable): Promise<
  readonly {
    readonly source: string;
    readonly state: LetterState;
    readonly reasonCode: string;
    readonly count: number;
  }[]
> {
  const found = await db.query<{
    source: string;
    state: LetterState;
    reason_code: string;
    count: string;
  }>(
    `select source, state, reason_code, count(*)::text as count from tierd.dead_letters
     group by source, state, reason_code order by source, state, reason_code`,
  );
  return found.rows.map((row) => ({
    source: row.source,
    state: row.state,
    reasonCode: row.reason_code,
    count: Number(row.count),
  }));
}

export async function readDeadLetter(db: Queryable, id: string): Promise<DeadLetterRecord | null> {
  const found = await db.query<LetterRow>(
    `select ${COLUMNS} from tierd.dead_letters where id = $1`,
    [id],
  );
  const row = found.rows[0];
  return row === undefined ? null : recordOf(row);
}

/**
 * The next waiting letters of a source, oldest first, locked until the transaction ends: nobody else
 * can retry or discard them meanwhile.
 */
export async function lockWaitingLetters(
  db: Queryable,
  wanted: {
    readonly source: string;
    /** Null is all of the source's. */
    readonly ids: readonly string[] | null;
    readonly afterId: string;
    readonly limit: number;
  },
): Promise<readonly DeadLetterRecord[]> {
  const found = await db.query<LetterRow>(
    `select ${COLUMNS} from tierd.dead_letters
     where source = $1 and state = 'waiting' and ($2::bigint[] is null or id = any ($2))
       and id > $3
     order by dead_letters.id limit $4 for update`,
    [wanted.source, wanted.ids, wanted.afterId, wanted.limit],
  );
  return found.rows.map(recordOf);
}

/** They were written as rows after all. */
export async function markRetried(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query(
    `update tierd.dead_letters set state = 'retried', changed_at = clock_timestamp()
     where id = any ($1::bigint[])`,
    [ids],
  );
}

/** Still no rows, and why. */
export async function markRefusedAgain(
  db: Queryable,
  letters: readonly { readonly id: string; readonly reasonCode: string; readonly reason: string }[],
): Promise<void> {
  await db.query(
    `update tierd.dead_letters known
     set reason_code = again.reason_code, reason = again.reason, changed_at = clock_timestamp()
     from unnest($1::bigint[], $2::text[], $3::text[]) as again (id, reason_code, reason)
     where known.id = again.id`,
    [
      letters.map(({ id }) => id),
      letters.map(({ reasonCode }) => reasonCode),
      letters.map(({ reason }) => reason),
    ],
  );
}

/** Waiting letters that nobody wants; their payload stays, to be looked at. */
export async function discardLetters(
  db: Queryable,
  wanted: { readonly source: string | null; readonly ids: readonly string[] | null },
): Promise<readonly string[]> {
  const discarded = await db.query<{ id: string }>(
    `update tierd.dead_letters set state = 'discarded', changed_at = clock_timestamp()
     where state = 'waiting' and ($1::text is null or source = $1)
       and ($2::bigint[] is null or id = any ($2))
     returning id::text`,
    [wanted.source, wanted.ids],
  );
  return discarded.rows.map((row) => row.id);
}

function recordOf(row: LetterRow): DeadLetterRecord {
  return {
    id: row.id,
    source: row.source,
    dataset: row.dataset,
    key: keyOfText(row.entry_key),
    entryId: row.entry_id,
    identity: row.identity,
    payload: row.payload,
    reasonCode: row.reason_code,
    reason: row.reason,
    state: row.state,
    timesSeen: Number(row.times_seen),
    arrivedAt: row.arrived_at,
  };
}
