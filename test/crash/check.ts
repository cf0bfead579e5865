/** Finds every row that must exist, once, in hot ∪ cold; and in the lake nothing but what is live. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { listSegments } from '../../src/ledger/segments.ts';
import { readCold } from '../support/cold-rows.ts';
import { readIceberg } from '../support/iceberg-reader.ts';
import type { Truth } from './truth.ts';

export interface Finding {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Rows that nobody committed, or of a version that was replaced. */
  readonly wrong: readonly string[];
}

export const NOTHING_WRONG: Finding = { lost: [], doubled: [], wrong: [] };

/** I1 and I2: hot rows and the ledger's live segments as one PostgreSQL snapshot has them. */
export async function checkRows(
  client: pg.Client,
  table: string,
  lake: string,
  truth: Truth,
  bringsAgain = false,
): Promise<Finding> {
  await client.query(
    `begin isolation level repeatable read read only; lock table ${table} in access share mode`,
  );
  const segments = await listSegments(client, { dataset: table, states: ['live'] });
  const hot = await client.query<{ id: string; version: number }>(
    `select id, version from ${table}`,
  );
  await client.query('commit');
  const cold = await readCold(lake, segments, 'id::varchar as id, version');
  // What came again stands in the place of the row in the lake; once it has moved, nothing stands beside it.
  const hotIds = new Set(bringsAgain ? hot.rows.map(({ id }) => id) : []);
  const lasting = (cold as unknown as Row[]).filter(({ id }) => !hotIds.has(id));
  return compare([...hot.rows, ...lasting], truth);
}

/** The same of hot rows and the Iceberg table that the same snapshot of PostgreSQL points to. */
export async function checkTable(client: pg.Client, table: string, truth: Truth): Promise<Finding> {
  await client.query(
    `begin isolation level repeatable read read only; lock table ${table} in access share mode`,
  );
  const pointer = await client.query<{ metadata_location: string }>(
    'select metadata_location from tierd.iceberg_tables where table_name = $1',
    [table],
  );
  const hot = await client.query<Row>(`select id, version from ${table}`);
  await client.query('commit');
  const location = pointer.rows[0]?.metadata_location;
  const files = location === undefined ? [] : (await readIceberg(location)).files;
  const cold = await readCold(
    '/',
    files.map(({ path }) => ({ key: path.slice(1) })),
    'id::varchar as id, version',
  );
  return compare([...hot.rows, ...(cold as unknown as Row[])], truth);
}

interface Row {
  readonly id: string;
  readonly version: number;
}

function compare(rows: readonly Row[], truth: Truth): Finding {
  const seen = new Map<string, number>();
  const wrong: string[] = [];
  for (const row of rows) {
    seen.set(row.id, (seen.get(row.id) ?? 0) + 1);
    if (truth.get(row.id) !== row.version) wrong.push(`${row.id} v${String(row.version)}`);
  }
  return {
    lost: [...truth.keys()].filter((id) => !seen.has(id)),
    doubled: [...seen].filter(([, count]) => count > 1).map(([id]) => id),
    wrong,
  };
}

const ownFolders = (table: string): string[] => [
  `${table}/`,
  `_iceberg/${table}/`,
  manifestFolder(table),
  '_staging/',
];

const manifestFolder = (table: string): string => `_tierd_manifest/${table}/`;

/** The newest three heads of those that were found, and the parts that they name. */
async function keptManifests(
  table: string,
  lake: string,
  found: readonly string[],
): Promise<readonly string[]> {
  const heads = found
    .filter((file) => file.startsWith(`${manifestFolder(table)}head-`))
    .sort()
    .slice(-3);
  const named: string[] = [];
  for (const head of heads) {
    const { parts } = JSON.parse(await readFile(join(lake, head), 'utf8')) as {
      parts: { key: string }[];
    };
    named.push(...parts.map(({ key }) => key));
  }
  return [...heads, ...named];
}

/** I4: files of the lake that no segment has, live or just replaced, and segments without their file. */
export async function strayFiles(
  client: pg.Client,
  table: string,
  lake: string,
): Promise<string[]> {
  const live = await listSegments(client, { dataset: table, states: ['live', 'retired'] });
  const metadata = await client.query<{ object_key: string }>(
    `select object_key from tierd.iceberg_objects where dataset = $1 and state = 'in_use'
     union all
     select '_iceberg/' || dataset || '/metadata/version-hint.text' from tierd.iceberg_metadata
     where dataset = $1`,
    [table],
  );
  const expected = new Set([
    ...live.map((segment) => segment.key),
    ...metadata.rows.map((row) => row.object_key),
  ]);
  const entries = await readdir(lake, { recursive: true, withFileTypes: true }).catch(() => []);
  const found = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(lake.length + 1))
    .filter((file) => ownFolders(table).some((folder) => file.startsWith(folder)));
  for (const file of await keptManifests(table, lake, found)) expected.add(file);
  const missing = [...expected]
    .filter((key) => !found.includes(key))
    .map((key) => `missing ${key}`);
  return [...found.filter((file) => !expected.has(file)), ...missing];
}
