/** A crash of PostgreSQL takes rows away without a transaction: what was kept before it is asked again. */
import { expect, onTestFinished, test } from 'vitest';
import { rotateDataset } from '../../../../src/jobs/rotate.ts';
import { AnswerRecord } from '../../../../src/query/cache/answer-record.ts';
import { isStillTrue } from '../../../../src/query/cache/still-true.ts';
import { askStores } from '../../../support/ask-stores.ts';
import { databaseOn } from '../../../support/own-database.ts';
import { startPostgres } from '../../../support/postgres-server.ts';
import { daysAgo, makeDataset, openBench } from '../../../support/rotation.ts';

test('an answer from before a crash of the server is not given again, though no transaction came', async () => {
  const server = await startPostgres({ settings: { autovacuum: 'off' } });
  onTestFinished(() => server.remove());
  const database = await databaseOn(server);
  const bench = await openBench(database);
  const datasets = [makeDataset('ticks')];
  await database.query(
    'create unlogged table ticks (time timestamptz not null, symbol text, lot int)',
  );
  await database.query(
    `insert into ticks select $1::timestamptz + n * interval '1 hour', 's', n from generate_series(0, 24 * 40 - 1) n`,
    [daysAgo(40)],
  );
  await rotateDataset(bench.rooms, makeDataset('ticks'), { force: true });
  const ask = async () => {
    const db = await database.connect();
    const sql = 'select count(*)::int as n from ticks';
    const { rows, summary } = await askStores(bench, db, datasets, sql, {
      record: new AnswerRecord(),
    });
    await db.end();
    return { rows, kept: summary.repeatable };
  };
  const isStill = async (kept: NonNullable<Awaited<ReturnType<typeof ask>>['kept']>) => {
    const db = await database.connect();
    const still = await isStillTrue(db, datasets, kept);
    await db.end();
    return still;
  };
  const before = await ask();
  expect(before.rows).toEqual([{ n: 960 }]);
  if (before.kept === null) throw new Error('it was not kept');
  expect(await isStill(before.kept)).toBe(true);

  // The postmaster lives on: it takes the death of one backend for a crash of all, and recovers.
  const victim = await database.connect();
  const found = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
  process.kill(found.rows[0]?.pid ?? 0, 'SIGKILL');
  await expect
    .poll(
      () =>
        ask().then(
          ({ rows }) => rows,
          () => null,
        ),
      { timeout: 60_000 },
    )
    .toEqual([{ n: 240 }]);
  expect(await isStill(before.kept)).toBe(false);
});
