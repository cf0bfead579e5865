/** The lake as a question reads it, and whether it is this ledger's. */
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import type { TierdConfig } from '../../config/load.ts';
import { TierdError } from '../../domain/errors.ts';
import { lakeRefusal, lookAtLake } from '../../jobs/rotation/own-lake.ts';
import { readLakeMarker } from '../../lake/marker.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import type { OpenParts } from '../../lake/segment-files.ts';
import { listFar } from '../../ledger/tiers.ts';
import type { QueryLake, QueryRequest } from '../../query/query-request.ts';
import { openedBy } from './open-lake.ts';

interface Asking extends Pick<TierdConfig, 'lake'> {
  readonly request: Pick<QueryRequest, 'onBadSegment'>;
}

/**
 * Of a bucket the segments are opened while it is looked whose it is: it is told before there is an answer.
 *
 * @throws what keeps the lake from being looked at, then or when segments are opened
 */
export async function openForQuery(
  asking: Asking,
  store: ObjectStore,
  db: pg.Client,
  warn: (text: string) => void,
): Promise<QueryLake & { readonly isOwn: () => Promise<boolean> }> {
  const looking = isOwnLake(asking, store, db, warn);
  looking.catch(() => undefined);
  // One line to the ledger, which the places of a lake in two are asked on too.
  if (store.tiers !== null) await looking;
  const { openSegments, openParts } = openedBy(asking, store, (keys) => listFar(db, keys));
  const isOwn = (): Promise<boolean> => looking;
  if (openParts !== null && asking.request.onBadSegment !== 'skip') {
    return { store, openSegments, openParts: besides(looking, openParts), isOwn };
  }
  await looking;
  return { store, openSegments, openParts, isOwn };
}

/** Both have ended when it has: nothing is written into a directory that is being removed. */
function besides(looking: Promise<unknown>, openParts: OpenParts): OpenParts {
  return async (...asked) => {
    const [looked, opened] = await Promise.allSettled([looking, openParts(...asked)]);
    if (looked.status === 'rejected') throw looked.reason;
    if (opened.status === 'rejected') throw opened.reason;
    return opened.value;
  };
}

async function isOwnLake(
  { request }: Asking,
  store: ObjectStore,
  db: pg.Client,
  warn: (text: string) => void,
): Promise<boolean> {
  let refusal: TierdError | null;
  try {
    refusal = await refusalOfLake(store, db);
  } catch (error) {
    throw withHotSide(error);
  }
  if (refusal === null) return true;
  const isIncomplete = refusal.code === 'LAKE_INCOMPLETE';
  // What would be left out may lie where the lake's owner put it since.
  if (request.onBadSegment === 'skip' && !isIncomplete) throw refusal;
  // Reading does no harm, but a copy's list of segments may be older than the lake.
  warn(
    isIncomplete
      ? `${refusal.message} ${refusal.hint ?? ''}`
      : `this ledger is not the owner of the lake, so its list of segments may be out of date: ${refusal.message}`,
  );
  return isIncomplete;
}

/** So long a question waits to hear that there is a lake of another's. */
const STRANGER_LOOK_MS = 1_000;

/**
 * Of a ledger that knows of no segment, which a question has no reason to open the lake for: what lies there is in no answer.
 * What keeps it from being looked at keeps nothing from this answer, nor for long.
 */
export async function warnOfForeignLake(
  store: ObjectStore,
  db: pg.Client,
  warn: (text: string) => void,
): Promise<void> {
  const marker = await Promise.race([
    readLakeMarker(store).catch(() => null),
    setTimeout(STRANGER_LOOK_MS, null, { ref: false }),
  ]);
  if (marker === null) return;
  const refusal = await refusalOfLake(store, db).catch(() => null);
  if (refusal?.code === 'LAKE_NOT_OWNED') {
    warn(`no row of the lake is in the answer, for this ledger knows of none: ${refusal.message}`);
  }
}

function withHotSide(error: unknown): unknown {
  if (!(error instanceof TierdError)) return error;
  const { code, message, hint, context, cause } = error;
  const meanwhile = 'Rows that are still in PostgreSQL can be had meanwhile: `hot.<dataset>`.';
  return new TierdError({
    code,
    message,
    hint: hint === undefined ? meanwhile : `${hint} ${meanwhile}`,
    context,
    cause,
  });
}

async function refusalOfLake(store: ObjectStore, db: pg.Client): Promise<TierdError | null> {
  const standing = await lookAtLake(store, db);
  return standing === null ? null : lakeRefusal(standing, store.place);
}
