/** hold: time of a dataset that must stay in the lake, set and lifted by a person. */
import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import type { Hold } from '../domain/plan/holds.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import { addAuditEntry } from '../ledger/audit.ts';
import { assertNotRenamed } from '../ledger/former-names.ts';
import { addHold, liftHold, type NewHold } from '../ledger/holds.ts';
import { actorOf } from './audit/actor.ts';
import { inLedger } from './in-ledger.ts';
import type { LedgerRooms } from './rotation/rooms.ts';

/** What is expiring at that moment has expired before it returns, or is held. */
export function setHold(rooms: LedgerRooms, wish: Omit<NewHold, 'by'>): Promise<Hold> {
  return inLedger(rooms, `setting a hold on ${wish.dataset}`, async (db) => {
    await assertNotRenamed(db, wish.dataset);
    const actor = actorOf(rooms);
    const hold = await addHold(db, { ...wish, by: tellActor(actor) });
    await note(rooms, db, 'held', hold, { until: isoOrNull(hold.until) });
    return hold;
  });
}

/** Throws USAGE where there is no such hold. */
export function endHold(rooms: LedgerRooms, id: string, reason: string): Promise<Hold> {
  return inLedger(rooms, `lifting hold ${id}`, async (db) => {
    const hold = await liftHold(db, id, reason);
    if (hold === null) throw noSuchHold(id);
    await note(rooms, db, 'hold_lifted', hold, { lift_reason: reason });
    return hold;
  });
}

async function note(
  rooms: LedgerRooms,
  db: pg.Client,
  action: 'held' | 'hold_lifted',
  { id, dataset, range, reason }: Hold,
  more: Readonly<Record<string, string | null>>,
): Promise<void> {
  await addAuditEntry(db, {
    action,
    chain: dataset,
    at: rooms.clock.now(),
    by: actorOf(rooms),
    ...(range === null ? {} : { ranges: [range] }),
    facts: { hold: id, reason, ...more },
  });
}

function tellActor({ holder, user }: ReturnType<typeof actorOf>): string {
  return user === null ? holder : `${user} at ${holder}`;
}

function isoOrNull(at: EpochMs | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function noSuchHold(id: string): TierdError {
  return new TierdError({
    code: 'USAGE',
    message: `There is no hold ${id}, or it was lifted before; nothing was done.`,
    hint: '`tierd hold list` names the holds that stand.',
  });
}
