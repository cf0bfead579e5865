/**
 * lake switch: the lake is its copy from now on.
 *
 * One transaction, in which no job on the lake runs or begins, compares the two once more, writes the copy's id and
 * place into the ledger, and an entry into the audit log. Before its commit the old place is the lake, after it the
 * new one; whoever comes with the other is refused, for its marker has another id. Nothing is written into the old one.
 */
import type pg from 'pg';
import { LAKE_CHAIN } from '../domain/audit.ts';
import { agree, countOf, megabytes } from '../domain/count.ts';
import { TierdError } from '../domain/errors.ts';
import type { RememberedLake } from '../domain/lake/lake-owner.ts';
import { COPY_KEY, OWNER_DIRECTORY } from '../lake/object-key.ts';
import type { ObjectStore } from '../lake/object-store.ts';
import { addAuditEntry } from '../ledger/audit.ts';
import { becomeCopy, whoCopies } from '../ledger/copied-segments.ts';
import { rememberedLake } from '../ledger/lake-identity.ts';
import { assertMigrated } from '../ledger/migrate.ts';
import { actorOf } from './audit/actor.ts';
import { ownLake } from './copy-lake.ts';
import { bytesOf, type CopyState, compareCopy } from './lake-copy/compare-copy.ts';
import { copyRecords, RECORDS } from './lake-copy/copy-records.ts';
import { lookAtTarget } from './lake-copy/look-at-target.ts';
import type { CopyTarget } from './lake-copy/rooms.ts';
import { assertStillOwnLake } from './rotation/own-lake.ts';
import type { LedgerRooms, LookingRooms } from './rotation/rooms.ts';
import { whileNobodyRotates } from './while-nobody-rotates.ts';

type Target = Pick<CopyTarget, 'store'>;

/** The copy could become the lake now, or is it. */
export interface SwitchLook {
  readonly isDone: boolean;
  /** Live segments. */
  readonly segments: number;
  readonly bytes: number;
}

/**
 * Changes nothing (I7).
 *
 * @throws TierdError REFUSED where the place is no copy of the lake, or lacks some of it; LAKE_NOT_OWNED, LAKE_INCOMPLETE, LAKE_NOT_THE_SAME
 */
export async function lookAtSwitch(
  rooms: LookingRooms,
  db: pg.Client,
  { store }: Target,
): Promise<SwitchLook> {
  const copy = await findCopy(rooms, db, store);
  if (copy === null) return { isDone: true, segments: 0, bytes: 0 };
  return lookOf(wholeOrRefused(await compareCopy(db, store, copy.lakeId), store.place));
}

/**
 * Killed anywhere, the same call ends it.
 *
 * @throws TierdError as `lookAtSwitch`; LEASE_HELD while a job works on the lake, or copies it; OBJECT_CONFLICT
 */
export async function switchLake(
  rooms: LedgerRooms,
  db: pg.Client,
  { store }: Target,
): Promise<SwitchLook> {
  const copy = await findCopy(rooms, db, store);
  if (copy !== null) {
    // Most of them need not be waited for by those who want to begin a job.
    await copyAllRecords(rooms.store, store);
    await whileNobodyRotates(rooms, db, 'switching the lake', () =>
      switchNow(rooms, db, store, copy),
    );
  }
  // Without it this is a lake like any other. Killed before, the same call comes here again.
  await store.remove(COPY_KEY);
  return lookAtSwitched(db);
}

interface FoundCopy {
  readonly lake: RememberedLake;
  /** The copy's own. */
  readonly lakeId: string;
}

/** Null where it is the lake already. */
async function findCopy(
  rooms: LookingRooms,
  db: pg.Client,
  store: ObjectStore,
): Promise<FoundCopy | null> {
  await assertMigrated(db);
  const known = await rememberedLake(db);
  // Before it is looked whose the configured place is: that is the old one, and refused by now.
  if (known !== null && (await lookAtTarget(store, known)).kind === 'the lake') return null;
  const lake = await ownLake(rooms, db);
  const target = await lookAtTarget(store, lake);
  if (target.kind === 'begun') return { lake, lakeId: target.lakeId };
  throw refused(`${store.place} is no copy of the lake`);
}

async function switchNow(
  rooms: LedgerRooms,
  db: pg.Client,
  store: ObjectStore,
  { lake, lakeId }: FoundCopy,
): Promise<void> {
  const { place: from } = rooms.store;
  // Read again, for nobody can change it any more.
  const known = await rememberedLake(db);
  if (known?.lakeId !== lake.lakeId || known.epoch !== lake.epoch) {
    throw refused('the ledger has another lake, or another owner of it, than a moment before');
  }
  await assertStillOwnLake(rooms, db);
  const copier = await whoCopies(db);
  if (copier !== null) throw copyUnderWay(copier);
  const state = wholeOrRefused(await compareCopy(db, store, lakeId), store.place);
  for (const key of state.needless) await store.remove(key);
  await copyAllRecords(rooms.store, store);
  await becomeCopy(db, { lakeId, place: store.place });
  const { segments, bytes } = lookOf(state);
  await addAuditEntry(db, {
    action: 'switched',
    chain: LAKE_CHAIN,
    at: rooms.clock.now(),
    by: actorOf(rooms),
    facts: {
      lake: lakeId,
      place: store.place,
      from: lake.lakeId,
      from_place: from,
      segments,
      bytes,
    },
  });
}

/** With the owners: one who took the lake over meanwhile is its owner there as well. */
function copyAllRecords(lake: ObjectStore, target: ObjectStore): Promise<number> {
  return copyRecords(lake, target, [`${OWNER_DIRECTORY}/`, ...RECORDS]);
}

/** What was replaced is not asked for: whoever reads it still reads it where it was. */
function wholeOrRefused(state: CopyState, place: string): CopyState {
  const missing = state.due.filter(({ isLive }) => isLive);
  if (missing.length === 0) return state;
  const all = missing.length + state.done.filter(({ isLive }) => isLive).length;
  throw refused(
    `${countOf(missing.length, 'segment')} of ${all.toLocaleString('en-US')} (${megabytes(bytesOf(missing))}) ${agree(missing.length, 'is', 'are')} not proven to be in ${place}, ${missing[0]?.key ?? ''} among them`,
  );
}

function lookOf({ done }: CopyState): SwitchLook {
  const live = done.filter(({ isLive }) => isLive);
  return { isDone: false, segments: live.length, bytes: bytesOf(live) };
}

async function lookAtSwitched(db: pg.Client): Promise<SwitchLook> {
  const { rows } = await db.query<{ segments: number; bytes: number }>(
    `select count(*)::int as segments, coalesce(sum(bytes), 0)::float8 as bytes from tierd.segments where state = 'live'`,
  );
  return { isDone: true, segments: 0, bytes: 0, ...rows[0] };
}

function refused(reason: string): TierdError {
  return new TierdError({
    code: 'REFUSED',
    message: `${reason}; the lake is where it was, and nothing was changed`,
    hint: 'run `tierd lake copy` with the same --to, which copies what is missing, then this command again',
  });
}

function copyUnderWay(holder: string): TierdError {
  return new TierdError({
    code: 'LEASE_HELD',
    message: `the lake is being copied by ${holder}; nothing was changed`,
    hint: 'wait until that has ended, then run the command again',
    context: { holder },
  });
}
