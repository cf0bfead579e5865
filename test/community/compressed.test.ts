/** Chunks that TimescaleDB's Community edition has compressed. */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { beforeEach, expect, it } from 'vitest';
import { checkDataset } from '../../src/hot/doctor/doctor-dataset.ts';
import { measureTable, totalBytes } from '../../src/hot/measure/measure.ts';
import { describeTable } from '../../src/hot/table/introspect.ts';
import { type RotationOutcome, rotateDataset } from '../../src/jobs/rotate.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { disturbedAt } from '../integration/faults/disturb.ts';
import { readCold } from '../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { reading } from '../support/hot.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';

const FORCE = { force: true };
/** 40 days with a row an hour, of which 10 days have aged. */
const ROWS = 40 * 24;
const AGED = 10 * 24;

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, n) => from + n);

async function makeBars(
  columns = 'time timestamptz not null, symbol text, id int, span text, v numeric',
): Promise<void> {
  await database.query(`create table bars (${columns})`);
  await database.query(
    `select create_hypertable('bars', 'time', chunk_time_interval => interval '1 day')`,
  );
  await database.query(
    `insert into bars (time, symbol, id, span, v)
     select $1::timestamptz + n * interval '1 hour', 's' || n % 5, n,
            case when n % 24 = 0 then '1day' else '1min' end,
            case when n % 7 = 0 then 'NaN'::numeric else n / 3.0 end
     from generate_series(0, ${String(ROWS - 1)}) n`,
    [daysAgo(40)],
  );
  await database.query(
    `alter table bars set (timescaledb.compress, timescaledb.compress_segmentby = 'symbol')`,
  );
}

/** Those that begin `days` days ago, the first and the last included. */
async function compress(from: number, to: number, how = 'compress_chunk'): Promise<void> {
  await database.query(
    `select ${how}(format('%I.%I', chunk_schema, chunk_name)::regclass)
     from timescaledb_information.chunks
     where hypertable_name = 'bars' and range_start between $1 and $2`,
    [daysAgo(from), daysAgo(to)],
  );
}

const rotate = (rooms = bench.rooms, changes = {}): Promise<RotationOutcome> =>
  rotateDataset(rooms, makeDataset('bars', changes), FORCE);

async function idsOf(): Promise<{ hot: number[]; cold: number[] }> {
  const hot = await db.query<{ id: number }>(`select id from bars order by id`);
  const live = await listSegments(db, { dataset: 'bars', states: ['live'] });
  const cold = await readCold(bench.lake, live, 'id');
  return {
    hot: hot.rows.map((row) => row.id),
    cold: cold.map((row) => Number(row['id'])).sort((a, b) => a - b),
  };
}

const failures = (outcome: RotationOutcome): string[] =>
  outcome.totals.failed.map(({ error }) => error.code);
const retries = (): number => bench.events.filter((event) => event.kind === 'retrying').length;

describeOn('community', 'rotate, on compressed chunks', () => {
  beforeEach(async () => {
    database = await createTestDatabase({ timescale: true });
    db = await database.connect();
    bench = await openBench(database);
  });

  it.each([
    ['timescaledb.restoring', 'on'],
    ['timescaledb.enable_columnarscan', 'off'],
  ])(
    'I1: refuses to look at a hypertable whose compressed chunks read as empty: %s',
    async (setting, value) => {
      await makeBars();
      await compress(40, 35);
      await database.query(`alter database ${database.name} set ${setting} = '${value}'`);
      await expect(rotate()).rejects.toMatchObject({
        code: 'TABLE_UNSUPPORTED',
        message: expect.stringContaining(setting),
      });
      await database.query(`alter database ${database.name} reset ${setting}`);
      expect((await rotate()).totals.failed).toEqual([]);
    },
  );

  it('leaves a frozen one where it is, unexported, and drops the others', async () => {
    await makeBars();
    await compress(40, 36);
    const frozen = await db.query<{ chunk: string }>(
      `select format('%I.%I', chunk_schema, chunk_name) as chunk from timescaledb_information.chunks
       where hypertable_name = 'bars' and range_start in ($1, $2) order by range_start`,
      [daysAgo(38), daysAgo(32)],
    );
    for (const { chunk } of frozen.rows) {
      await database.query(`select _timescaledb_functions.freeze_chunk('${chunk}')`);
    }
    const outcome = await rotate();
    expect(failures(outcome)).toEqual(['MOVE_REFUSED', 'MOVE_REFUSED']);
    expect(outcome.totals.moved).toHaveLength(8);
    for (const { error } of outcome.totals.failed) await database.query(error.hint ?? '');
    expect((await rotate()).totals.failed).toEqual([]);
    expect((await idsOf()).cold).toEqual(range(0, AGED));
  });

  it('drops them whole, with every value as it was (I1, I2, I6)', async () => {
    await makeBars();
    await compress(40, 1);
    const before = await db.query<{ v: string }>(
      `select v::text from bars where id < ${String(AGED)} order by id`,
    );
    const outcome = await rotate();
    expect(outcome.totals.moved.map(({ move, rows }) => [move.removal, Number(rows)])).toEqual(
      Array(10).fill(['drop', 24]),
    );
    expect(await idsOf()).toEqual({ hot: range(AGED, ROWS), cold: range(0, AGED) });
    const live = await listSegments(db, { dataset: 'bars', states: ['live'] });
    const cold = await readCold(bench.lake, live, 'id, v::varchar as v');
    const text = [...cold]
      .sort((a, b) => Number(a['id']) - Number(b['id']))
      .map((row) => String(row['v']));
    expect(text.map(Number)).toEqual(before.rows.map((row) => Number(row.v)));
  });

  it('drops some that are compressed and some that are not', async () => {
    await makeBars();
    await compress(39, 35);
    await compress(20, 5);
    expect(failures(await rotate())).toEqual([]);
    expect(await idsOf()).toEqual({ hot: range(AGED, ROWS), cold: range(0, AGED) });
  });

  it('takes along what was inserted, updated and deleted after the compression (I1)', async () => {
    await makeBars();
    await compress(40, 30);
    await database.query(`insert into bars values ($1, 'late', 5000, '1day', 1)`, [daysAgo(39)]);
    await database.query(`update bars set v = 5 where id = 30`);
    await database.query(`delete from bars where id = 31`);
    expect(failures(await rotate())).toEqual([]);
    const cold = [...range(0, AGED).filter((id) => id !== 31), 5000];
    expect(await idsOf()).toEqual({ hot: range(AGED, ROWS), cold });
  });

  it.each([
    ['inserts a late row', `insert into bars values ($1, 's1', 5000, '1day', 1)`, [5000]],
    ['updates a row', `update bars set v = 7 where time = $1`, []],
  ])('exports again when a writer %s after the export (I1)', async (_, write, more) => {
    await makeBars();
    await compress(40, 30);
    let writes = 0;
    const rooms = disturbedAt(bench, 'committing', async () => {
      writes += 1;
      if (writes === 1) await database.query(write, [daysAgo(40)]);
    });
    expect(failures(await rotate(rooms))).toEqual([]);
    expect(retries()).toBe(1);
    expect(await idsOf()).toEqual({ hot: range(AGED, ROWS), cold: [...range(0, AGED), ...more] });
  });

  it.each(['publishing', 'committing'] as const)(
    'exports again what is compressed while %s',
    async (moment) => {
      await makeBars();
      let times = 0;
      const rooms = disturbedAt(bench, moment, async () => {
        times += 1;
        if (times === 1) await compress(40, 40);
      });
      expect(failures(await rotate(rooms))).toEqual([]);
      expect(retries()).toBe(1);
      expect(await idsOf()).toEqual({ hot: range(AGED, ROWS), cold: range(0, AGED) });
    },
  );

  it('exports again when late rows are compressed between the export and its digest', async () => {
    await makeBars();
    await compress(40, 40);
    await database.query(`insert into bars values ($1, 's1', 5000, '1day', 1)`, [daysAgo(40)]);
    let times = 0;
    const rooms = disturbedAt(bench, 'exporting', async () => {
      times += 1;
      if (times === 1) await compress(40, 40);
    });
    expect(failures(await rotate(rooms))).toEqual([]);
    expect(bench.events).toContainEqual(
      expect.objectContaining({
        kind: 'retrying',
        reason: expect.stringContaining('25 rows were exported of 24') as unknown,
      }),
    );
    expect(await idsOf()).toEqual({ hot: range(AGED, ROWS), cold: [...range(0, AGED), 5000] });
  });

  it('does not mind what is decompressed while committing: the rows are the same', async () => {
    await makeBars();
    await compress(40, 40);
    let times = 0;
    const rooms = disturbedAt(bench, 'committing', async () => {
      times += 1;
      if (times === 1) await compress(40, 40, 'decompress_chunk');
    });
    expect(failures(await rotate(rooms))).toEqual([]);
    expect(await idsOf()).toEqual({ hot: range(AGED, ROWS), cold: range(0, AGED) });
  });

  it('leaves to the next run a chunk that was dropped and put in again, compressed or not (I1, I2)', async () => {
    await makeBars();
    await compress(40, 39);
    let times = 0;
    const rooms = disturbedAt(bench, 'committing', async () => {
      times += 1;
      if (times > 2) return;
      const day = 41 - times;
      const bounds = `'${daysAgo(day)}'::timestamptz`;
      await database.query(
        `create table kept_${String(day)} as select * from bars where time < ${bounds} + interval '1 day';
         select drop_chunks('bars', older_than => ${bounds} + interval '1 day');
         insert into bars select * from kept_${String(day)} where id % 24 <> 5`,
      );
      if (times === 2) await compress(day, day);
    });
    expect(failures(await rotate(rooms))).toEqual(['PARTS_CHANGED', 'PARTS_CHANGED']);
    expect(failures(await rotate())).toEqual([]);
    const left = range(0, AGED).filter((id) => id !== 5 && id !== 29);
    expect(await idsOf()).toEqual({ hot: range(AGED, ROWS), cold: left });
  });

  it('goes on while a policy compresses and decompresses all the time', async () => {
    await makeBars();
    const over = new AbortController();
    const policy = (async () => {
      for (let n = 0; !over.signal.aborted; n += 1) {
        const day = 40 - (n % 10);
        // The chunk may be gone, or a lock not to be had: a policy tries again as well.
        await compress(day, day, n % 20 < 10 ? 'compress_chunk' : 'decompress_chunk').catch(
          () => undefined,
        );
        await pause(20);
      }
    })();
    try {
      for (let runs = 0; runs < 3; runs += 1) await rotate();
    } finally {
      over.abort();
    }
    await policy;
    await rotate();
    expect(await idsOf()).toEqual({ hot: range(AGED, ROWS), cold: range(0, AGED) });
  });

  it('keeps a chunk that holds rows which no query sees (I1)', async () => {
    await makeBars();
    await compress(40, 30);
    await database.query(`insert into bars values ($1, 'late', 5000, '1day', 1)`, [daysAgo(39)]);
    // As an insert straight into a compressed chunk left it: not known to be partly compressed.
    await database.query(`update _timescaledb_catalog.chunk set status = 1 where status = 9`);
    expect((await database.query(`select from bars where id = 5000`)).rowCount).toBe(0);
    const outcome = await rotate();
    expect(outcome.totals.failed.map(({ error }) => error.message)).toEqual([
      expect.stringMatching(/gives 24 rows when read, but holds 25; nothing was dropped/),
    ]);
    expect(failures(outcome)).toEqual(['PART_READS_SHORT']);
    await database.query(`update _timescaledb_catalog.chunk set status = 9 where status = 1`);
    expect(failures(await rotate())).toEqual([]);
    expect((await idsOf()).cold).toEqual([...range(0, AGED), 5000]);
  });

  it('leaves rows of intervals that would leave by DELETE until the whole chunk has aged, and says so', async () => {
    await makeBars();
    await compress(20, 11);
    const changes = { intervalColumn: 'span', hotIntervals: ['1day'] };
    const outcome = await rotate(bench.rooms, changes);
    expect(failures(outcome)).toEqual([]);
    expect(outcome.plan.notes.join()).toContain('10 chunks after the cutoff are compressed');
    const stays = (id: number): boolean => id >= AGED && (id % 24 === 0 || (id >= 480 && id < 720));
    expect(await idsOf()).toEqual({
      hot: range(0, ROWS).filter(stays),
      cold: range(0, ROWS).filter((id) => !stays(id)),
    });
    await compress(20, 11, 'decompress_chunk');
    await rotate(bench.rooms, changes);
    expect((await idsOf()).hot).toEqual(range(AGED, ROWS).filter((id) => id % 24 === 0));
  });

  it('leaves alone a chunk that is compressed between the plan and its DELETE', async () => {
    await makeBars();
    const rooms = {
      ...bench.rooms,
      newId: () => bench.rooms.newId(),
      connect: async (purpose: 'work' | 'direct') => {
        if (bench.events.some((event) => event.kind === 'planned')) await compress(20, 20);
        return bench.rooms.connect(purpose);
      },
    };
    const outcome = await rotate(rooms, { intervalColumn: 'span', hotIntervals: ['1day'] });
    expect(failures(outcome)).toEqual(['PARTS_CHANGED']);
    expect((await idsOf()).hot.filter((id) => id >= 480 && id < 504)).toHaveLength(24);
  });

  it('is refused where the chunks are cut by another column than the configured one', async () => {
    await makeBars(
      'time timestamptz not null, symbol text, id int, span text, v numeric, at timestamptz not null default now()',
    );
    await database.query(`update bars set at = time`);
    await compress(40, 30);
    await expect(rotate(bench.rooms, { timeColumn: 'at' })).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('11 chunks of public.bars are compressed') as unknown,
    });
    expect((await idsOf()).hot).toHaveLength(ROWS);
  });

  it('takes the columns of chunks by name, whatever was dropped and added since', async () => {
    await makeBars(
      'gone int, time timestamptz not null, symbol text, id int, span text, v numeric',
    );
    await database.query(`alter table bars drop column gone`);
    await database.query(`alter table bars add column more text default 'x'`);
    await compress(40, 30);
    expect(failures(await rotate())).toEqual([]);
    expect((await idsOf()).cold).toEqual(range(0, AGED));
  });

  it('counts the rows of compressed chunks, which the planner guesses far too high', async () => {
    await makeBars();
    await compress(40, 1);
    const facts = await reading(db, async () => {
      const table = await describeTable(db, { schema: 'public', name: 'bars' }, 'time');
      return measureTable(db, table, NOW + 1e12);
    });
    expect(facts.rows).toBe(ROWS);
  });

  it('measures what is compressed too, also while a policy decompresses it', async () => {
    await makeBars();
    await compress(40, 20);
    const table = await reading(db, () =>
      describeTable(db, { schema: 'public', name: 'bars' }, 'time'),
    );
    const { rows } = await database.query(`select hypertable_size('bars')::int as bytes`);
    await reading(db, async () => {
      expect(await totalBytes(db, table)).toBe((rows[0] as { bytes: number }).bytes);
      await compress(30, 30, 'decompress_chunk');
      expect(await totalBytes(db, table)).toBeGreaterThan(0);
    });
  });

  it('is fine by the doctor', async () => {
    await makeBars();
    await compress(40, 30);
    const checks = await reading(db, () =>
      checkDataset(db, makeDataset('bars'), { now: () => NOW }, () => Promise.resolve([])),
    );
    const found = checks.find((check) => check.name === 'dataset:bars:compression');
    expect(found?.found).toContain('11 compressed chunks');
  });
});
