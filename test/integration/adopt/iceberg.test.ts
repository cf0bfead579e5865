/** An Iceberg table whose ledger is lost or set back: readers that are given a folder take its highest version. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { adopt } from '../../support/adopt.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { copyDatabase } from '../../support/dump.ts';
import { readIceberg } from '../../support/iceberg-reader.ts';
import { benchOn, loseDatabase } from '../../support/lost-database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const TABLE =
  'create table ticks (time timestamptz not null, symbol text not null, n bigint, primary key (symbol, time))';

let database: TestDatabase;
let bench: Bench;
const dataset = makeDataset('ticks', { iceberg: true });

const rotateDay = async (on: TestDatabase, at: Bench, day: number): Promise<void> => {
  await on.query(
    `insert into ticks select $1::timestamptz + n * interval '1 minute', 'A', n from generate_series(1, 10) n`,
    [daysAgo(day)],
  );
  await rotateDataset(at.rooms, dataset, { force: true });
};

const liveKeys = async (on: TestDatabase): Promise<readonly string[]> => {
  const found = await on.query(`select object_key from tierd.segments where state = 'live'`);
  return (found.rows as { readonly object_key: string }[])
    .map(({ object_key: key }) => join(bench.lake, key))
    .sort();
};

/** What is found by the folder alone: as an engine that takes the highest version, and by the hint. */
const byPath = async () => {
  const folder = join(bench.lake, '_iceberg', 'ticks', 'metadata');
  const versions = (await readdir(folder)).flatMap(
    (name) => /^v(\d+)\.metadata\.json$/.exec(name)?.slice(1).map(Number) ?? [],
  );
  const highest = Math.max(...versions);
  const { files } = await readIceberg(`file://${folder}/v${String(highest)}.metadata.json`);
  const hint = Number(await readFile(join(folder, 'version-hint.text'), 'utf8'));
  return { isHinted: hint === highest, paths: files.map(({ path }) => path).sort() };
};

const expectShown = async (on: TestDatabase): Promise<void> =>
  expect(await byPath()).toEqual({ isHinted: true, paths: await liveKeys(on) });

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
  await database.query(TABLE);
  for (const day of [44, 43, 42]) await rotateDay(database, bench, day);
  await expectShown(database);
});

it('goes on after the last version that the lake has, when the database is lost', async () => {
  const lost = await loseDatabase(bench);
  await adopt(lost.bench, [dataset]);
  await lost.database.query(TABLE);
  await rotateDay(lost.database, lost.bench, 41);
  expect(await liveKeys(lost.database)).toHaveLength(4);
  await expectShown(lost.database);
});

describeOn('pg_dump', 'an Iceberg table of a database restored to yesterday', () => {
  it('goes on after the last version that the lake has', async () => {
    const copy = await createTestDatabase();
    await copyDatabase(database.url, copy.url);
    for (const day of [41, 40, 39]) await rotateDay(database, bench, day);
    await copy.query('update tierd.leases set expires_at = clock_timestamp()');
    const at = await benchOn(bench, copy);
    await adopt(at, [dataset], { prefer: 'cold' });
    await rotateDay(copy, at, 38);
    expect(await liveKeys(copy)).toHaveLength(7);
    await expectShown(copy);
  });
});
