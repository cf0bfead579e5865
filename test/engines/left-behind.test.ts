/** An engine that may write the lake leaves files there when its commit is refused: `scrub` says whose they are, and nobody is misled by them. */
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { icebergDesk } from '../../src/cli/daemon/iceberg-desk.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { scrub } from '../../src/jobs/scrub.ts';
import { scrubVerdict } from '../../src/jobs/scrub-result.ts';
import { findStrangeMetadata } from '../../src/lake/strange-metadata.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { rotateAll } from '../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { describeOn, servers } from '../support/servers.ts';
import { LEADING, open, QUERY, TOKENS } from '../unit/http/scene.ts';

/** What is said of each one's files. Spark needs Java and its jars. */
const ENGINES: readonly (readonly [string, RegExp])[] = [
  ['pyiceberg', /^pyiceberg/],
  ['duckdb', /^DuckDB/],
  ...(process.env['TIERD_TEST_SPARK_JARS'] === undefined
    ? []
    : [['spark', /^Spark, Trino or another of Java/] as const]),
];

// DuckDB writes into no table that has a sort order.
const dataset = makeDataset('ticks', { iceberg: true, sortBy: [] });

describeOn('python', 'an engine that tries to write', () => {
  it.each(ENGINES)('%s leaves files that are told and left alone', async (engine, maker) => {
    const database = await createTestDatabase();
    const bench = await openBench(database);
    await database.query('create table ticks (time timestamptz not null, symbol text)');
    await move(database, bench, 40);
    const before = await filesOf(bench);
    expect((await scrubAll(bench)).strange).toEqual([]);

    expect(await tryToWrite(database, engine)).toMatch(/not support|Not Allowed/u);
    const left = (await filesOf(bench)).filter((file) => !before.includes(file));
    expect(left.length).toBeGreaterThan(0);
    const found = await scrubAll(bench);
    expect(scrubVerdict(found)).toBe('unknown files');
    expect(found.strange.map(({ key }) => key)).toEqual(left);
    for (const { key, by } of found.strange) expect(by, key).toMatch(maker);

    // Nor does the next run remove them, or a ledger that knows no metadata take tierd's own for others'.
    await move(database, bench, 41);
    const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
    await rotateDataset({ ...bench.rooms, settings }, dataset, { force: true });
    expect((await scrubAll(bench)).strange).toEqual(found.strange);
    const { store, signal } = bench.rooms;
    const unknowing = {
      ...{ store, signal, datasets: ['ticks'] },
      listNamed: () => Promise.resolve([]),
      listVersions: () => Promise.resolve(new Map<string, number>()),
    };
    expect(await findStrangeMetadata(unknowing)).toEqual(found.strange);
  });
});

async function move(database: TestDatabase, bench: Bench, age: number): Promise<void> {
  await database.query(`insert into ticks values ($1, 'a')`, [daysAgo(age)]);
  await rotateAll(bench, dataset);
}

async function filesOf({ lake }: Bench): Promise<readonly string[]> {
  const entries = await readdir(lake, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(lake.length + 1))
    .sort();
}

function scrubAll({ rooms }: Bench) {
  const request = { dataset: null, sample: null, prove: null, onProgress: () => undefined };
  return scrub({ ...rooms, isByHand: false }, request);
}

/** @returns why it was refused */
async function tryToWrite(database: TestDatabase, engine: string): Promise<string> {
  const iceberg = icebergDesk(() => database.connect());
  const { server } = open(LEADING, { ...TOKENS, iceberg });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const child = spawn(servers().python ?? '', [join(import.meta.dirname, 'leave.py')]);
  const order = { engine, rest: `${url}/iceberg`, token: QUERY, table: 'ticks' };
  child.stdin.end(JSON.stringify(order));
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const last = out.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`${engine} said nothing: ${errors}`);
  return (JSON.parse(last) as { refused: string | null }).refused ?? '';
}
