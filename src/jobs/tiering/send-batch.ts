/**
 * Some segments go far: named in the ledger, copied and proven one by one, then committed together, with an entry in the
 * audit log and an Iceberg snapshot that has them there. From then on they are read far. No near copy is removed here.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { bytesOfAll, hullOf, type NearSegment } from '../../domain/plan/tiering.ts';
import { inTransaction } from '../../hot/transaction.ts';
import type { Tiers } from '../../lake/object-store.ts';
import { createStaging, removeStaging } from '../../lake/staging.ts';
import { addAuditEntry } from '../../ledger/audit.ts';
import { assertLease } from '../../ledger/lease.ts';
import { announceFar, becomeFar } from '../../ledger/tiers.ts';
import { actorOf } from '../audit/actor.ts';
import { COPIED_AT_ONCE } from '../lake-copy/assert-room.ts';
import { someAtOnce } from '../lake-copy/at-once.ts';
import { copySegment } from '../lake-copy/copy-segment.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import { commitSnapshot } from '../rotation/iceberg/commit-snapshot.ts';
import { prepareSnapshot } from '../rotation/iceberg/prepare-snapshot.ts';
import { showByPath } from '../rotation/iceberg/show-by-path.ts';
import { assertStillOwnLake } from '../rotation/own-lake.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import type { NotSent, TieringRooms } from './rooms.ts';

export interface Batch {
  readonly sent: readonly NearSegment[];
  /** The near place does not give what was published: they stay where they are. */
  readonly failed: readonly NotSent[];
}

/**
 * Throws what kept the segments, which are read near as before: OBJECT_CONFLICT, VERIFY_MISMATCH, LAKE_UNREACHABLE,
 * LAKE_UNWRITABLE, LAKE_FULL, LAKE_NOT_OWNED, LEASE_LOST, MOVE_NOT_OURS. OUTCOME_UNKNOWN: they lie in both places, and
 * the ledger says which is read.
 */
export async function sendBatch(
  rooms: TieringRooms,
  tiers: Tiers,
  run: RunContext,
  db: pg.Client,
  batch: readonly NearSegment[],
): Promise<Batch> {
  const { name } = run.dataset;
  const keysOf = (segments: readonly NearSegment[]) => segments.map(({ key }) => key);
  await announceFar(db, name, keysOf(batch));
  const { sent, failed } = await copyAll(rooms, tiers, run, db, batch);
  if (sent.length === 0) return { sent, failed };
  const farKeys = keysOf(sent);
  const iceberg = run.dataset.iceberg
    ? await prepareSnapshot(rooms, run, db, {
        ...{ moveId: null, goneKeys: [], isSameRows: true },
        farKeys,
      })
    : null;
  const limits = limitsUnderLease(rooms.settings);
  const doing = `sending segments of ${name} far`;
  const options = { doing, isolation: 'read committed', readOnly: false, limits } as const;
  await inTransaction(db, options, async () => {
    await becomeFar(db, name, farKeys);
    if (iceberg !== null) await commitSnapshot(rooms, db, name, iceberg);
    await addAuditEntry(db, {
      action: 'sent_far',
      chain: name,
      ...{ at: rooms.clock.now(), by: actorOf(rooms), runId: run.runId },
      ranges: [hullOf(sent)],
      rows: BigInt(sent.reduce((sum, { rows }) => sum + rows, 0)),
      facts: {
        far: tiers.far.place,
        segments: sent.length,
        bytes: bytesOfAll(sent),
        segments_sha256: digestOf(sent),
      },
    });
    await assertStillOwnLake(rooms, db);
    // Last, for its lock keeps anybody from taking the lease until COMMIT has ended (I8).
    await assertLease(db, run.lease);
  });
  // Readers by path see it at the latest when the next run begins.
  if (iceberg !== null) await showByPath(rooms, db, name).catch(() => undefined);
  return { sent, failed };
}

async function copyAll(
  rooms: TieringRooms,
  { far }: Tiers,
  { dataset: { name }, lease, signal }: RunContext,
  db: pg.Client,
  batch: readonly NearSegment[],
): Promise<Batch> {
  const target = { ...rooms.farDisk, store: far };
  const id = `tier-${name}`;
  const directory = await createStaging(target.fileSystem, far.stagingRoot, id);
  const [copied, failed] = [new Set<string>(), [] as NotSent[]];
  const mayPut = async (): Promise<void> => {
    await assertStillOwnLake(rooms, db);
    await assertLease(db, lease);
  };
  await someAtOnce(COPIED_AT_ONCE, batch, async ({ key, bytes, sha256 }) => {
    const foundBytes = (await far.stat(key))?.bytes ?? null;
    const segment = { key, bytes, sha256, foundBytes };
    // Found in the lake by an adoption, it may lie there alone.
    const end = await copySegment(rooms.store, target, segment, directory, mayPut, signal);
    if (end.kind === 'bad') {
      failed.push({ key, reason: end.reason });
      rooms.tell({ kind: 'failed', dataset: name, key, reason: end.reason });
      return;
    }
    copied.add(key);
    rooms.tell({ kind: 'copied', dataset: name, key, bytes });
  });
  await removeStaging(target.fileSystem, far.stagingRoot, id);
  return { sent: batch.filter(({ key }) => copied.has(key)), failed };
}

/** Of which segments the entry speaks: a line each, by key. */
function digestOf(segments: readonly NearSegment[]): string {
  const lines = segments.map(({ key, sha256 }) => `${key} ${sha256}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}
