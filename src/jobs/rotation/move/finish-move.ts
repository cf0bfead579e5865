/** The second half of a move: publish, verify, commit. */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { NextSnapshot } from '../../../catalogue/next-snapshot.ts';
import { TierdError } from '../../../domain/errors.ts';
import type { ProvenSegments } from '../../../domain/plan/proof.ts';
import { widenInPlace } from '../../../hot/attach/widen-in-place.ts';
import { formatDigest } from '../../../hot/measure/digest.ts';
import { disconnect } from '../../../hot/server/connect.ts';
import { readReplicaLag } from '../../../hot/server/server-facts.ts';
import { type PublishedSegment, verifySegments } from '../../../lake/segment-verifier.ts';
import { stagingPath } from '../../../lake/staging.ts';
import type { RotationStep } from '../events.ts';
import { prepareSnapshot } from '../iceberg/prepare-snapshot.ts';
import { showByPath } from '../iceberg/show-by-path.ts';
import type { JobRooms, Rooms } from '../rooms.ts';
import type { Arriving, MetMove, RunContext } from '../staged-move.ts';
import { commitMove } from './commit-move.ts';
import { type PublishedSlice, publishMove } from './publish-move.ts';

export async function finishMove(rooms: Rooms, run: RunContext, staged: MetMove): Promise<void> {
  const db = await rooms.connect('work');
  try {
    const say = (step: RotationStep): void => {
      rooms.emit({ kind: 'step', dataset: run.dataset.name, range: staged.move.range, step });
    };
    const proven = await publishAndProve(rooms, run, db, arrivingOf(staged), say);
    await stopAtReplicaLag(run, db);
    const iceberg = run.dataset.iceberg
      ? await prepareSnapshot(rooms, run, db, { moveId: staged.id, goneKeys: staged.retiredKeys })
      : null;
    say('commit');
    await commitWhenUnlocked(rooms, run, db, staged, proven, iceberg);
    if (iceberg !== null) await showUnlessHindered(rooms, run, db);
  } finally {
    await disconnect(db);
  }
}

/** The move is committed: readers by path see it at the latest when the next run begins. */
async function showUnlessHindered(rooms: JobRooms, run: RunContext, db: pg.Client): Promise<void> {
  // Not of the move, whose rows are in the lake: recovery shows what could not be shown now.
  await showByPath(rooms, db, run.dataset.name).catch(() => undefined);
}

export function arrivingOf({ id, move, slices, remainders, source }: MetMove): Arriving {
  return {
    id,
    range: move.range,
    slices: [...slices, ...remainders],
    leaving: { rows: source.rows, sourceDigest: formatDigest(source) },
  };
}

/** One entry for each of the slices. Their segments lie in the lake, and none is live. */
export async function publishAndProve(
  rooms: JobRooms,
  run: RunContext,
  db: pg.Client,
  arriving: Arriving,
  say: (step: RotationStep) => void = () => undefined,
): Promise<readonly ProvenSegments[]> {
  say('publish');
  const published = await publishMove(rooms, run, db, arriving);
  say('verify');
  const proven: ProvenSegments[] = [];
  const directory = stagingPath(rooms.store.stagingRoot, arriving.id);
  for (const slice of published) proven.push(await verifySlice(rooms, run, slice, directory));
  return proven;
}

async function verifySlice(
  rooms: JobRooms,
  run: RunContext,
  published: PublishedSlice,
  directory: string,
): Promise<ProvenSegments> {
  const segments: PublishedSegment[] = [];
  for (const { key, segment } of published.objects) {
    const path = await rooms.store.readable(key, directory, run.signal);
    segments.push({ ...segment, path });
  }
  return verifySegments({
    engine: rooms.engine,
    fs: rooms.fileSystem,
    segments,
    columns: published.slice.columns,
    metadata: published.slice.metadata,
    codec: run.dataset.parquet.codec,
    expected: published.slice.fingerprint,
    level: run.dataset.verify,
    signal: run.signal,
  });
}

/** Before the commit, which is what replicas have to replay. */
async function stopAtReplicaLag(run: RunContext, db: pg.Client): Promise<void> {
  const { maxReplicaLagMs } = run.dataset.limits;
  if (maxReplicaLagMs === 0) return;
  for (const { replica, lagMs } of await readReplicaLag(db)) {
    if (lagMs === null || lagMs <= maxReplicaLagMs) continue;
    throw new TierdError({
      code: 'REPLICA_LAGS',
      message: `replica ${replica} is ${String(Math.round(lagMs / 1000))} s behind (limit max_replica_lag: ${String(Math.round(maxReplicaLagMs / 1000))} s), so the rotation of ${run.dataset.name} stopped; what was moved before is done, this move was undone`,
      hint: 'run again when the replica has caught up, or raise max_replica_lag',
      context: { replica, lagMs, limitMs: maxReplicaLagMs },
    });
  }
}

const COMMIT_ATTEMPTS = 3;
const FIRST_PAUSE_MS = 500;

/** A lock held for a moment is no reason to export again. */
async function commitWhenUnlocked(
  rooms: Rooms,
  run: RunContext,
  db: pg.Client,
  staged: MetMove,
  proven: readonly ProvenSegments[],
  iceberg: NextSnapshot | null,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await widenInPlace(db, run.dataset.name, staged.move.range.toExclusive, {
        lockTimeoutMs: rooms.settings.lockTimeoutMs,
        signal: run.signal,
      });
      await commitMove(rooms, run, db, staged, proven, iceberg);
      return;
    } catch (error) {
      const locked = error instanceof TierdError && error.code === 'LOCK_TIMEOUT';
      if (!locked || attempt === COMMIT_ATTEMPTS) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** attempt, undefined, { signal: run.signal });
    }
  }
}
