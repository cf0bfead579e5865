/**
 * Staged files become objects in the lake, under names that the ledger knew first. They are not
 * live: no reader takes them for rows before the commit.
 */
import type pg from 'pg';
import { inTransaction } from '../../../hot/transaction.ts';
import { segmentKey } from '../../../lake/layout.ts';
import { assertLease } from '../../../ledger/lease.ts';
import { stepMove } from '../../../ledger/moves.ts';
import { announceSlice, type NewSegment } from '../../../ledger/segments.ts';
import { limitsUnderLease } from '../../limits-under-lease.ts';
import { assertStillOwnLake } from '../own-lake.ts';
import type { JobRooms } from '../rooms.ts';
import type { Arriving, RunContext, StagedSlice } from '../staged-move.ts';

export interface PublishedSlice {
  readonly slice: StagedSlice;
  readonly objects: readonly {
    readonly key: string;
    readonly segment: StagedSlice['segments'][number];
  }[];
}

export async function publishMove(
  rooms: JobRooms,
  run: RunContext,
  db: pg.Client,
  arriving: Arriving,
): Promise<readonly PublishedSlice[]> {
  const slices = arriving.slices.map((slice) => ({
    slice,
    objects: slice.segments.map((segment) => ({
      key: segmentKey(
        run.dataset.name,
        slice.range,
        slice.unit,
        segment.sha256,
        slice.columns.map((column) => column.name),
      ),
      segment,
    })),
  }));
  await inTransaction(
    db,
    {
      doing: `announcing ${run.dataset.name}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      for (const { slice, objects } of slices) {
        await announceSlice(db, run.lease, arriving.id, {
          range: slice.range,
          generation: slice.generation,
          rows: BigInt(slice.fingerprint.rows),
          fingerprint: slice.fingerprint,
          columns: slice.columns,
          segments: objects.map(
            ({ key, segment }): NewSegment => ({
              key,
              bytes: BigInt(segment.bytes),
              sha256: segment.sha256,
              rows: BigInt(segment.rows),
              minTimeUs: segment.minTimeUs,
              maxTimeUs: segment.maxTimeUs,
              statistics: segment.bounds,
              counts: segment.counts,
              footerBytes: segment.footerBytes,
            }),
          ),
        });
      }
      await stepMove(db, arriving.id, 'staged', arriving.leaving);
      await assertLease(db, run.lease);
    },
  );
  for (const { objects } of slices) {
    for (const { key, segment } of objects) {
      await assertStillOwnLake(rooms, db);
      await rooms.store.putIfAbsent(key, segment.path, segment, run.signal);
    }
  }
  return slices;
}
