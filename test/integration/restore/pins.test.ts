/** How long restored rows stay hot. */
import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { planRotationOf } from '../../../src/jobs/rotate.ts';
import { unpin } from '../../../src/ledger/pins.ts';
import { beforeEachColdDays, type ColdDays, ROWS_A_DAY } from '../../support/cold-days.ts';
import { days, restore, rotateAll } from '../../support/restore.ts';

let database: ColdDays['database'];
let bench: ColdDays['bench'];
let coldTable: ColdDays['coldTable'];
let count: ColdDays['count'];

beforeEachColdDays((cold) => {
  ({ database, bench, coldTable, count } = cold);
});

describe('the end of a pin', () => {
  const HOUR = 3_600_000;

  async function pinEnd(): Promise<number> {
    const { rows } = await database.query(
      'select (extract(epoch from pinned_until) * 1000)::float8 as at from tierd.pins',
    );
    return (rows[0] as { at: number }).at;
  }

  it('is a week after the later of the clocks, where nobody says it: one that runs behind sets none that is over', async () => {
    const dataset = await coldTable('bars');
    const behind = { rooms: { ...bench.rooms, clock: { now: () => Date.parse('1970-01-01') } } };
    await restore(behind, dataset, days(40, 39), { pinUntil: 'default' });
    expect(await pinEnd()).toBeGreaterThan(Date.now() + 7 * DAY_MS - HOUR);
    const ahead = { rooms: { ...bench.rooms, clock: { now: () => Date.now() + 50 * DAY_MS } } };
    await database.query('delete from tierd.pins');
    await restore(ahead, dataset, days(39, 38), { pinUntil: 'default' });
    expect(await pinEnd()).toBeGreaterThan(Date.now() + 57 * DAY_MS - HOUR);
  });

  it('does not come by one clock alone: rows stay hot where this machine runs ahead', async () => {
    const dataset = await coldTable('bars');
    await restore(bench, dataset, days(40, 39), { pinUntil: Date.now() + DAY_MS });
    const ahead = { rooms: { ...bench.rooms, clock: { now: () => Date.now() + 50 * DAY_MS } } };
    await rotateAll(ahead, dataset);
    expect(await count('bars', 'id >= 38000')).toBe(50);
  });

  it('a pin that is released lets the rotation take the rows again', async () => {
    const dataset = await coldTable('bars');
    await restore(bench, dataset, days(40, 37), { pinUntil: null });
    const plan = await planRotationOf(bench.rooms, dataset);
    expect(plan.notes.join('\n')).toContain('stay hot until it is unpinned');
    const db = await database.connect();
    expect(await unpin(db, 'bars', days(40, 39))).toEqual([days(40, 39)]);
    await rotateAll(bench, dataset);
    expect(await count('bars', 'id >= 38000')).toBe(2 * ROWS_A_DAY);
    expect(await unpin(db, 'bars', null)).toHaveLength(2);
  });
});
