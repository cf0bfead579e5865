/** What waits in Redis, beside what is hot and cold. */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DrainSource } from '../../../src/domain/drain/source.ts';
import type { SourceKind } from '../../../src/domain/live/live-entry.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import type { LiveSide } from '../../../src/query/live/live-side.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type DrainBench, openDrainBench } from '../../support/drain.ts';
import { makeSource } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { liveSideOf } from '../../support/live-side.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const KINDS: readonly SourceKind[] = ['snapshot', 'move', 'claim', 'list', 'stream', 'zset'];
const COLUMNS = `symbol text not null, time timestamptz not null, price numeric(12,4), note varchar(8),
  size integer check (size > 0), made text default 'by default', doubled numeric generated always as (price * 2) stored`;
const T0 = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const MAPPED = { symbol: 'sym', time: 'ts time_ms', price: 'price', note: 'note', size: 'size' };

describeOn('redis', 'with live rows', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let db: pg.Client;
  let bench: Bench;
  let drains: DrainBench;
  let tables = 0;

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
  });
  beforeEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  /** A table of its own, with hot rows of today's first hours and cold ones of forty days ago. */
  async function sceneOf(
    kind: SourceKind,
    {
      key = 'primary key (symbol, time)',
      ...changes
    }: { readonly key?: string } & Partial<Pick<DrainSource, 'version' | 'sameKey' | 'rules'>> = {},
  ): Promise<{ readonly name: string; readonly source: DrainSource }> {
    database = await createTestDatabase();
    db = await database.connect();
    bench = await openBench(database);
    drains = await openDrainBench(database, server.url);
    tables += 1;
    const name = `t${String(tables)}`;
    const columns = key === '' ? COLUMNS : `${COLUMNS}, ${key}`;
    await database.query(`create table ${name} (${columns})`);
    await database.query(
      `insert into ${name} (symbol, time, price, note, size)
       select 's' || n % 3, $1::timestamptz + n * interval '1 minute', n, 'hot', 1 + n from generate_series(0, 9) n
       union all
       select 's' || n % 3, $2::timestamptz + n * interval '1 minute', n, 'cold', 1 + n from generate_series(0, 9) n`,
      [new Date(T0), daysAgo(40)],
    );
    await rotateDataset(bench.rooms, makeDataset(name), { force: true });
    const source = makeSource(name, {
      kind,
      name: `${kind}-${name}`,
      keys: `${name}:{k}`,
      columns: MAPPED,
      anyTime: true,
      ...changes,
    });
    const optional = source.columns.map((column) => ({
      ...column,
      onMissing: { then: 'null' } as const,
    }));
    return { name, source: { ...source, dataset: makeDataset(name), columns: optional } };
  }

  interface Entry {
    readonly sym: string;
    readonly ts: number;
    readonly price?: string;
    readonly note?: string;
    readonly size?: string;
  }

  async function put(kind: SourceKind, name: string, k: string, entry: Entry): Promise<void> {
    const key = `${name}:${k}`;
    if (kind === 'list') await redis.rpush(key, JSON.stringify(entry));
    else if (kind === 'zset')
      await redis.zadd(key, entry.ts - 86_400_000 * 2, JSON.stringify(entry));
    else if (kind === 'stream')
      await redis.xadd(key, '*', ...Object.entries(entry).flat().map(String));
    else await redis.hset(key, { ...entry });
  }

  async function categoryOf(name: string): Promise<ReadonlySet<string>> {
    const commands = (await redis.call('ACL', 'CAT', name)) as unknown[];
    return new Set(commands.map((command) => String(command).split('|')[0] ?? ''));
  }

  const ask = async (name: string, sql: string, sources: readonly DrainSource[], isWith = true) =>
    askStores(bench, db, [makeDataset(name)], sql, {
      live: liveSideOf(server.url, sources, { isWith }),
    });

  const wholeOf = (name: string): string =>
    `select symbol, time, price, note, size, made, doubled from ${name} order by all`;

  /** One of an hour that the hot rows have, one of the lake, new ones, and one that is none. */
  async function fill(kind: SourceKind, name: string): Promise<void> {
    await put(kind, name, 'a', {
      sym: 's1',
      ts: T0 + 60_000,
      price: '100.55555',
      note: 'again',
      size: '7',
    });
    await put(kind, name, 'b', {
      sym: 's1',
      ts: Date.parse(daysAgo(40)) + 60_000,
      price: '200',
      note: 'late',
      size: '7',
    });
    await put(kind, name, 'c', { sym: 'new', ts: T0 + 120_000, price: '3', size: '1' });
    await put(kind, name, 'd', { sym: 'new', ts: T0 + 180_000, note: 'no price', size: '2' });
    await put(kind, name, 'e', { sym: 'bad', ts: T0, price: 'x' });
    await put(kind, name, 'f', { sym: 'long', ts: T0, price: '1', note: 'longer than eight' });
    await put(kind, name, 'g', { sym: 'check', ts: T0, price: '1', size: '0' });
    await put(kind, name, 'h', { sym: 'huge', ts: T0, price: '123456789012', size: '1' });
  }

  test.each(KINDS)('a %s is in the answer as it is after a drain', async (kind) => {
    const sameKey = kind === 'list' || kind === 'stream' ? 'last' : null;
    const { name, source } = await sceneOf(kind, { sameKey });
    await fill(kind, name);
    const { rows, summary } = await ask(name, wholeOf(name), [source]);
    expect(summary.liveRows).toBe(4);
    expect(summary.notes.join()).toContain('4 entries of');
    const own = await ask(name, `select symbol, price from live."${source.name}" order by all`, [
      source,
    ]);
    expect(own.rows).toEqual([
      { symbol: 'new', price: 3 },
      { symbol: 'new', price: null },
      { symbol: 's1', price: 100.5556 },
      { symbol: 's1', price: 200 },
    ]);
    const before = await askStores(bench, db, [makeDataset(name)], wholeOf(name));
    expect(before.summary.liveRows).toBeNull();
    await drains.drain(source);
    const after = await askStores(bench, db, [makeDataset(name)], wholeOf(name));
    expect(rows).toEqual(after.rows);
    expect(rows).not.toEqual(before.rows);
    const again = await ask(name, wholeOf(name), [source]);
    expect(again.rows).toEqual(after.rows);
  });

  const HARD_QUESTIONS = (name: string, source: string): readonly string[] => [
    `select count(*) as n, sum(price) as p, max(time) as t from ${name}`,
    `select symbol, count(*) as n, min(price) as least, arg_max(price, time) as latest from ${name} group by symbol order by all`,
    `select time, symbol, price from ${name} where symbol = 'new' or price > 150 order by time desc limit 3`,
    `select time, symbol from ${name} order by time desc, symbol limit 4`,
    `select date_trunc('day', time) as d, count(*) as n from ${name} where note <> 'late' group by all order by all`,
    `select a.symbol, b.price from ${name} a join ${name} b using (symbol, time) order by all`,
    `with ${source} as (select 1 as one) select count(*) as n from ${name}, ${source}`,
  ];

  test.each(KINDS)('a %s is in each kind of question as it is after a drain', async (kind) => {
    const sameKey = kind === 'list' || kind === 'stream' ? 'last' : null;
    const { name, source } = await sceneOf(kind, { sameKey });
    await fill(kind, name);
    const questions = HARD_QUESTIONS(name, 'x');
    const live = [];
    for (const question of questions) live.push((await ask(name, question, [source])).rows);
    const sides = `select (select count(*) from ${name}) as all_of_it, (select count(*) from hot.${name}) as hot,
      (select count(*) from cold.${name}) as cold, (select count(*) from live."${source.name}") as live`;
    expect((await ask(name, sides, [source])).rows).toEqual([
      { all_of_it: 22, hot: 10, cold: 10, live: 4 },
    ]);
    await drains.drain(source);
    for (const [index, question] of questions.entries()) {
      const { rows } = await askStores(bench, db, [makeDataset(name)], question);
      expect(live[index], question).toEqual(rows);
    }
  });

  interface Rule {
    readonly what: string;
    readonly kind: SourceKind;
    readonly key?: string;
    readonly version?: string;
    readonly sameKey?: DrainSource['sameKey'];
  }
  const RULES: readonly Rule[] = [
    { what: 'the first of one key stays', kind: 'list', sameKey: 'first' },
    { what: 'none but the first of one key becomes a row', kind: 'stream', sameKey: 'error' },
    { what: 'the last of one key stays', kind: 'list', sameKey: 'last' },
    { what: 'the larger version stays', kind: 'stream', sameKey: 'last', version: 'size' },
    { what: 'fields of claims are put together', kind: 'claim' },
    { what: 'fields of claims are put together by version', kind: 'claim', version: 'size' },
    { what: 'the larger version of a key stays', kind: 'move', version: 'size' },
    { what: 'each entry is a row where there is no key', kind: 'stream', key: '' },
    { what: 'each entry of a list is a row where there is no key', kind: 'list', key: '' },
  ];

  test.each(RULES)(
    '$what, as it does in a drain ($kind, version $version)',
    async ({ kind, ...rule }) => {
      for (const seed of [1, 2, 3]) {
        const { name, source } = await sceneOf(kind, {
          version: null,
          sameKey: null,
          ...rule,
        });
        let state = seed * 7919;
        const next = (below: number): number => {
          state = (state * 48_271) % 2_147_483_647;
          return state % below;
        };
        for (let n = 0; n < 40; n += 1) {
          const entry: Entry = {
            sym: `s${String(next(4))}`,
            ts: (next(4) === 0 ? Date.parse(daysAgo(40)) : T0) + next(4) * 60_000,
            ...(next(3) === 0 ? {} : { price: String(next(1_000) / 100) }),
            ...(next(3) === 0 ? {} : { note: `n${String(n)}` }),
            ...(next(3) === 0 ? {} : { size: String(1 + next(20)) }),
          };
          // Between keys there is no order but Redis' own.
          const key = kind === 'list' || kind === 'stream' ? 'one' : String(next(8));
          await put(kind, name, key, entry);
          // What a process left that died when it had claimed them.
          if (kind === 'claim' && next(4) === 0) {
            const key = `${name}:${String(next(8))}`;
            const claim = `tierd:claim:${source.name}:000000${String(n).padStart(3, '0')}-0000001-dead:{${key}}:${key}`;
            if ((await redis.exists(key)) === 1) await redis.rename(key, claim);
          }
        }
        const { rows } = await ask(name, wholeOf(name), [source]);
        await drains.drain(source);
        const after = await askStores(bench, db, [makeDataset(name)], wholeOf(name));
        expect(rows, `seed ${String(seed)}`).toEqual(after.rows);
      }
    },
  );

  test('a snapshot of strings and one of sorted sets are read as they lie there', async () => {
    for (const holds of ['string', 'zset'] as const) {
      const { name, source } = await sceneOf('snapshot');
      const held = {
        ...source,
        format: 'json' as const,
        live: { ...source.live, holds } as DrainSource['live'],
      };
      const entries = [1, 2, 3].map((n) =>
        JSON.stringify({ sym: `n${String(n)}`, ts: T0, price: '1', size: '1' }),
      );
      for (const [n, entry] of entries.entries()) {
        if (holds === 'string') await redis.set(`${name}:${String(n)}`, entry);
        else await redis.zadd(`${name}:z`, n, entry);
      }
      const { rows, summary } = await ask(name, wholeOf(name), [held]);
      expect(summary.liveRows).toBe(3);
      await drains.drain(held);
      expect(rows).toEqual((await askStores(bench, db, [makeDataset(name)], wholeOf(name))).rows);
    }
  });

  test('several sources of one dataset go in one after the other', async () => {
    const { name, source } = await sceneOf('claim');
    const other = makeSource(name, {
      kind: 'stream',
      name: `more-${name}`,
      keys: `more${name}:{k}`,
      columns: MAPPED,
      sameKey: 'last',
      anyTime: true,
    });
    const second = { ...other, dataset: source.dataset };
    await fill('claim', name);
    await redis.xadd(
      `more${name}:a`,
      '*',
      'sym',
      's1',
      'ts',
      T0 + 60_000,
      'price',
      '300',
      'note',
      'second',
      'size',
      '9',
    );
    const { rows } = await ask(name, wholeOf(name), [source, second]);
    await drains.drain(source);
    await drains.drain(second);
    expect(rows).toEqual((await askStores(bench, db, [makeDataset(name)], wholeOf(name))).rows);
    const disabled = await ask(name, `select count(*) as n from ${name}`, [
      { ...source, enabled: false },
    ]);
    expect(disabled.summary.liveRows).toBeNull();
  });

  test('a number of a sequence is null until the row is drained, and the answer says so', async () => {
    const { name, source } = await sceneOf('stream', { sameKey: 'last' });
    await database.query(`alter table ${name} add column id bigserial`);
    await fill('stream', name);
    const before = await database.query(`select last_value from ${name}_id_seq`);
    const { rows, summary } = await ask(name, `select id from ${name} where symbol = 'new'`, [
      source,
    ]);
    expect(rows).toEqual([{ id: null }, { id: null }]);
    expect(summary.notes.join()).toContain('id is null in its rows');
    expect((await database.query(`select last_value from ${name}_id_seq`)).rows).toEqual(
      before.rows,
    );
  });

  test.each(KINDS)(
    'I7: of a %s nothing is changed in Redis, and only what reads is asked',
    async (kind) => {
      const { name, source } = await sceneOf(kind, {
        sameKey: kind === 'list' || kind === 'stream' ? 'last' : null,
      });
      await fill(kind, name);
      if (kind === 'stream') {
        await redis.xgroup('CREATE', `${name}:a`, 'tierd', '0');
        await redis.xreadgroup('GROUP', 'tierd', 'tierd', 'COUNT', 1, 'STREAMS', `${name}:a`, '>');
        await redis.xgroup('CREATE', `${name}:c`, 'tierd', '0');
        await redis.xreadgroup(
          'GROUP',
          'tierd',
          'another',
          'COUNT',
          1,
          'STREAMS',
          `${name}:c`,
          '>',
        );
      }
      await redis.pexpire(`${name}:b`, 3_600_000);
      const standing = async (): Promise<unknown> => {
        const keys = (await redis.keys('*')).sort();
        return Promise.all(
          keys.map(async (key) => [
            key,
            (await redis.dumpBuffer(key)).toString('hex'),
            await redis.pexpiretime(key),
            kind === 'stream' ? await redis.xinfo('GROUPS', key) : null,
            kind === 'stream' && (key.endsWith(':a') || key.endsWith(':c'))
              ? ((await redis.xpending(key, 'tierd', '-', '+', 10)) as unknown[][]).map(
                  ([id, consumer, , times]) => [id, consumer, times],
                )
              : null,
          ]),
        );
      };
      const before = await standing();
      const monitor = openRedis(server.url);
      const seen = new Set<string>();
      const listening = await monitor.monitor();
      listening.on('monitor', (_: string, [command = '']: string[]) =>
        seen.add(command.toLowerCase()),
      );
      const { summary } = await ask(name, wholeOf(name), [source]);
      await ask(name, `select * from live."${source.name}"`, [source]);
      await redis.echo('end');
      await expect.poll(() => seen.has('echo')).toBe(true);
      listening.disconnect();
      monitor.disconnect();
      expect(summary.liveRows).toBe(4);
      expect(await standing()).toEqual(before);
      const reading = await categoryOf('read');
      const connection = await categoryOf('connection');
      const others = [...seen].filter(
        (one) => !reading.has(one) && !connection.has(one) && one !== 'info',
      );
      expect(others).toEqual([]);
    },
  );

  /** Between the look into Redis and the snapshot all of it is drained, so many times. */
  function drainedMeanwhile(source: DrainSource, times: number): LiveSide {
    const side = liveSideOf(server.url, [source]);
    let left = times;
    return {
      ...side,
      async look(client, names, columnsOnly) {
        const look = await side.look(client, names, columnsOnly);
        if (left > 0) {
          left -= 1;
          await drains.drain(source);
          if (left > 0) await refill(source);
        }
        return look;
      },
    };
  }

  /** The same keys again, for another look to find something. */
  async function refill({ live: { kind }, dataset: { name } }: DrainSource): Promise<void> {
    const again = `again${String(Date.now())}`;
    await put(kind, name, 'c', { sym: again, ts: T0 + 120_000, price: '3', size: '1' });
  }

  test.each(
    KINDS.flatMap((kind) => [
      { kind, key: 'primary key (symbol, time)', times: 1 },
      { kind, key: 'primary key (symbol, time)', times: 9 },
      ...(kind === 'stream'
        ? [
            { kind, key: '', times: 1 },
            { kind, key: '', times: 9 },
          ]
        : []),
      ...(kind === 'list' ? [{ kind, key: '', times: 1 }] : []),
    ]),
  )(
    'I2: a $kind that is drained $times times meanwhile is seen once (key $key)',
    async ({ kind, key, times }) => {
      const sameKey = key !== '' && (kind === 'list' || kind === 'stream') ? 'last' : null;
      const { name, source } = await sceneOf(kind, { sameKey, key });
      await fill(kind, name);
      const live = drainedMeanwhile(source, times);
      const sql = `select symbol, time, count(*) as n from ${name} group by all order by all`;
      const { rows } = await askStores(bench, db, [makeDataset(name)], sql, { live });
      const twice = key === '' ? 2 : 1;
      const counted = new Map(
        rows.map(({ symbol, time, n }) => [`${String(symbol)} ${String(time)}`, n]),
      );
      expect(counted.get(`new ${isoOf(T0 + 180_000)}`)).toBe(1);
      expect(counted.get(`s1 ${isoOf(T0 + 60_000)}`)).toBe(twice);
      expect(counted.get(`s1 ${isoOf(Date.parse(daysAgo(40)) + 60_000)}`)).toBe(twice);
      expect(Math.max(...[...counted.values()].map(Number))).toBe(twice);
    },
  );

  test('what may be there twice is said: a list without a key that is drained each time', async () => {
    const { name, source } = await sceneOf('list', { key: '' });
    await fill('list', name);
    const live = drainedMeanwhile(source, 9);
    const { summary } = await askStores(
      bench,
      db,
      [makeDataset(name)],
      `select count(*) as n from ${name}`,
      { live },
    );
    expect(summary.notes.join()).toContain('may be counted twice');
  });
});

const isoOf = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
