import net from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Check } from '../../../src/domain/check.ts';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { checkHotStore } from '../../../src/hot/doctor/doctor-checks.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;

const dataset = (name: string, timeColumn = 'ts'): Dataset => ({
  name,
  table: { schema: 'public', name },
  timeColumn,
  slice: 'day',
  hotDays: 30,
  autoRotation: true,
  sortBy: [],
  columns: {},
  portable: false,
  iceberg: false,
  verify: 'standard',
  onColdDuplicate: 'newest',
  targetFileBytes: 256 * 1024 * 1024,
  parquet: { codec: 'zstd', zstdLevel: 1, rowGroupRows: 61_440 },
  limits: {
    maxRowsPerSecond: 0,
    pauseBetweenSlicesMs: 0,
    maxShare: 1,
    maxShareMinRows: 0,
    maxClockSkewMs: 60_000,
    maxClockJumpMs: 86_400_000,
    maxFutureMs: 86_400_000,
    maxReplicaLagMs: 0,
    minFreeBytes: 0,
  },
});

interface Look {
  readonly url?: string;
  readonly directUrl?: string;
  readonly datasets?: readonly Dataset[];
  readonly now?: () => number;
}

async function look(options: Look = {}): Promise<ReadonlyMap<string, Check>> {
  const { url = database.url, datasets = [], now = Date.now } = options;
  const checks = await checkHotStore({
    url,
    directUrl: options.directUrl ?? url,
    connectTimeoutMs: 2_000,
    datasets,
    clock: { now },
    coldRanges: () => Promise.resolve([]),
    sources: 0,
  });
  return new Map(checks.map((check) => [check.name, check]));
}

/** A line that answers with a process id of its own making, as PgBouncer does. */
async function pooler(url: string): Promise<{ url: string; close(): void }> {
  const target = new URL(url);
  const server = net.createServer((near) => {
    const far = net.connect(Number(target.port), target.hostname);
    near.pipe(far);
    far.on('data', (bytes: Buffer) => {
      // BackendKeyData: 'K', its length of 12, the process id, the secret.
      const at = bytes.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
      if (at >= 0) bytes.writeInt32BE(bytes.readInt32BE(at + 5) ^ 0x40000000, at + 5);
      near.write(bytes);
    });
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const pooled = new URL(url);
  pooled.hostname = '127.0.0.1';
  pooled.port = String((server.address() as net.AddressInfo).port);
  return { url: pooled.href, close: () => server.close() };
}

describe('the doctor’s look at the hot store', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
  });

  it('finds a server in order, and says what it is', async () => {
    const checks = await look();
    for (const name of [
      'postgres_connection',
      'postgres_pooler',
      'postgres_version',
      'postgres_primary',
      'clock_skew',
      'time_zone',
      'ledger_rights',
      'autovacuum',
      'transaction_timeout',
    ]) {
      expect(checks.get(name), name).toMatchObject({ status: 'ok' });
    }
    expect(checks.get('postgres_version')?.found).toMatch(/^1\d\./);
  });

  it('reports a server that is not there, and no more than that', async () => {
    const checks = await look({ url: 'postgres://me:s3cret@127.0.0.1:1/none' });
    expect([...checks.keys()]).toEqual(['postgres_connection']);
    expect(checks.get('postgres_connection')).toMatchObject({
      status: 'error',
      advice: expect.any(String) as string,
    });
    expect(JSON.stringify([...checks])).not.toContain('s3cret');
  });

  it('warns of clocks that differ', async () => {
    const checks = await look({ now: () => Date.now() - 120_000 });
    expect(checks.get('clock_skew')).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/1[12]\d{4} ms ahead/) as string,
    });
  });

  it('tells a pooler from the server, and wants a way past it', async () => {
    const pooled = await pooler(database.url);
    try {
      expect((await look({ url: pooled.url })).get('postgres_pooler')).toMatchObject({
        status: 'error',
      });
      const past = await look({ url: pooled.url, directUrl: database.url });
      expect(past.get('postgres_pooler')).toMatchObject({ status: 'ok' });
      expect(past.get('postgres_direct_connection')).toMatchObject({ status: 'ok' });
      const both = await look({ url: pooled.url, directUrl: `${pooled.url}?` });
      expect(both.get('postgres_pooler')).toMatchObject({ status: 'error' });
    } finally {
      pooled.close();
    }
  });

  it('sees that the role may not make the ledger', async () => {
    const role = `outsider_${database.name}`;
    await database.query(`create role ${role} login password 'x'`);
    try {
      const url = new URL(database.url);
      url.username = role;
      url.password = 'x';
      expect((await look({ url: url.href })).get('ledger_rights')).toMatchObject({
        status: 'error',
        advice: expect.stringContaining('create schema') as string,
      });
    } finally {
      await database.query(`drop role ${role}`);
    }
  });

  it('goes through every dataset, whatever is wrong with the one before', async () => {
    await database.query(`
      create table good (ts timestamptz, v int);
      create index on good (ts);
      create table hurt (id int primary key, ts timestamptz);
      create table child (hurt int references hurt on delete cascade)`);
    const checks = await look({
      datasets: [dataset('missing'), dataset('good'), dataset('hurt'), dataset('good', 'v')],
    });
    expect(checks.get('dataset:missing')).toMatchObject({
      status: 'error',
      advice: expect.any(String) as string,
    });
    expect(checks.get('dataset:good:table')).toMatchObject({
      status: 'ok',
      found: expect.stringContaining('an ordinary table') as string,
    });
    expect(checks.get('dataset:good:columns')).toMatchObject({ status: 'ok' });
    expect(checks.get('dataset:hurt:foreign_key')).toMatchObject({ status: 'error' });
    expect(checks.get('dataset:hurt:note')).toMatchObject({ status: 'warning' });
    expect(checks.get('dataset:good')).toMatchObject({
      status: 'error',
      found: expect.stringContaining('whether it counts seconds') as string,
    });
  });

  it('suggests larger slices for a table of few rows a day', async () => {
    await database.query('create table sparse (ts timestamptz not null)');
    await database.query(
      "insert into sparse select timestamptz '2026-01-01 00:00+00' + n * interval '1 hour' from generate_series(0, 24 * 60 - 1) n",
    );
    const daily = await look({ datasets: [dataset('sparse')] });
    expect(daily.get('dataset:sparse:slices')).toMatchObject({
      found: expect.stringContaining('about 24 rows in each day') as string,
      advice: expect.stringContaining('`slice: month`') as string,
    });
    const monthly = await look({ datasets: [{ ...dataset('sparse'), slice: 'month' }] });
    expect([...monthly.keys()]).not.toContain('dataset:sparse:slices');
  });

  it('names the columns that an Iceberg table leaves out', async () => {
    await database.query(
      'create table clocked (ts timestamptz not null, open time, id oid, n int)',
    );
    const asked = async (change: Partial<Dataset>) =>
      [...(await look({ datasets: [{ ...dataset('clocked'), ...change }] })).values()]
        .filter(({ name }) => name === 'dataset:clocked:iceberg')
        .map(({ status, found }) => `${status} ${found.split(',')[0] ?? ''}`);
    expect(await asked({})).toEqual([]);
    expect(await asked({ iceberg: true, columns: { open: 'text' } })).toEqual([
      'warning the Iceberg table has no column id',
    ]);
  });

  it('warns where no row is of an interval that is to stay hot', async () => {
    await database.query(
      `create table spans (ts timestamptz not null, tf text) partition by range (ts);
       create table spans_all partition of spans default;
       insert into spans select now(), tf from unnest(array['1m', '1d', null]) tf, generate_series(1, 50)`,
    );
    const spans = (...hotIntervals: string[]): Dataset => ({
      ...dataset('spans'),
      intervalColumn: 'tf',
      hotIntervals,
    });
    const check = async (...intervals: string[]): Promise<Check | undefined> =>
      (await look({ datasets: [spans(...intervals)] })).get('dataset:spans:intervals');
    // Nothing is known before it was analyzed.
    expect(await check('1day')).toBeUndefined();
    await database.query('analyze spans');
    expect(await check('1day', '1h')).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/of 1day, 1h \(hot_intervals\).*tf was 1[dm], 1[dm],/) as string,
      advice: expect.stringContaining('datasets.spans.interval_column') as string,
    });
    expect(await check('1day', '1d')).toBeUndefined();
    const cold = async (coldDaysByInterval: Record<string, number>): Promise<Check | undefined> => {
      const datasets = [{ ...dataset('spans'), intervalColumn: 'tf', coldDaysByInterval }];
      return (await look({ datasets })).get('dataset:spans:cold_days_by_interval');
    };
    expect(await cold({ '1D': 90, '1m': 60 })).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/had rows of 1d .*\(it names 1D, 1m\).*for ever/) as string,
    });
    expect(await cold({ '1d': 90, '1m': 60 })).toBeUndefined();
  });

  it('names the transaction that has been open for longest, once it is old', async () => {
    expect((await look()).get('old_snapshots')).toMatchObject({ status: 'ok' });
  });
});
