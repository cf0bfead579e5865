/** A lake in a bucket whose database is lost. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { adopt } from '../../support/adopt.ts';
import { createTestDatabase } from '../../support/database.ts';
import { loseDatabase } from '../../support/lost-database.ts';
import { days, restore } from '../../support/restore.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { makeS3Lake } from '../../support/s3-lake.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('s3', 'a lake in a bucket whose database is lost', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  it.for(['with its manifest', 'by its footers alone'] as const)(
    '%s: is taken up, and each row comes back as it was (I6, I12)',
    async (how) => {
      const lake = await makeS3Lake(server);
      const database = await createTestDatabase();
      const local = await openBench(database);
      const bench = { ...local, rooms: { ...local.rooms, store: lake.store } };
      const make = 'create table ticks (time timestamptz primary key, n int, price numeric)';
      await database.query(make);
      await database.query(
        `insert into ticks select $1::timestamptz + n * interval '1 hour', n, n / 7.0 from generate_series(0, 99) n`,
        [daysAgo(40)],
      );
      const rows = 'select time, n, price::text from ticks order by time';
      const before = (await database.query(rows)).rows;
      const dataset = makeDataset('ticks', { sortBy: [] });
      await rotateDataset(bench.rooms, dataset, { force: true });
      if (how !== 'with its manifest') {
        for await (const { key } of lake.store.list('_tierd_manifest/'))
          await lake.store.remove(key);
      }

      const lost = await loseDatabase(bench);
      const adopted = await adopt(lost.bench, [dataset]);
      expect(adopted).toMatchObject({ isDone: true, plan: { datasets: [{ problems: [] }] } });
      await lost.database.query(make);
      const { totals } = await restore(lost.bench, dataset, days(40, 35));
      expect(totals.failed).toEqual([]);
      expect((await lost.database.query(rows)).rows).toEqual(before);
      // Whoever had it may change nothing any more.
      await expect(rotateDataset(bench.rooms, dataset, { force: true })).rejects.toMatchObject({
        code: 'LAKE_NOT_OWNED',
      });
      await lake.destroy();
    },
  );
});
