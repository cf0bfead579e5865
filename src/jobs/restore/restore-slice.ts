/**
 * One slice comes back: its rows stand in the table, proven, and its segments are live no longer, or
 * neither happens (I2). Killed anywhere, the transaction is undone and the slice is as cold as before.
 */
import { join } from 'node:path';
import type pg from 'pg';
import type { NextSnapshot } from '../../catalogue/next-snapshot.ts';
import type { MarkedTable } from '../../domain/plan/given-tables.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { assertSameColumns } from '../../hot/table/columns-print.ts';
import { identifyTable } from '../../hot/table/table-identity.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { createLike, findTable } from '../../hot/write/restore-target.ts';
import { fingerprintChosen } from '../../lake/chosen-rows.ts';
import { makeUnlessThere, removeTree } from '../../lake/directories.ts';
import { addAuditEntry } from '../../ledger/audit.ts';
import { assertLease } from '../../ledger/lease.ts';
import { pinRange } from '../../ledger/pins.ts';
import { holdSegments, retireSegments } from '../../ledger/replaced-slices.ts';
import { beginRestore, endRestore } from '../../ledger/restores.ts';
import { actorOf } from '../audit/actor.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import { openSound } from '../open-sound.ts';
import { commitSnapshot } from '../rotation/iceberg/commit-snapshot.ts';
import { prepareSnapshot } from '../rotation/iceberg/prepare-snapshot.ts';
import { showByPath } from '../rotation/iceberg/show-by-path.ts';
import { assertStillOwnLake } from '../rotation/own-lake.ts';
import { bringIn, proveHot } from './bring-in.ts';
import { assertNotHeldNow } from './held.ts';
import { makePlace } from './make-place.ts';
import type { Bringing, RestoreContext, RestoreRooms, SliceWork } from './rooms.ts';

interface Attempt {
  /** By which whoever lost the reply to COMMIT finds it. */
  readonly id: string;
  /** The connection that it is done on, of no more use once this has thrown. */
  readonly connect: () => Promise<pg.Client>;
}

/**
 * @returns the hash of the rows that came
 * @throws TierdError VERIFY_MISMATCH, OBJECT_MISSING, SEGMENT_UNREADABLE, RESTORE_MISMATCH, LEASE_LOST and what
 *   PostgreSQL objects with: nothing was changed. OUTCOME_UNKNOWN: look before doing anything.
 */
export async function restoreSlice(
  rooms: RestoreRooms,
  run: RestoreContext,
  work: SliceWork,
  { id, connect }: Attempt,
): Promise<string> {
  const directory = join(rooms.tempDirectory, `restore-${id}`);
  try {
    await makeUnlessThere(rooms.fileSystem, directory);
    const { slice, choice } = work;
    const paths = await openSound(rooms, slice.segments, { directory, signal: run.signal });
    const fingerprint =
      choice === null ? slice.fingerprint : await fingerprintChosen(choice, paths);
    const target = run.request.into ?? run.table.ref;
    const db = await connect();
    await run.turns.bringing(
      () => makePlace(rooms, run, db, work),
      () => bringBack(rooms, run, db, id, { work, paths, fingerprint, target }),
    );
    return fingerprint.rowHash;
  } finally {
    await removeTree(rooms.fileSystem, directory);
  }
}

async function bringBack(
  rooms: RestoreRooms,
  run: RestoreContext,
  db: pg.Client,
  id: string,
  bringing: Bringing,
): Promise<void> {
  const { slice, choice } = bringing.work;
  await beginRestore(db, run.lease, {
    id,
    runId: run.runId,
    sliceId: slice.id,
    rows: bringing.fingerprint.rows,
    whereSha256: choice === null ? null : run.whereSha256,
  });
  const goneKeys = run.request.into === null ? slice.segments.map(({ key }) => key) : [];
  const iceberg =
    run.dataset.iceberg && goneKeys.length > 0
      ? await prepareSnapshot(rooms, run, db, { moveId: null, goneKeys })
      : null;
  await commitRestore(rooms, run, db, bringing, { id, goneKeys, iceberg });
  // Readers by path see it at the latest when the next run begins.
  if (iceberg !== null) await showByPath(rooms, db, run.dataset.name).catch(() => undefined);
}

interface LedgerChange {
  readonly id: string;
  /** None where the rows stay cold. */
  readonly goneKeys: readonly string[];
  readonly iceberg: NextSnapshot | null;
}

async function commitRestore(
  rooms: RestoreRooms,
  run: RestoreContext,
  db: pg.Client,
  bringing: Bringing,
  { id, goneKeys, iceberg }: LedgerChange,
): Promise<void> {
  const { dataset, request, table } = run;
  const { work, fingerprint, target } = bringing;
  const { range, segments } = work.slice;
  await inTransaction(
    db,
    {
      doing: `restoring ${dataset.name} ${formatRange(range)}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      await assertNotHeldNow(rooms, db, run, work.slice);
      const keys = segments.map(({ key }) => key);
      if (request.into !== null) await holdSegments(db, dataset.name, keys);
      const isMissing = request.into !== null && (await findTable(db, request.into)) === null;
      if (isMissing) await createLike(db, target, table.ref);
      await bringIn(rooms, run, db, bringing);
      // By now it is locked, and what it is made like as well.
      const kept = `${dataset.name} ${formatRange(range)} stays cold and nothing of it was changed`;
      await assertSameColumns(db, run.mappedTo, kept);
      // What is deferred objects now, and not in COMMIT.
      await db.query('set constraints all immediate');
      await proveHot(run, db, bringing);
      if (request.into === null) {
        // Not before, for from here on the slice that comes beside this one waits with its own.
        await retireSegments(db, dataset.name, goneKeys);
        await pinRange(db, dataset.name, { range, until: request.pinUntil });
      }
      if (iceberg !== null) await commitSnapshot(rooms, db, dataset.name, iceberg);
      await endRestore(db, id, await markInto(db, request.into));
      await addAuditEntry(db, {
        action: request.into === null ? 'restored' : 'copied',
        chain: dataset.name,
        at: rooms.clock.now(),
        by: actorOf(rooms),
        runId: run.runId,
        id,
        ranges: [range],
        rows: BigInt(fingerprint.rows),
        retired: goneKeys,
        facts: { table: formatTable(target), ...whichOf(run, work), ...pinOf(request) },
      });
      await assertStillOwnLake(rooms, db);
      // Last, for its lock keeps anybody from taking the lease until COMMIT has ended (I8).
      await assertLease(db, run.lease);
    },
  );
}

/** Not the condition itself: it may name a person. */
function whichOf(
  { whereSha256 }: RestoreContext,
  { choice }: SliceWork,
): Readonly<Record<string, string>> {
  return choice === null || whereSha256 === null ? {} : { where_sha256: whereSha256 };
}

/** Rows in another table are cold still, and nothing of them is pinned. */
function pinOf({ into, pinUntil }: RestoreContext['request']): Readonly<Record<string, string>> {
  if (into !== null) return {};
  return { pinned_until: pinUntil === null ? 'infinity' : new Date(pinUntil).toISOString() };
}

/** Null for the dataset's own table. */
async function markInto(db: pg.Client, into: TableRef | null): Promise<MarkedTable | null> {
  const found = into === null ? null : await findTable(db, into);
  if (into === null || found === null) return null;
  return { ref: into, identity: await identifyTable(db, found.oid) };
}
