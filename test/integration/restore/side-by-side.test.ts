/** Slices come back two at a time: neither waits for the other's COMMIT, nor is harmed by the other's end. */
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { cut } from '../../../src/hot/server/connect.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { differingRows } from '../../support/codec/read-back.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { disturbed, LOST } from '../../support/disturbed.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

/** What a restore sends between its COPY and its proof. */
const COPIED = 'set constraints all immediate';

const dataset = makeDataset('bars', { sortBy: [] });
const ROWS_A_DAY = 20;
const DAYS = [40, 39, 38, 37] as const;

let database: TestDatabase;
let bench: Bench;

async function moveDays(chunks: string | null = null): Promise<void> {
  database = await createTestDatabase({ timescale: chunks !== null });
  bench = await openBench(database);
  await database.query(
    `create table bars (time timestamptz not null, id bigint not null);
     ${chunks ?? ''};
     insert into bars select day + n * interval '1 hour', extract(day from day) * 1000 + n
       from unnest(array[${[...DAYS, 5].map((day) => `'${daysAgo(day)}'::timestamptz`).join(', ')}]) day, generate_series(0, ${String(ROWS_A_DAY - 1)}) n;
     create table bars_before as table bars`,
  );
  await rotateAll(bench, dataset);
}

async function coldSegments(): Promise<number> {
  const db = await database.connect();
  return (await listSegments(db, { dataset: 'bars', states: ['live'] })).length;
}

async function expectAllBack(): Promise<void> {
  expect(await differingRows(await database.connect(), 'bars_before', 'bars')).toEqual([]);
  expect(await coldSegments()).toBe(0);
}

/** Until another session waits for what this one has locked. */
async function untilWaitedFor(client: pg.Client): Promise<void> {
  for (;;) {
    const waiting = await client.query(
      'select from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))',
    );
    if ((waiting.rowCount ?? 0) > 0) return;
  }
}

/** None of the two commits before both have copied. */
async function copiesTwoAtOnce(): Promise<void> {
  const copied = new Set<pg.Client>();
  let tellBoth: () => void = () => undefined;
  const bothHaveCopied = new Promise<void>((resolve) => {
    tellBoth = resolve;
  });
  const watched = disturbed(bench, async (text, send, client) => {
    if (text === COPIED) copied.add(client);
    if (copied.size === 2) tellBoth();
    if (text === 'commit' && copied.has(client)) await bothHaveCopied;
    return send();
  });
  const { totals } = await restore(watched, dataset, days(40, 36));
  expect(totals.failed).toEqual([]);
  await expectAllBack();
}

describe('restore of slices of a plain table', () => {
  beforeEach(() => moveDays());

  it('copies one in while another is proven and committed', () => copiesTwoAtOnce());

  it('I3, I9: a line that breaks leaves its slice cold, what is beside it ends, and nothing more begins', async () => {
    let broken: pg.Client | null = null;
    const disturbing = disturbed(bench, async (text, send, client) => {
      if (text !== COPIED || broken !== null) return send();
      broken = client;
      cut(client);
      throw LOST;
    });
    await failureOf(restore(disturbing, dataset, days(40, 36)));
    const { rows } = await database.query(
      `select (time at time zone 'UTC')::date as day, count(*)::int as rows from bars where time < '${daysAgo(36)}' group by 1`,
    );
    expect(rows.length).toBeLessThan(3);
    expect(rows.every((day) => (day as { rows: number }).rows === ROWS_A_DAY)).toBe(true);
    expect(await coldSegments()).toBe(DAYS.length - rows.length);
    await restore(bench, dataset, days(40, 36));
    await expectAllBack();
  });
});

describeOn('timescale', 'restore of slices of a hypertable', () => {
  const chunked = (more = ''): Promise<void> =>
    moveDays(
      `select create_hypertable('bars', 'time', chunk_time_interval => interval '1 day'); ${more}`,
    );

  /** In which order COPYs and COMMITs of slices ended, and on how many lines. */
  async function watchRestore(
    force = false,
  ): Promise<{ readonly order: readonly string[]; readonly lines: number }> {
    const order: string[] = [];
    const lines = new Set<pg.Client>();
    const inTransaction = new Set<pg.Client>();
    const watched = disturbed(bench, async (text, send, client) => {
      if (text === COPIED) {
        inTransaction.add(client);
        lines.add(client);
        order.push('copied');
      }
      const reply = await send();
      if (text === 'commit' && inTransaction.delete(client)) order.push('committed');
      return reply;
    });
    const { totals } = await restore(watched, dataset, days(40, 36), { force });
    expect(totals.failed).toEqual([]);
    await expectAllBack();
    return { order, lines: lines.size };
  }

  it('makes the chunk of one in a moment of its own, so that another is copied in beside it', async () => {
    await chunked();
    await copiesTwoAtOnce();
    const { rows } = await database.query(`select from show_chunks('bars')`);
    expect(rows).toHaveLength(DAYS.length + 1);
  });

  it('brings rows beside each other into chunks that are there', async () => {
    await moveDays(
      `select create_hypertable('bars', 'time', chunk_time_interval => interval '30 days')`,
    );
    await copiesTwoAtOnce();
  });

  it('makes the chunks of one after those of another where they can be made by rows alone', async () => {
    // A second dimension: nobody knows of a row's chunk by its time.
    await chunked(`select add_dimension('bars', 'id', number_partitions => 2)`);
    const { order, lines } = await watchRestore();
    expect(order).toEqual(DAYS.flatMap(() => ['copied', 'committed']));
    expect(lines).toBe(2);
  });

  it('makes no chunk in which no row is where the table is cut by more than time', async () => {
    await chunked(`select add_dimension('bars', 'id', number_partitions => 1000)`);
    await watchRestore();
    const { rows } = await database.query(
      `select format('%I.%I', chunk_schema, chunk_name) as chunk from timescaledb_information.chunks
       where range_end <= '${daysAgo(36)}'`,
    );
    expect(rows.length).toBeGreaterThan(0);
    const counts = rows.map(
      ({ chunk }: { chunk: string }) => `select count(*)::int as rows from ${chunk}`,
    );
    const counted = await database.query(counts.join(' union all '));
    expect(counted.rows).not.toContainEqual({ rows: 0 });
  });

  it('asks no default of the table for a value, and takes none from its sequences', async () => {
    await chunked(
      `create table asked (at timestamptz default clock_timestamp());
       create function ask() returns int language plpgsql as $$ begin insert into public.asked default values; return 1; end $$;
       create sequence of_domain;
       create domain numbered as bigint default nextval('public.of_domain');
       alter table bars add answer int default ask(), add place bigint generated always as identity, add other numbered,
         add twice bigint generated always as (id * 2) stored`,
    );
    const taken = async (): Promise<unknown> => {
      const { rows } = await database.query(
        `select (select count(*) from asked) as asked, (select last_value from of_domain) as of_domain,
                (select last_value from bars_place_seq) as place`,
      );
      return rows;
    };
    const before = await taken();
    await copiesTwoAtOnce();
    expect(await taken()).toEqual(before);
  });

  it('leaves a slice cold whose chunk somebody drops under it, and brings the others back', async () => {
    await chunked();
    const other = await database.connect();
    const dropping: Promise<void>[] = [];
    const watched = disturbed(bench, async (text, send) => {
      if (dropping.length > 0 || !text.startsWith('insert into tierd.restores')) return send();
      const chunk = `(select format('%I.%I', chunk_schema, chunk_name) from timescaledb_information.chunks order by range_start limit 1)`;
      await other.query(`begin; do $$ begin execute 'drop table ' || ${chunk}; end $$`);
      dropping.push(
        untilWaitedFor(other).then(async () => {
          await other.query('commit');
        }),
      );
      return send();
    });
    const { totals } = await restore(watched, dataset, days(40, 36));
    await Promise.all(dropping);
    expect(totals.failed.map(({ error }) => error.code)).toEqual(['RESTORE_REJECTED']);
    expect(totals.restored).toHaveLength(DAYS.length - 1);
    await restore(bench, dataset, days(40, 36));
    await expectAllBack();
  });

  it('waits once, and not for its chunk and again for its rows, for who keeps others from making chunks', async () => {
    await chunked();
    const other = await database.connect();
    await other.query(`begin; insert into bars values ('${daysAgo(38)}', 0)`);
    const { totals } = await restore(bench, dataset, days(40, 36));
    expect(totals.failed.map(({ error }) => error.code)).toContain('LOCK_TIMEOUT');
    // Each is entered when its rows come.
    const begun = await database.query('select from tierd.restores');
    expect(begun.rowCount).toBe(totals.restored.length);
    await other.query('rollback');
    await restore(bench, dataset, days(40, 36));
    await expectAllBack();
  });

  it('fires a trigger of a statement no more often than there are slices', async () => {
    await chunked();
    await database.query(
      `create table fired (at timestamptz default clock_timestamp());
       create function note() returns trigger language plpgsql as $$ begin insert into public.fired default values; return null; end $$;
       create trigger note after insert on bars for each statement execute function note()`,
    );
    await watchRestore(true);
    const { rows } = await database.query('select count(*)::int as times from fired');
    expect(rows).toEqual([{ times: DAYS.length }]);
  });
});
