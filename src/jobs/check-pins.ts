import type { Check } from '../domain/check.ts';
import type { Dataset } from '../domain/dataset.ts';
import { formatUntil, isActive, joinPins } from '../domain/plan/pins.ts';
import { formatRange } from '../domain/time/time-range.ts';
import { isPostgresError } from '../hot/postgres-error.ts';
import { disconnect } from '../hot/server/connect.ts';
import { listPins } from '../ledger/pins.ts';
import { earlierClock } from './both-clocks.ts';
import type { LookingRooms } from './rotation/rooms.ts';

/** What a rotation holds back, and whoever wonders why hot rows are so old should know. */
export async function checkPins(
  rooms: Pick<LookingRooms, 'connect' | 'clock'>,
  datasets: readonly Dataset[],
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const db = await rooms.connect('work');
  try {
    const now = await earlierClock(rooms.clock.now(), db);
    for (const { name } of datasets) {
      const pins = joinPins((await listPins(db, name)).filter((pin) => isActive(pin, now)));
      if (pins.length === 0) continue;
      checks.push({
        name: `dataset:${name}:pins`,
        status: 'ok',
        found: pins
          .map(({ range, until }) => `${formatRange(range)} stays hot ${formatUntil(until)}`)
          .join('; '),
        advice: `\`tierd unpin ${name}\` lets the next rotation take what was restored`,
      });
    }
  } catch (error) {
    // A ledger whose pins can't be read is told by its own check.
    if (!isPostgresError(error)) throw error;
  } finally {
    await disconnect(db);
  }
  return checks;
}
