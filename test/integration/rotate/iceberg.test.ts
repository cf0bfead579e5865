import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { readIceberg } from '../../support/iceberg-reader.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

describe('a dataset that is an Iceberg table', () => {
  let database: TestDatabase;
  let bench: Bench;
  const dataset = makeDataset('ticks', { iceberg: true });

  beforeEach(async () => {
    database = await createTestDatabase();
    bench = await openBench(database);
    await database.query(
      'create table ticks (time timestamptz not null, symbol text, price numeric(20,8), size int)',
    );
  });

  const rotate = (which: Dataset = dataset) => rotateDataset(bench.rooms, which, { force: true });

  async function insert(day: number, rows: number, symbol = 'BTC'): Promise<void> {
    await database.query(
      `insert into ticks (time, symbol, price, size)
       select $1::timestamptz + n * interval '1 minute', $2, n / 8.0, n from generate_series(0, $3::int - 1) n`,
      [daysAgo(day), symbol, rows],
    );
  }

  async function pointer(): Promise<string | null> {
    const found = await database.query(
      `select metadata_location from tierd.iceberg_tables
       where catalog_name = 'tierd' and table_namespace = 'lake' and table_name = 'ticks'`,
    );
    const [row] = found.rows as { readonly metadata_location: string }[];
    return row?.metadata_location ?? null;
  }

  async function table() {
    const location = await pointer();
    if (location === null) throw new Error('no table');
    return readIceberg(location);
  }

  async function livePaths(): Promise<string[]> {
    const client = await database.connect();
    const live = await listSegments(client, { dataset: 'ticks', states: ['live'] });
    await client.end();
    return live.map(({ key }) => join(bench.lake, key)).sort();
  }

  async function expectTableIsLedger() {
    const found = await table();
    expect(found.files.map(({ path }) => path).sort()).toEqual(await livePaths());
    return found;
  }

  it('lists exactly the live segments, and a move writes no manifest but its own', async () => {
    await insert(40, 10);
    await insert(39, 20);
    await rotate();
    const first = await expectTableIsLedger();
    await insert(40, 3, 'LATE');
    await rotate();
    const second = await expectTableIsLedger();
    expect(second.files.map(({ rows }) => rows).sort()).toEqual([10n, 20n, 3n].sort());
    expect(second.manifests.slice(0, first.manifests.length)).toEqual(first.manifests);
    expect(second.manifests.length).toBe(first.manifests.length + 1);
    // Time travel: the older snapshot is still whole.
    const before = await readIceberg(
      (await pointer()) ?? '',
      first.document['current-snapshot-id'],
    );
    expect(before.files).toEqual(first.files);
  });

  it('shows the same to readers by path', async () => {
    await insert(40, 10);
    await rotate();
    const folder = join(bench.lake, '_iceberg/ticks/metadata');
    const hint = await readFile(join(folder, 'version-hint.text'), 'utf8');
    const byPath = await readIceberg(`file://${folder}/v${hint}.metadata.json`);
    expect(byPath.document).toEqual((await table()).document);
  });

  it('is told of a version that another engine put into the folder, until it is its own', async () => {
    await insert(40, 10);
    await rotate();
    const folder = '_iceberg/ticks/metadata';
    const hint = await readFile(join(bench.lake, folder, 'version-hint.text'), 'utf8');
    const next = `${folder}/v${String(Number(hint) + 1)}.metadata.json`;
    await copyFile(join(bench.lake, folder, `v${hint}.metadata.json`), join(bench.lake, next));
    const request = { dataset: null, sample: null, prove: null, onProgress: () => undefined };
    const strange = async () => (await scrub({ ...bench.rooms, isByHand: false }, request)).strange;
    expect((await strange()).map(({ key }) => key)).toEqual([next]);
    await insert(40, 3, 'LATE');
    await rotate();
    expect(await strange()).toEqual([]);
    const byPath = await readIceberg(`file://${join(bench.lake, next)}`);
    expect(byPath.document).toEqual((await table()).document);
  });

  it('gives each file its day, and bounds that hold', async () => {
    await insert(40, 10, 'a symbol of more than sixteen characters');
    await rotate();
    const { document, files } = await table();
    const [file] = files;
    const ids = new Map(document.schemas.at(-1)?.fields.map(({ name, id }) => [name, id]));
    const day = Date.parse(daysAgo(40)) / 86_400_000;
    expect(Object.values(file?.partition ?? {})).toEqual([BigInt(day)]);
    expect(file?.lower.get(ids.get('time') ?? 0)?.readBigInt64LE()).toBe(
      BigInt(Date.parse(daysAgo(40))) * 1000n,
    );
    expect(file?.upper.get(ids.get('symbol') ?? 0)?.toString()).toBe('a symbol of morf');
    expect(file?.lower.get(ids.get('symbol') ?? 0)?.toString()).toBe('a symbol of more');
    expect(file?.lower.has(ids.get('price') ?? 0)).toBe(false);
    expect(file?.sortOrderId).toBe(BigInt(document['default-sort-order-id']));
    expect(document['sort-orders'].at(-1)?.fields.map((field) => field['source-id'])).toEqual([
      ids.get('symbol'),
      ids.get('time'),
    ]);
  });

  it('takes columns that are called as what every object has', async () => {
    await database.query(
      `alter table ticks add constructor text default 'McLaren', add "toString" float8, add "__proto__" int default 1`,
    );
    await insert(40, 10);
    await rotate();
    const { document, files } = await table();
    const ids = new Map(document.schemas.at(-1)?.fields.map(({ name, id }) => [name, id]));
    const nullsOf = (name: string) => files[0]?.nulls.get(ids.get(name) ?? 0);
    expect(['constructor', 'toString', '__proto__'].map(nullsOf)).toEqual([0n, 10n, 0n]);
    expect(files[0]?.nans.get(ids.get('toString') ?? 0)).toBe(0n);
  });

  it('gives each file its nulls and NaNs by column; those of segments from before they were counted are not known', async () => {
    await database.query(
      `alter table ticks add bid float8, add ask float4, add "no, ""one" float8`,
    );
    await insert(40, 10);
    await database.query(
      `update ticks set bid = case when size < 3 then 'nan' when size < 7 then null else 1.5 end,
         ask = size, symbol = nullif(symbol, case when size = 4 then symbol end)`,
    );
    await rotate();
    const { document, files } = await table();
    const ids = new Map(document.schemas.at(-1)?.fields.map(({ name, id }) => [name, id]));
    const byName = (counts: ReadonlyMap<number, bigint> | undefined) =>
      Object.fromEntries([...ids].map(([name, id]) => [name, counts?.get(id)]));
    expect(byName(files[0]?.nulls)).toEqual({
      time: 0n,
      symbol: 1n,
      price: 0n,
      size: 0n,
      bid: 4n,
      ask: 0n,
      'no, "one': 10n,
    });
    expect(byName(files[0]?.nans)).toEqual({ bid: 3n, ask: 0n, 'no, "one': 0n });
    await database.query('update tierd.segments set value_counts = null');
    await rotate({ ...dataset, iceberg: false });
    await rotate();
    const { files: anew } = await table();
    expect(byName(anew[0]?.nulls)).toEqual({ time: 0n });
    expect(anew[0]?.nans.size).toBe(0);
  });

  it('I13: keeps columns by their ids when one is added, renamed, dropped and widened', async () => {
    await insert(40, 10);
    await rotate();
    await database.query('alter table ticks rename price to cost');
    await database.query('alter table ticks add price text');
    await database.query('alter table ticks alter size type bigint');
    await insert2();
    await rotate();
    const { document } = await expectTableIsLedger();
    const fields = document.schemas.find(
      (schema) => schema['schema-id'] === document['current-schema-id'],
    )?.fields;
    expect(fields?.map(({ id, name, type }) => [id, name, type])).toEqual([
      [1, 'time', 'timestamptz'],
      [2, 'symbol', 'string'],
      [3, 'cost', 'decimal(20, 8)'],
      [4, 'size', 'long'],
      [5, 'price', 'string'],
    ]);
    await database.query('alter table ticks drop price');
    await insert3();
    await rotate();
    expect((await table()).document.schemas.at(-1)?.fields.map(({ id }) => id)).toEqual([
      1, 2, 3, 4,
    ]);

    async function insert2(): Promise<void> {
      await database.query(`insert into ticks values ($1, 'ETH', 1, 5000000000, 'dear')`, [
        daysAgo(38),
      ]);
    }
    async function insert3(): Promise<void> {
      await database.query(`insert into ticks values ($1, 'ETH', 1, 2)`, [daysAgo(37)]);
    }
  });

  it('maps the names of segments from before there were ids, also after a rename', async () => {
    await insert(40, 10);
    await rotate({ ...dataset, iceberg: false });
    await database.query(
      `update tierd.slices set columns = (select jsonb_agg(c - 'fieldId') from jsonb_array_elements(columns) c)`,
    );
    await database.query('alter table ticks rename price to cost');
    await database.query('alter table ticks add price text');
    await rotate();
    const { document } = await expectTableIsLedger();
    expect(JSON.parse(document.properties['schema.name-mapping.default'] ?? '')).toEqual([
      { 'field-id': 1, names: ['time'] },
      { 'field-id': 2, names: ['symbol'] },
      { 'field-id': 3, names: ['price'] },
      { 'field-id': 4, names: ['size'] },
    ]);
  });

  it('leaves out a column that segments hold as two types, and says no more of it', async () => {
    await insert(40, 10);
    await rotate();
    await database.query('alter table ticks alter size type text using size::text');
    await insert(39, 5);
    await rotate();
    const { document } = await expectTableIsLedger();
    expect(document.schemas.at(-1)?.fields.map(({ name }) => name)).toEqual([
      'time',
      'symbol',
      'price',
    ]);
  });

  it('takes in what was moved before it was configured', async () => {
    await insert(40, 10);
    await rotate({ ...dataset, iceberg: false });
    expect(await pointer()).toBeNull();
    await rotate();
    await expectTableIsLedger();
  });

  it('takes note of segments that are retired', async () => {
    await insert(40, 10);
    await insert(39, 20);
    await rotate();
    await database.query(`update tierd.segments set state = 'retired' where row_count = 10`);
    await rotate();
    const { document, files } = await expectTableIsLedger();
    expect(files.map(({ rows }) => rows)).toEqual([20n]);
    expect(document.snapshots.at(-1)?.summary).toMatchObject({
      operation: 'overwrite',
      'deleted-records': '10',
      'total-records': '20',
    });
    await insert(38, 1);
    await rotate();
    await expectTableIsLedger();
  });

  it('is no table any more when it is no longer configured, and leaves nothing behind when who had opened it had a day', async () => {
    await insert(40, 10);
    await rotate();
    const opened = (await pointer()) ?? '';
    const off = { ...dataset, iceberg: false };
    for (const run of [off, off]) await rotate(run);
    expect(await pointer()).toBeNull();
    expect((await readIceberg(opened)).files).toHaveLength(1);
    const left = await readdir(join(bench.lake, '_iceberg/ticks/metadata'));
    expect(left.filter((name) => name.startsWith('v'))).toEqual([]);
    // On and off again meanwhile: what lies there is no part of the new table.
    await rotate();
    await expectTableIsLedger();
    for (const run of [off, off]) await rotate(run);
    await passADay();
    await rotate(off);
    expect(await readdir(bench.lake)).not.toContain('_iceberg');
    await rotate();
    await passADay();
    await rotate();
    await expectTableIsLedger();
    expect(await readdir(join(bench.lake, '_iceberg/ticks/metadata'))).toContain(
      'version-hint.text',
    );
  });

  async function passADay(): Promise<void> {
    await database.query(
      `update tierd.iceberg_objects set needless_at = needless_at - interval '25 hours'`,
    );
  }

  it('has its manifests merged at the end of a run, and by no move of it (I2)', async () => {
    for (let day = 40; day < 72; day += 1) await insert(day, 1);
    await rotate();
    const merged = await expectTableIsLedger();
    expect(merged.manifests).toHaveLength(1);
    const { snapshots } = merged.document;
    const operations = snapshots.map(({ summary }) => summary['operation']);
    expect(operations).toEqual([...Array.from({ length: 32 }, () => 'append'), 'replace']);
    // What was true before is still to be read, until its files go.
    const last = snapshots.at(-2)?.['snapshot-id'];
    const before = await readIceberg((await pointer()) ?? '', last);
    expect(before.manifests).toHaveLength(32);
    expect(before.files.map(({ path }) => path).sort()).toEqual(await livePaths());
    // And a file of the merged manifest goes like any other.
    await database.query(
      `update tierd.segments set state = 'retired' where id = (select max(id) from tierd.segments)`,
    );
    await insert(90, 2);
    await rotate();
    const after = await expectTableIsLedger();
    expect(after.document.snapshots.at(-1)?.summary['total-records']).toBe('33');
  });

  it('removes what no kept snapshot has needed for a day, and nothing else', async () => {
    await insert(40, 1);
    await rotate();
    await insert(39, 1);
    await rotate();
    const folder = join(bench.lake, '_iceberg/ticks/metadata');
    const before = await readdir(folder);
    // As if the first snapshot had gone out of the document more than a day ago.
    await database.query(
      `update tierd.iceberg_objects set needless_at = clock_timestamp() - interval '25 hours'
       where needless_since <= 2`,
    );
    await rotate();
    const after = await readdir(folder);
    expect(before.filter((name) => !after.includes(name)).map((name) => name.slice(0, 5))).toEqual(
      expect.arrayContaining(['00001', 'snap-', 'v1.me']),
    );
    expect(before.length - after.length).toBe(3);
    await expectTableIsLedger();
  });

  it('writes nothing unless it is configured', async () => {
    await insert(40, 10);
    await rotate({ ...dataset, iceberg: false });
    expect(await readdir(bench.lake)).not.toContain('_iceberg');
  });
});
