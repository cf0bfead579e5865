/** Restores into hypertables with what only the Community edition of TimescaleDB has. */
import { beforeEach, expect, it } from 'vitest';
import { findTimescale } from '../../src/hot/table/chunks.ts';
import { planRestoreOf } from '../../src/jobs/restore.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { differingRows } from '../support/codec/read-back.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { disturbed } from '../support/disturbed.ts';
import { days, failureOf, restore, restoreRooms, rotateAll } from '../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';

let database: TestDatabase;
let bench: Bench;
const dataset = makeDataset('bars');

/** A column that the lake holds as text. */
const PASSES = `alter table bars add column span interval; update bars set span = id * interval '1 minute';
                drop table bars_before; create table bars_before as select * from bars where id < 240`;

describeOn('community', 'restore, beside compressed chunks and retention policies', () => {
  beforeEach(async () => {
    database = await createTestDatabase({ timescale: true });
    bench = await openBench(database);
    await database.query(
      `create table bars (time timestamptz not null, symbol text, id int);
       create schema "Chunks of bars";
       select create_hypertable('bars', 'time', chunk_time_interval => interval '1 day',
                                associated_schema_name => 'Chunks of bars');
       insert into bars select '${daysAgo(40)}'::timestamptz + n * interval '1 hour', 's' || n % 3, n
         from generate_series(0, 12 * 24 - 1) n;
       alter table bars set (timescaledb.compress, timescaledb.compress_segmentby = 'symbol');
       create table bars_before as select * from bars where id < 240`,
    );
  });

  const compress = (): Promise<unknown> =>
    database.query(
      `select compress_chunk(c, if_not_compressed => true) from show_chunks('bars') c`,
    );

  it('brings rows back beside chunks that are compressed', async () => {
    await compress();
    await rotateAll(bench, dataset);
    const { totals } = await restore(bench, dataset, days(40, 30));
    expect(totals.failed).toEqual([]);
    await database.query('create table back as select * from bars where id < 240');
    expect(await differingRows(await database.connect(), 'bars_before', 'back')).toEqual([]);
  });

  it('refuses a slice whose chunk is there and compressed, and says what opens it', async () => {
    await rotateAll(bench, dataset);
    await database.query(`insert into bars values ('${daysAgo(40)}', 'late', 9999)`);
    await compress();
    const first = await restore(bench, dataset, days(40, 38));
    expect(first.totals.restored).toHaveLength(1);
    const [failed] = first.totals.failed;
    expect(failed?.error.hint).toContain('decompress_chunk');
    await database.query(String(failed?.error.hint).split(';')[0] ?? '');
    const second = await restore(bench, dataset, days(40, 38));
    expect(second.totals.failed).toEqual([]);
  });

  it('says of a chunk that is compressed while the run is under way that nothing came, and what to do', async () => {
    await rotateAll(bench, dataset);
    let isLate = false;
    const { rooms } = disturbed(bench, async (text, send) => {
      if (text.includes('insert into tierd.restores') && !isLate) {
        isLate = true;
        await database.query(`insert into bars values ('${daysAgo(40)}', 'late', 9999)`);
        await compress();
      }
      return send();
    });
    const { totals } = await restore({ rooms }, dataset, days(40, 38));
    expect(totals.restored).toHaveLength(1);
    expect(totals.failed.map(({ error }) => error)).toMatchObject([
      {
        code: 'RESTORE_REJECTED',
        message: expect.stringContaining('was compressed since the plan was made') as string,
        hint: expect.stringContaining('run again') as string,
      },
    ]);
    const [refused] = (await restore(bench, dataset, days(40, 38))).totals.failed;
    await database.query(String(refused?.error.hint).split(';')[0] ?? '');
    expect((await restore(bench, dataset, days(40, 38))).totals.failed).toEqual([]);
    const { rows } = await database.query('select count(*)::int as n from bars where id < 48');
    expect(rows).toEqual([{ n: 48 }]);
  });

  async function skipBefore(
    minor: number,
    skip: (condition: boolean, note: string) => void,
  ): Promise<void> {
    const { version } = (await findTimescale(await database.connect())) ?? { version: '' };
    skip(Number(version.split('.')[1]) < minor, `TimescaleDB ${version} does not do that`);
  }

  const SETTINGS = `alter database "%" set timescaledb.enable_direct_compress_copy = on;
                    alter database "%" set timescaledb.enable_direct_compress_insert = on`;
  const OPTION = `alter table bars set (timescaledb.direct_compress = true)`;
  it.for([
    ['by a setting', 23, SETTINGS, ''],
    ['by a setting, columns that pass through a temporary table', 23, SETTINGS, PASSES],
    ['of the hypertable', 29, OPTION, ''],
    ['of the hypertable, columns that pass through a temporary table', 29, OPTION, PASSES],
  ] as const)(
    'brings rows back where TimescaleDB compresses what is written, %s',
    async ([, since, statement, more], { skip }) => {
      await skipBefore(since, skip);
      await database.query(more);
      await rotateAll(bench, dataset);
      await database.query(statement.replaceAll('%', database.name));
      const { totals } = await restore(bench, dataset, days(40, 30));
      expect(totals.failed).toEqual([]);
      await database.query('create table back as select * from bars where id < 240');
      expect(await differingRows(await database.connect(), 'bars_before', 'back')).toEqual([]);
    },
  );

  it('asks for the right to make temporary tables only where the hypertable compresses what is written', async ({
    skip,
  }) => {
    await skipBefore(29, skip);
    await rotateAll(bench, dataset);
    const role = `restorer_${database.name}`;
    await database.query(
      `revoke temporary on database "${database.name}" from public;
       create role "${role}" in role pg_read_all_data, pg_write_all_data;
       grant all on schema tierd, public, "Chunks of bars" to "${role}";
       grant all on all tables in schema tierd to "${role}"`,
    );
    const plan = async (): Promise<string[]> => {
      const connect: Bench['rooms']['connect'] = async (purpose) => {
        const client = await bench.rooms.connect(purpose);
        await client.query(`set role "${role}"`);
        return client;
      };
      const rooms = { ...bench.rooms, connect };
      const request = { span: days(40, 30), where: null, into: null, pinUntil: null };
      const { signal } = new AbortController();
      const { refusals } = await planRestoreOf(
        restoreRooms({ rooms }, dataset),
        dataset,
        request,
        signal,
      );
      return refusals.map(({ message }) => message);
    };
    try {
      expect(await plan()).toEqual([]);
      await database.query(OPTION);
      expect(await plan()).toEqual([
        expect.stringContaining('is compressed as it is written, so its rows pass through'),
      ]);
    } finally {
      await database.query(`drop owned by "${role}"; drop role "${role}"`);
    }
  });

  it('refuses what a retention policy would drop', async () => {
    await rotateAll(bench, dataset);
    await database.query(
      `select add_retention_policy('bars', interval '10 days', initial_start => now() + interval '1 year')`,
    );
    const failure = await failureOf(restore(bench, dataset, days(40, 39), { force: true }));
    expect(failure.message).toContain('retention policy');
    const db = await database.connect();
    expect(await listSegments(db, { dataset: 'bars', states: ['live'] })).toHaveLength(10);
  });
});
