/** A deletion from a lake in a bucket: its segments are fetched to be looked at, and nothing of them stays on this machine. */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { listSegments } from '../../../src/ledger/segments.ts';
import { createTestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { rotateAll } from '../../support/restore.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { makeS3Lake, type S3Lake } from '../../support/s3-lake.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';

async function keysOf({ store }: S3Lake): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('bars/')) keys.push(key);
  return keys;
}

describeOn('s3', 'a deletion from a lake in a bucket', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  it('I2, I3: replaces the objects that have such rows, and with --now removes the old ones', async () => {
    const database = await createTestDatabase();
    const client = await database.connect();
    const lake = await makeS3Lake(server);
    onTestFinished(() => lake.destroy());
    const bench = await openBench(database, { store: lake.store });
    await database.query(`create table bars (time timestamptz not null, id int, primary key (id, time));
      insert into bars select '${daysAgo(65)}'::timestamptz + n * interval '1 hour', n from generate_series(0, 71) n`);
    const dataset = makeDataset('bars', { sortBy: ['id'] });
    await rotateAll(bench, dataset);

    const { totals } = await deleteFrom(bench, dataset, 'id between 20 and 30', { now: true });
    expect(totals).toMatchObject({ failed: [], removed: 2 });
    const live = await listSegments(client, { dataset: 'bars', states: ['live'] });
    expect(live.map(({ rows }) => rows)).toEqual([20n, 17n, 24n]);
    expect([...(await keysOf(lake))].sort()).toEqual(live.map(({ key }) => key).sort());
    expect(await readdir(bench.rooms.tempDirectory)).toEqual([]);
    expect(await readdir(lake.store.stagingRoot).catch(() => [])).toEqual([]);
  });
});
