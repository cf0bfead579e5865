/** What a dataset's part of the lake needs, or loses, soon; as a survey and `tierd status` have it. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { LakeCare } from '../../../src/domain/survey/lake-care.ts';
import { connect } from '../../../src/hot/server/connect.ts';
import { careDocument } from '../../../src/http/survey-document.ts';
import { readCalendar } from '../../../src/jobs/calendar.ts';
import { setHold } from '../../../src/jobs/hold.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { readStatus } from '../../../src/jobs/status.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { days, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../../support/rotation.ts';
import { openSurvey } from '../../support/surveying.ts';

const COLUMNS = 'time timestamptz not null, symbol text, id int';
const FIRST = 90;

describe('the care of a lake', () => {
  let database: TestDatabase;
  let bench: Bench;
  const dataset = makeDataset('bars', { coldDays: 80 });

  beforeEach(async () => {
    database = await createTestDatabase();
    bench = await openBench(database);
    await database.query(`create table bars (${COLUMNS})`);
    await database.query(
      `insert into bars select $1::timestamptz + d * interval '24 hours', 'a', d from generate_series(0, 49) d`,
      [daysAgo(FIRST)],
    );
    await rotateAll(bench, dataset);
  });

  const care = async (): Promise<LakeCare | null> => {
    const { hot, datasets: surveyed } = await openSurvey(database, { datasets: [dataset] }).take();
    expect(hot.error).toBeNull();
    const [seen] = surveyed;
    const { datasets } = await readStatus(bench.rooms, [dataset], null);
    const [told] = datasets;
    if (told === undefined || 'error' in told) throw new Error('no status');
    const documentOf = (of: LakeCare | null | undefined) => (of ? careDocument(of) : null);
    expect(documentOf(told.care)).toEqual(documentOf(seen?.care));
    return seen?.care ?? null;
  };

  it('has what a compaction would merge, what expires within 30 days, and the head of the audit log', async () => {
    const { compaction, expiring, holds, auditHead } = (await care())!;
    // Whole months before the cutoff: they have 50 days between them.
    expect(compaction.segments).toBeGreaterThan(27);
    expect(compaction.segmentsAfter).toBeLessThanOrEqual(2);
    expect(expiring).toEqual({ withinDays: 30, rows: 40, isAtMost: false, slices: 40 });
    expect(holds).toEqual([]);
    expect(auditHead).toMatchObject({ number: 50 });
    expect(auditHead?.hash).toMatch(/^[0-9a-f]{64}$/u);
  });

  it('knows when each segment was read last, and how many never were', async () => {
    const db = await database.connect();
    const all = (await listSegments(db, { dataset: 'bars', states: ['live'] })).length;
    expect((await care())?.scrubs).toEqual({ oldest: null, newest: null, never: all });
    const request = { dataset: 'bars', prove: null, onProgress: () => undefined } as const;
    await scrub(bench.rooms, { ...request, sample: { share: 0.5, seed: 'a' } });
    const some = (await care())!.scrubs;
    expect(some.never).toBeGreaterThan(0);
    expect(some.never).toBeLessThan(all);
    await database.query(`update tierd.scrubs set scrubbed_at = scrubbed_at - interval '24 hours'`);
    await scrub(bench.rooms, { ...request, sample: { share: 0.2, seed: 'b' } });
    const mixed = (await care())!.scrubs;
    expect(mixed.newest! - mixed.oldest!).toBeGreaterThan(80_000_000);
    await scrub(bench.rooms, { ...request, sample: null });
    const whole = (await care())!.scrubs;
    expect(whole.never).toBe(0);
    expect(whole.oldest).toBeGreaterThan(mixed.oldest!);
  });

  it('has the holds, of which nothing expires, and the calendar shows them and what was restored', async () => {
    await setHold(bench.rooms, {
      dataset: 'bars',
      range: days(FIRST, FIRST - 5),
      reason: 'case 17',
      until: null,
    });
    await restore(bench, dataset, days(FIRST - 10, FIRST - 12), { pinUntil: null });
    const { holds, expiring } = (await care())!;
    expect(holds).toMatchObject([{ reason: 'case 17', range: days(FIRST, FIRST - 5) }]);
    expect(expiring).toMatchObject({ rows: 40 - 5 - 2 });
    const found = await readCalendar(
      { connect: () => connect({ url: database.url, job: 'test' }), clock: { now: () => NOW } },
      dataset,
      days(FIRST + 1, FIRST - 14),
      false,
      AbortSignal.timeout(10_000),
    );
    const marks = found.days.map(
      ({ state, isPinned, isHeld }) =>
        `${state[0] ?? ''}${isPinned ? 'p' : ''}${isHeld ? 'h' : ''}`,
    );
    expect(marks.join(' ')).toBe('e ch ch ch ch ch c c c c c hp hp c c');
  });

  it('is not known of a ledger that was not migrated since', async () => {
    await database.query('drop table tierd.scrubs');
    expect(await care()).toBeNull();
  });
});
