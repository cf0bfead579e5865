/** A restore whose line breaks, whose COMMIT is not answered, or that is interrupted (I2, I4, I8, I9). */
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { cut } from '../../../src/hot/server/connect.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { differingRows } from '../../support/codec/read-back.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { disturbed, LOST } from '../../support/disturbed.ts';
import { days, failureOf, restore, rotateAll } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let bench: Bench;
const dataset: Dataset = makeDataset('bars');

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  await database.query(
    `create table bars (time timestamptz not null, symbol text, id int);
     insert into bars select '${daysAgo(40)}'::timestamptz + n * interval '6 minutes', 's' || n % 3, n
       from generate_series(0, 479) n;
     create table bars_before as table bars`,
  );
  await rotateAll(bench, dataset);
});

async function liveSegments(): Promise<number> {
  const db = await database.connect();
  return (await listSegments(db, { dataset: 'bars', states: ['live'] })).length;
}

async function rows(): Promise<number> {
  const found = await database.query('select 1 from bars');
  return found.rowCount ?? 0;
}

/** The commit of the transaction that brings a slice back, and not that of a look. */
function commitsOfSlices() {
  const restoring = new WeakSet<pg.Client>();
  return (text: string, client: pg.Client): boolean => {
    if (text.startsWith('set constraints')) restoring.add(client);
    return text === 'commit' && restoring.has(client);
  };
}

describe('restore, where something breaks', () => {
  it('I9: a COMMIT that took effect and was not answered counts', async () => {
    const isCommit = commitsOfSlices();
    const broken = disturbed(bench, async (text, send, client) => {
      const result = await send();
      if (!isCommit(text, client)) return result;
      cut(client);
      throw LOST;
    });
    const { totals } = await restore(broken, dataset, days(40, 38));
    expect(totals.restored).toHaveLength(2);
    expect(await rows()).toBe(480);
    expect(await liveSegments()).toBe(0);
  });

  it('I9: a COMMIT that never arrived leaves the slice cold, and the next run goes on', async () => {
    const isCommit = commitsOfSlices();
    let commits = 0;
    const broken = disturbed(bench, (text, send, client) => {
      if (!isCommit(text, client)) return send();
      commits += 1;
      if (commits === 1) return send();
      cut(client);
      return Promise.reject(LOST);
    });
    const failure = await failureOf(restore(broken, dataset, days(40, 38)));
    expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', exitCode: 4 });
    expect(failure.message).toContain('1 of 2 slices were brought back (240 rows)');
    expect(await rows()).toBe(240);
    expect(await liveSegments()).toBe(1);

    const { totals } = await restore(bench, dataset, days(40, 38));
    expect(totals.restored).toHaveLength(1);
    const db = await database.connect();
    expect(await differingRows(db, 'bars_before', 'bars')).toEqual([]);
    const states = await database.query(
      'select state, count(*)::int as n from tierd.restores group by 1 order by 1',
    );
    expect(states.rows).toEqual([
      { state: 'abandoned', n: 1 },
      { state: 'done', n: 2 },
    ]);
  });

  it('I8: who lost the lease commits nothing', async () => {
    const thief = disturbed(bench, async (text, send) => {
      if (text.startsWith('set constraints')) {
        await database.query(`update tierd.leases set token = token + 1, holder = 'other'`);
      }
      return send();
    });
    const failure = await failureOf(restore(thief, dataset, days(40, 38)));
    expect(failure.code).toBe('LEASE_LOST');
    expect(await rows()).toBe(0);
    expect(await liveSegments()).toBe(2);
  });

  it('the server ends the session in the middle of the COPY', async () => {
    let ended: Promise<unknown> = Promise.resolve();
    const failure = await failureOf(
      restore(
        disturbed(bench, async (_, send) => {
          await ended;
          return send();
        }),
        dataset,
        days(40, 38),
        {
          tell: ({ kind }) => {
            if (kind !== 'copied') return;
            ended = database.query(
              `select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`,
            );
          },
        },
      ),
    );
    expect(['POSTGRES_UNREACHABLE', 'OUTCOME_UNKNOWN', 'LEASE_LOST']).toContain(failure.code);
    expect((await rows()) + 240 * (await liveSegments())).toBe(480);
    await database.query('update tierd.leases set expires_at = now()');
    await restore(bench, dataset, days(40, 38));
    expect(await differingRows(await database.connect(), 'bars_before', 'bars')).toEqual([]);
  });

  it('Ctrl-C in the middle of a slice rolls it back', async () => {
    const stop = new AbortController();
    const rooms = { ...bench.rooms, signal: stop.signal };
    const failure = await failureOf(
      restore({ rooms }, dataset, days(40, 38), {
        tell: ({ kind }) => {
          if (kind === 'copied') stop.abort();
        },
      }),
    );
    expect(failure.code).toBe('INTERRUPTED');
    expect(await rows()).toBe(0);
    expect(await liveSegments()).toBe(2);
    const db = await database.connect();
    const [run] = await listRuns(db, { dataset: 'bars', limit: 1 });
    expect(run).toMatchObject({ job: 'restore', state: 'interrupted' });
  });
});
