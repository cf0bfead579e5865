/** The REST catalogue of a real daemon: the table that the ledger has, as of now; and who may ask. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runTierd } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  endHttpDaemon,
  fetchWithToken,
  type HttpDaemon,
  startHttpDaemon,
  WITH_TOKENS,
} from '../support/http-daemon.ts';
import { readIceberg } from '../support/iceberg-reader.ts';

let database: TestDatabase;
let daemon: HttpDaemon;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    `create table ticks (time timestamptz not null, n int, owner oid);
     create table news (time timestamptz not null, n int);
     create table fresh (time timestamptz not null, n int)`,
  );
  await insert(41);
  daemon = await startHttpDaemon(database, {
    sections: WITH_TOKENS,
    datasets: `
  ticks: { time_column: time, iceberg: true }
  news: { time_column: time }
  fresh: { time_column: time, iceberg: true }
`,
    rotated: ['ticks'],
  });
});

afterAll(() => endHttpDaemon(daemon));

function insert(age: number) {
  return database.query(
    `insert into ticks select date_trunc('day', now(), 'UTC') - $1 * interval '24 hours' + n * interval '1 minute', n
     from generate_series(1, 100) n`,
    [age],
  );
}

const tierd = (...argv: string[]) => runTierd(argv, { workingDirectory: daemon.directory });

async function readTable() {
  const { status, text } = await fetchWithToken(
    `${daemon.origin}/iceberg/v1/namespaces/lake/tables/ticks`,
  );
  expect(status, text).toBe(200);
  const table = JSON.parse(text) as { 'metadata-location': string; metadata: unknown };
  const { document, files } = await readIceberg(table['metadata-location']);
  expect(table.metadata).toEqual(document);
  return files.reduce((sum, { rows }) => sum + rows, 0n);
}

it('gives the document that the table has, each time the newest (I2)', async () => {
  const { text } = await fetchWithToken(`${daemon.origin}/iceberg/v1/namespaces/lake/tables`);
  expect(JSON.parse(text)).toEqual({ identifiers: [{ namespace: ['lake'], name: 'ticks' }] });
  expect(await readTable()).toBe(100n);
  await insert(42);
  expect((await tierd('rotate', 'ticks', '--force')).exitCode).toBe(0);
  expect(await readTable()).toBe(200n);
});

it('is answered in its own words where the token is wrong', async () => {
  const response = await fetch(`${daemon.origin}/iceberg/v1/config`, {
    headers: { authorization: 'Bearer None' },
  });
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({
    error: { code: 401, type: 'NotAuthorizedException' },
  });
});

it('`tierd lake describe` names it, and says of a dataset that is no table what to do', async () => {
  const { exitCode, stdout } = await tierd('lake', 'describe', 'ticks', '--json');
  expect(exitCode).toBe(0);
  const found = JSON.parse(stdout) as {
    rest_catalogue: string;
    metadata_location: string;
    engines: Record<string, string[]>;
    left_out: unknown;
  };
  // The daemon of the tests takes any free port.
  expect(found.rest_catalogue).toBe('http://127.0.0.1:0/iceberg');
  expect((await readIceberg(found.metadata_location)).files).toHaveLength(2);
  expect(Object.keys(found.engines)).toEqual(
    expect.arrayContaining([
      ...['DuckDB', 'pandas', 'polars', 'Daft', 'Spark', 'Sail', 'Trino', 'ClickHouse'],
    ]),
  );
  expect(found.left_out).toEqual([{ column: 'owner', reason: 'Iceberg has no unsigned number' }]);
  const text = (await tierd('lake', 'describe', 'ticks')).stdout;
  expect(text).toContain("endpoint 'http://127.0.0.1:0/iceberg'");
  expect(text).toContain('select * from tierd.lake."ticks";');
  expect(text).toContain('it lacks owner: Iceberg has no unsigned number');
  const none = await tierd('lake', 'describe', 'news');
  expect(none.exitCode).toBe(2);
  expect(none.stderr).toContain('The dataset news is no Iceberg table');
  expect(none.stderr).toContain('datasets.news.iceberg');
  const notYet = await tierd('lake', 'describe', 'fresh');
  expect(notYet.exitCode).toBe(2);
  expect(notYet.stderr).toContain('The dataset fresh is no Iceberg table yet');
  expect(notYet.stderr).toContain('as soon as it has a cold row');
});
