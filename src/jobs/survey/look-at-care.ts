/** What a dataset's part of the lake needs: a few queries of the ledger, whose cost grows with its live slices. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { type CompactionPlan, planCompaction } from '../../domain/plan/compaction.ts';
import { isHolding } from '../../domain/plan/holds.ts';
import { isActive } from '../../domain/plan/pins.ts';
import { cutoffsOf } from '../../domain/plan/regions.ts';
import { type CompactionDebt, expiringSoon, type LakeCare } from '../../domain/survey/lake-care.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { tableClock } from '../../domain/time/time-zone.ts';
import { readAuditHead } from '../../ledger/audit.ts';
import { sumColdSlices } from '../../ledger/cold-slices.ts';
import { listHolds } from '../../ledger/holds.ts';
import { listPins } from '../../ledger/pins.ts';
import { hasScrubs, lastScrubs } from '../../ledger/scrubs.ts';
import { listSliceIntervals } from '../../ledger/slice-intervals.ts';
import { earlierClock } from '../both-clocks.ts';
import { coldSliceOf } from '../compaction/cold-slice.ts';

/** Null where the ledger was not migrated since. */
export async function lookAtCare(
  db: pg.Client,
  dataset: Dataset,
  now: EpochMs,
): Promise<LakeCare | null> {
  if (!(await hasScrubs(db))) return null;
  const { name, targetFileBytes, coldDaysByInterval } = dataset;
  const tableNow = tableClock(dataset, now);
  const slices = await sumColdSlices(db, name);
  const earlier = await earlierClock(now, db);
  const pins = await listPins(db, name);
  const pinned = pins.filter((pin) => isActive(pin, earlier)).map(({ range }) => range);
  const holds = (await listHolds(db, name)).filter((hold) => isHolding(hold, earlier));
  const read = coldDaysByInterval === undefined ? [] : await listSliceIntervals(db, name);
  const counts = new Map(read.map(({ sliceId, intervals }) => [sliceId, intervals]));
  const compaction = planCompaction({
    dataset: name,
    targetFileBytes,
    slices: slices.flatMap(coldSliceOf),
    closedBefore: cutoffsOf(dataset, tableNow).aged,
    pinned,
    freeBytes: null,
    minFreeBytes: 0,
  });
  return {
    compaction: debtOf(compaction),
    expiring: expiringSoon({ dataset, tableNow, slices, counts, pinned, holds }),
    holds,
    scrubs: await lastScrubs(db, name),
    auditHead: await readAuditHead(db, name),
  };
}

function debtOf({ merges }: CompactionPlan): CompactionDebt {
  return {
    segments: merges.reduce((sum, { segments }) => sum + segments, 0),
    segmentsAfter: merges.reduce((sum, { segmentsAfter }) => sum + segmentsAfter, 0),
    bytes: merges.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
