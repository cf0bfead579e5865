/** dead-letters retry: letters that wait are mapped and judged again, under the source's lease. */
import type pg from 'pg';
import { decodePayload, entryUuid } from '../../domain/drain/dead-letter.ts';
import { openJudge } from '../../domain/drain/judge-rows.ts';
import { prepareMapping } from '../../domain/drain/map-entry.ts';
import type { Reason } from '../../domain/drain/reason.ts';
import type { DrainSource } from '../../domain/drain/source.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { writeRows } from '../../hot/write/write-rows.ts';
import {
  type DeadLetterRecord,
  lockWaitingLetters,
  markRefusedAgain,
  markRetried,
} from '../../ledger/dead-letters.ts';
import { assertLease, type Lease } from '../../ledger/lease.ts';
import { stopIfAborted } from '../job-failure.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import type { DrainPlan } from './plan-drain.ts';
import type { DrainRooms } from './rooms.ts';
import { reasonOfRefused } from './sort-entries.ts';
import { underLease } from './under-lease.ts';

export interface Retried {
  /** That are rows now. */
  written: number;
  /** That wait on, with the reason that holds now. */
  refused: number;
}

const LETTERS_AT_A_TIME = 500;

/**
 * @param ids null is all of the source's
 *
 * Each portion is one transaction: its letters are rows and marked so, or neither.
 */
export async function retryLetters(
  rooms: Pick<DrainRooms, 'connect' | 'clock' | 'holder' | 'settings' | 'signal'>,
  source: DrainSource,
  ids: readonly string[] | null,
): Promise<Retried> {
  return underLease(rooms, source, async ({ db, plan, kept }) => {
    const retried: Retried = { written: 0, refused: 0 };
    let afterId: string | null = '0';
    while (afterId !== null) {
      stopIfAborted(kept.signal);
      afterId = await retryPortion(rooms, db, plan, kept.lease, { ids, afterId, retried });
    }
    return retried;
  });
}

interface Portion {
  readonly ids: readonly string[] | null;
  readonly afterId: string;
  readonly retried: Retried;
}

/** The last id of the portion; null when there are no more. */
async function retryPortion(
  rooms: Pick<DrainRooms, 'clock' | 'settings'>,
  db: pg.Client,
  plan: DrainPlan,
  lease: Lease,
  { ids, afterId, retried }: Portion,
): Promise<string | null> {
  const source = plan.source.name;
  const done = await inTransaction(
    db,
    {
      doing: `retrying dead letters of ${source}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      const letters = await lockWaitingLetters(db, {
        source,
        ids,
        afterId,
        limit: LETTERS_AT_A_TIME,
      });
      const { written, refused } = await tryLetters(db, plan, letters, rooms.clock.now());
      await markRetried(db, written);
      await markRefusedAgain(db, refused);
      await assertLease(db, lease);
      return { written: written.length, refused: refused.length, last: letters.at(-1)?.id ?? null };
    },
  );
  retried.written += done.written;
  retried.refused += done.refused;
  return done.last;
}

interface Tried {
  readonly written: readonly string[];
  readonly refused: { readonly id: string; readonly reasonCode: string; readonly reason: string }[];
}

async function tryLetters(
  db: pg.Client,
  { source, rows: rowPlan, target }: DrainPlan,
  letters: readonly DeadLetterRecord[],
  now: number,
): Promise<Tried> {
  const map = prepareMapping(rowPlan);
  const columns = rowPlan.columns.map(({ column }) => column);
  // Without a memory: what came before or after a letter is long written.
  const rules = { ...source.rules, monotonic: null, duplicates: null, anomalies: [] };
  const judge = openJudge(rules, columns, source.dataset.timeColumn);
  const rows: { readonly id: string; readonly values: readonly (string | null)[] }[] = [];
  const refused: Tried['refused'] = [];
  const refuse = (id: string, { code, text }: Reason): void => {
    refused.push({ id, reasonCode: code, reason: text });
  };
  for (const { id, key, entryId, payload, arrivedAt, identity } of letters) {
    const entry = { key, id: entryId, payload: decodePayload(payload) };
    const mapped = map(entry, {
      capturedUs: Date.parse(arrivedAt) * 1000,
      nameOf: () => entryUuid(identity),
    });
    if ('reason' in mapped) {
      refuse(id, mapped.reason);
      continue;
    }
    const { reject } = judge.judge(mapped, now);
    if (reject === null) rows.push({ id, values: mapped.values });
    else refuse(id, reject);
  }
  const { refused: unwritten } = await writeRows(
    db,
    target,
    rows.map(({ values }) => values),
  );
  for (const row of unwritten) refuse(rows[row.index]?.id ?? '0', reasonOfRefused(row));
  const places = new Set(unwritten.map(({ index }) => index));
  const written = rows.flatMap(({ id }, index) => (places.has(index) ? [] : [id]));
  return { written, refused };
}
