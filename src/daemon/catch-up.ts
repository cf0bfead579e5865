/** What was missed while nobody led: it is done once, however many slots went by. */
import type { EpochMs } from '../domain/time/time-range.ts';
import { nextSlot, type Schedule } from './schedule.ts';

export interface SlotHistory {
  /** The newest slot whose run came to an end of its own. */
  readonly servedMs: EpochMs | null;
  /** The newest slot whose run was begun. */
  readonly begunMs: EpochMs;
}

/**
 * The oldest slot that nobody served, or null. The run that makes up for it stands for all up to now.
 *
 * @param history by the ledger; undefined for a job that never ran, which has nothing to make up for.
 */
export function slotToMakeUp(
  schedule: Schedule,
  history: SlotHistory | undefined,
  nowMs: EpochMs,
): EpochMs | null {
  if (history === undefined) return null;
  const { begunMs, servedMs } = history;
  // Its run was cut short, by a stop or by the end of whoever ran it.
  if (servedMs === null || begunMs > servedMs) return begunMs;
  return missedSlot(schedule, servedMs, nowMs);
}

/** The oldest slot that went by after `lastSlotMs`, or null. */
function missedSlot(schedule: Schedule, lastSlotMs: EpochMs, nowMs: EpochMs): EpochMs | null {
  const slot = nextSlot(schedule, lastSlotMs);
  return slot !== null && slot <= nowMs ? slot : null;
}
