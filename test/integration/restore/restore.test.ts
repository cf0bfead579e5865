/** Rows of the lake come back into a plain table: whole, once, pinned; or not at all, and why. */
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { planRestoreOf } from '../../../src/jobs/restore.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { lookAtLedger } from '../../../src/jobs/survey/look-at-ledger.ts';
import { listPins, unpin } from '../../../src/ledger/pins.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { askStores } from '../../support/ask-stores.ts';
import { differingRows } from '../../support/codec/read-back.ts';
import { beforeEachColdDays, type ColdDays, ROWS_A_DAY } from '../../support/cold-days.ts';
import { dumpDatabase } from '../../support/dump.ts';
import {
  days,
  failureOf,
  restore,
  restoreRooms,
  rotateAll,
  WEEK_ON,
} from '../../support/restore.ts';
import { daysAgo, makeDataset, NOW } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

let database: ColdDays['database'];
let bench: ColdDays['bench'];
let coldTable: ColdDays['coldTable'];
let count: ColdDays['count'];
let states: ColdDays['states'];

beforeEachColdDays((cold) => {
  ({ database, bench, coldTable, count, states } = cold);
});

describe('restore', () => {
  it('I1, I2: brings whole slices back as they were, retires their segments and pins them', async () => {
    const dataset = await coldTable('bars');
    const { plan, totals } = await restore(bench, dataset, days(40, 38));

    expect(totals.failed).toEqual([]);
    expect(plan.rows).toBe(2 * ROWS_A_DAY);
    expect(await states('bars')).toEqual(['retired', 'retired', 'live']);
    const db = await database.connect();
    await database.query(
      `create table restored as select * from bars where id >= 39000;
       create table wanted as select * from bars_before where id >= 39000`,
    );
    expect(await differingRows(db, 'wanted', 'restored')).toEqual([]);
    expect(await listPins(db, 'bars')).toEqual([
      { range: days(40, 39), until: WEEK_ON },
      { range: days(39, 38), until: WEEK_ON },
    ]);
    const [run] = await listRuns(db, { dataset: 'bars', limit: 1 });
    expect(run).toMatchObject({ job: 'restore', state: 'done', rowsMoved: 100n });
    const looked = await lookAtLedger(db, [dataset]);
    expect(looked?.lastRuns.get('bars')?.run).toMatchObject({ job: 'rotate' });
    const { rows } = await askStores(bench, db, [dataset], 'select count(*) n from bars');
    expect(rows).toEqual([{ n: 4 * ROWS_A_DAY }]);
  });

  it('is not taken for a dataset that never was rotated, once all of it came back', async () => {
    const dataset = await coldTable('bars');
    await restore(bench, dataset, days(40, 37));
    const asked = askStores(bench, await database.connect(), [dataset], 'select nothing from bars');
    const { hint } = await failureOf(asked);
    expect(hint).toContain('Nothing is in the lake of: bars.');
  });

  it('rotate → restore → rotate gives equal fingerprints, once the pin has ended', async () => {
    const dataset = await coldTable('bars');
    const fingerprints = async (): Promise<unknown> => {
      const found = await database.query(
        `select s.range_from, s.fingerprint from tierd.slices s join tierd.segments g on g.slice_id = s.id
         where g.state = 'live' order by 1`,
      );
      return found.rows;
    };
    const before = await fingerprints();
    await restore(bench, dataset, days(40, 37));
    expect(await fingerprints()).toEqual([]);

    const held = await rotateDataset(bench.rooms, dataset, { force: true });
    expect(held.plan.rows).toBe(0);
    expect(held.plan.notes.join('\n')).toMatch(
      /150 rows of 2026-02-19T00:00:00.000Z.2026-02-22T00:00:00.000Z were restored and stay hot until 2026-04-07T13:45:00.000Z; `tierd unpin bars`/,
    );

    const later = { rooms: { ...bench.rooms, clock: { now: () => WEEK_ON + 1 } } };
    await rotateAll(later, dataset);
    expect(await count('bars', 'id >= 38000')).toBe(0);
    expect(await fingerprints()).toEqual(before);
  });

  /** In the table's own time, without a zone. */
  const local = (day: number): string => daysAgo(day).slice(0, -1);

  it('refuses a slice that is only partly asked for, names the span, and takes it whole with force', async () => {
    const dataset = await coldTable('bars');
    const span = {
      fromInclusive: Date.parse(daysAgo(40)) + 3_600_000,
      toExclusive: Date.parse(daysAgo(39)),
    };
    const failure = await failureOf(restore(bench, dataset, span));
    expect(failure).toMatchObject({ code: 'REFUSED', exitCode: 3 });
    expect(failure.hint).toContain(`--from ${local(40)} --to ${local(39)}`);
    expect(await states('bars')).toEqual(['live', 'live', 'live']);

    const { totals } = await restore(bench, dataset, span, { force: true });
    expect(totals.restored).toHaveLength(1);
    expect(await count('bars', 'id >= 40000')).toBe(ROWS_A_DAY);
  });

  it('I2: a late row with the key of a cold one refuses its slice alone, which stays cold', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `insert into bars select time, 'late', id, price, note from bars_before where id = 39007`,
    );
    const { totals } = await restore(bench, dataset, days(40, 37));
    expect(totals.restored).toHaveLength(2);
    expect(totals.failed.map(({ error }) => error)).toMatchObject([{ code: 'RESTORE_REJECTED' }]);
    expect(totals.failed[0]?.error.message).toContain('39007');
    expect(totals.failed[0]?.error.hint).toContain('tierd rotate bars');
    expect(await states('bars')).toEqual(['retired', 'live', 'retired']);
    expect(await count('bars', 'id between 39000 and 39999')).toBe(1);
  });

  it('hints at no rotation that would not take the late row from its way', async () => {
    const { name } = await coldTable('bars');
    const dataset = makeDataset(name, { onColdDuplicate: 'keep-both' });
    await database.query(
      `insert into bars select time, 'late', id, price, note from bars_before where id = 39007`,
    );
    const { totals } = await restore(bench, dataset, days(39, 38));
    expect(totals.failed[0]?.error.hint).toContain(
      'on_cold_duplicate is keep-both: delete the hot row',
    );
  });

  it('says why a function of a trigger finds no table of the application', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `create table seen (id bigint);
       create function note_it() returns trigger language plpgsql as $$ begin insert into seen values (new.id); return new; end $$;
       create trigger noting after insert on bars for each row execute function note_it()`,
    );
    const { totals } = await restore(bench, dataset, days(39, 38), { force: true });
    expect(totals.failed[0]?.error.message).toContain('relation "seen" does not exist');
    expect(totals.failed[0]?.error.hint).toContain('search_path');
  });

  it('leaves late rows without such a key where they are', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `insert into bars select time, 'late', id + 500000, price, note from bars_before`,
    );
    const { totals } = await restore(bench, dataset, days(40, 37));
    expect(totals.failed).toEqual([]);
    expect(await count('bars', 'id >= 38000')).toBe(6 * ROWS_A_DAY);
  });

  it('copies into another table that it makes, once, and leaves the rows cold', async () => {
    const dataset = await coldTable('bars');
    const into = { schema: 'public', name: 'bars_2026' };
    const first = await restore(bench, dataset, days(40, 39), { into });
    expect(first.totals.restored).toHaveLength(1);
    const again = await restore(bench, dataset, days(40, 37), { into });
    expect(again.totals.restored).toHaveLength(2);
    expect(again.plan.notes.join('\n')).toContain('1 slice was copied into public.bars_2026');
    const db = await database.connect();
    expect(await differingRows(db, 'bars_before', 'bars_2026')).toEqual([]);
    expect(await states('bars')).toEqual(['live', 'live', 'live']);
    expect(await listPins(db, 'bars')).toEqual([]);
  });

  it('copies nothing twice that went back and left again, or that late rows replaced, since', async () => {
    const dataset = await coldTable('bars');
    const into = { schema: 'public', name: 'bars_copy' };
    await restore(bench, dataset, days(40, 38), { into });
    // Day 40 leaves as a new generation; of day 39 a late row replaces the slice; day 38 was never copied.
    await restore(bench, dataset, days(40, 39));
    await unpin(await database.connect(), 'bars', null);
    await database.query(
      `insert into bars select time, 'late', id, price, note from bars_before where id = 39007`,
    );
    await rotateAll(bench, dataset);

    const { totals } = await restore(bench, dataset, days(40, 37), { into });
    expect(totals.restored.map(({ planned }) => planned.rows)).toEqual([ROWS_A_DAY]);
    for (const { error } of totals.failed) expect(error).toMatchObject({ code: 'MOVE_REFUSED' });
    expect(totals.failed[0]?.error.message).toContain('they would be there twice');
    expect(await count('bars_copy')).toBe(3 * ROWS_A_DAY);
    expect(await count('(select distinct id from bars_copy) ids')).toBe(3 * ROWS_A_DAY);
  });

  it('I2: refuses another table whose rows are seen in its own', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      `create table child () inherits (bars);
       create table parent (like bars); alter table bars inherit parent`,
    );
    for (const name of ['child', 'parent']) {
      const copied = restore(bench, dataset, days(40, 37), { into: { schema: 'public', name } });
      const refusal = await failureOf(copied);
      expect(refusal).toMatchObject({ code: 'REFUSED' });
      expect(refusal.message).toContain(`public.${name} shares its rows with public.bars`);
    }
    expect(await count('parent')).toBe(ROWS_A_DAY);
    expect(await states('bars')).toEqual(['live', 'live', 'live']);
  });

  it('goes on with a copy by field ids, where the names of two columns changed places before it', async () => {
    const columns =
      'time timestamptz not null, symbol text, id bigint not null, price numeric, note text[], venue text';
    const dataset = await coldTable('bars', columns);
    await database.query(
      `alter table bars rename symbol to was; alter table bars rename venue to symbol;
       alter table bars rename was to venue`,
    );
    const into = { schema: 'public', name: 'bars_copy' };
    const renamed = { ...dataset, sortBy: [] };
    await restore(bench, renamed, days(40, 39), { into });
    const { totals } = await restore(bench, renamed, days(40, 37), { into });
    expect(totals.failed).toEqual([]);
    const wrong = await count(
      'bars_copy c join bars_before o using (id)',
      'c.venue is distinct from o.symbol or c.symbol is not null',
    );
    expect(wrong).toBe(0);
    expect(await count('bars_copy')).toBe(3 * ROWS_A_DAY);
  });

  it('refuses another table whose columns do not fit, by name and type', async () => {
    const dataset = await coldTable('bars');
    await database.query(
      'create table odd (time timestamptz, symbol text, id int, price numeric(20,8), more int not null)',
    );
    const { totals } = await restore(bench, dataset, days(40, 39), {
      into: { schema: 'public', name: 'odd' },
    });
    const message = totals.failed[0]?.error.message;
    expect(message).toContain('column id is bigint in the lake and id is integer in the table');
    expect(message).toContain('column note (text[]) has 50 values in the lake');
    expect(message).toContain('column more (integer) is not in the lake');
    expect(await count('odd')).toBe(0);
  });

  it('I3: checks the bytes before anything is inserted', async () => {
    const dataset = await coldTable('bars');
    const db = await database.connect();
    const [first, second] = await listSegments(db, { dataset: 'bars', states: ['live'] });
    await appendFile(join(bench.lake, first?.key ?? ''), 'x');
    await rm(join(bench.lake, second?.key ?? ''));
    const { totals } = await restore(bench, dataset, days(40, 37));
    expect(totals.restored).toHaveLength(1);
    expect(totals.failed.map(({ error }) => error.code)).toEqual([
      'VERIFY_MISMATCH',
      'OBJECT_MISSING',
    ]);
    expect(await count('bars', 'id >= 39000')).toBe(0);
  });

  it('I12: into nothing that another ledger owns, and from nothing', async () => {
    const dataset = await coldTable('bars');
    await database.query(`update tierd.lake set ledger_id = gen_random_uuid()`);
    const failure = await failureOf(restore(bench, dataset, days(40, 39)));
    expect(failure.code).toBe('LAKE_NOT_OWNED');
    expect(await count('bars', 'id >= 38000')).toBe(0);
  });
});

describeOn('pg_dump', 'restore --dry-run', () => {
  it('I7: the plan changes nothing', async () => {
    const dataset = await coldTable('bars');
    const before = await dumpDatabase(database.url);
    const plan = await planRestoreOf(
      restoreRooms(bench, dataset),
      dataset,
      {
        span: days(40, 37),
        where: null,
        into: { schema: 'public', name: 'other' },
        pinUntil: NOW + DAY_MS,
      },
      bench.rooms.signal,
    );
    expect(plan).toMatchObject({ rows: 150, keepsCold: true });
    expect(plan.slices).toHaveLength(3);
    expect(await dumpDatabase(database.url)).toEqual(before);
  });
});
