import { expect, it, vi } from 'vitest';
import type { SourceKind } from '../../../src/domain/live/live-entry.ts';
import { examineSources, lookAtSources } from '../../../src/jobs/drain/look-at-sources.ts';
import { previewSource } from '../../../src/jobs/drain/preview.ts';
import { makeSource, type SourceChanges } from '../../support/drain-source.ts';
import { useDrain } from '../../support/scenes.ts';
import { describeOn } from '../../support/servers.ts';

const NOW_S = Math.floor(Date.now() / 1000) - 3_600;
const RANKED =
  'key text not null, score numeric not null, ts timestamptz not null, primary key (key)';

describeOn('redis', 'before a drain takes anything it looks whether', () => {
  const scene = useDrain();

  /** One entry with this time, as each kind of source has it. */
  async function add(kind: SourceKind, symbol: string, ts: number | string): Promise<void> {
    const { redis } = scene;
    const key = `ticks:${symbol}`;
    if (kind === 'list') await redis.rpush(key, JSON.stringify({ ts, price: 1 }));
    else if (kind === 'zset') await redis.zadd(key, ts, JSON.stringify({ ts, price: 1 }));
    else if (kind === 'stream') await redis.xadd(key, '*', 'ts', ts, 'price', 1);
    else await redis.hset(key, { ts, price: 1 });
  }

  async function dump(): Promise<Record<string, string>> {
    const keys = (await scene.redis.keys('*')).sort();
    const dumps = await Promise.all(keys.map((key) => scene.redis.dumpBuffer(key)));
    return Object.fromEntries(keys.map((key, at) => [key, dumps[at]?.toString('hex') ?? '']));
  }

  it.each(['move', 'claim', 'list', 'stream', 'zset', 'snapshot'] as const)(
    'times are seconds under time_ms, and then takes nothing: %s',
    async (kind) => {
      const table = await scene.table();
      for (const symbol of ['A', 'B', 'C']) await add(kind, symbol, NOW_S);
      const before = await dump();
      const source = makeSource(table, {
        kind,
        sameKey: kind === 'list' || kind === 'stream' ? 'last' : null,
      });
      await expect(scene.bench.drain(source)).rejects.toMatchObject({
        code: 'TIMES_UNLIKELY',
        exitCode: 3,
        message: expect.stringMatching(/3 that were looked at|6 that were looked at/) as string,
        hint: expect.stringMatching(
          /they look like seconds: say (types: \{ ts: time_s \}|score_unit: s)/,
        ) as string,
      });
      expect(await dump()).toEqual(before);
      expect(await scene.pricesIn(table)).toEqual([]);
      const { rows } = await scene.database.query(
        'select count(*)::int as n from tierd.dead_letters where source = $1',
        [source.name],
      );
      expect(rows).toEqual([{ n: 0 }]);
      // Whoever knows better says so.
      const forced = await scene.bench.drain({ ...source, anyTime: true });
      expect(forced.rows).toBe(3);
    },
  );

  it.each(['move', 'claim', 'list', 'stream', 'zset'] as const)(
    'times are seconds under time_ms, also of entries that come to a source that was empty: %s',
    async (kind) => {
      const table = await scene.table();
      const sameKey = kind === 'list' || kind === 'stream' ? 'last' : null;
      const source = makeSource(table, { kind, sameKey });
      const passed = () => scene.bench.events.some((event) => event.kind === 'pass');
      const following = scene.bench.drain(source, {}, { followEveryMs: 20 });
      following.catch(() => undefined);
      await vi.waitFor(() => expect(passed()).toBe(true), 60_000);
      await add(kind, 'A', NOW_S);
      await expect(following).rejects.toMatchObject({ code: 'TIMES_UNLIKELY' });
      expect(await scene.pricesIn(table)).toEqual([]);
      // Whoever says that they are right has them: nothing was lost.
      expect((await scene.bench.drain({ ...source, anyTime: true })).rows).toBe(1);
    },
  );

  /** An entry that becomes a dead letter, for it has no time. */
  async function addTimeless(kind: SourceKind, symbol: string): Promise<void> {
    const { redis } = scene;
    const key = `ticks:${symbol}`;
    if (kind === 'list') await redis.rpush(key, 'no JSON');
    else if (kind === 'zset') await redis.zadd(key, NOW_S * 1000, 'no JSON');
    else if (kind === 'stream') await redis.xadd(key, '*', 'ts', 'soon', 'price', 1);
    else await redis.hset(key, { ts: 'soon', price: 1 });
  }

  it.each(['move', 'claim', 'list', 'stream', 'zset'] as const)(
    'times are seconds under time_ms, also behind entries that hold none: %s',
    async (kind) => {
      const table = await scene.table();
      const sameKey = kind === 'list' || kind === 'stream' ? 'last' : null;
      const source = makeSource(table, { kind, sameKey });
      const deadLetters = () =>
        scene.bench.events.some((event) => event.kind === 'committed' && event.result.deadLetters);
      await addTimeless(kind, 'A');
      const following = scene.bench.drain(source, {}, { followEveryMs: 20 });
      following.catch(() => undefined);
      await vi.waitFor(() => expect(deadLetters()).toBe(true), 60_000);
      const json = JSON.stringify({ ts: NOW_S, price: 1 });
      if (kind === 'zset') await scene.redis.zadd('ticks:B', NOW_S * 1000, json);
      else await add(kind, 'B', NOW_S);
      await expect(following).rejects.toMatchObject({
        code: 'TIMES_UNLIKELY',
        message: expect.stringMatching(
          kind === 'claim' || kind === 'list'
            ? /none of them became a row: the next run finds them where they were set aside, under tierd:claim:/
            : /none of them was taken/,
        ) as string,
      });
      expect(await scene.pricesIn(table)).toEqual([]);
      expect((await scene.bench.drain({ ...source, anyTime: true })).rows).toBe(1);
    },
  );

  it('times are seconds, behind more entries without one than are looked at', async () => {
    const table = await scene.table();
    for (let n = 0; n < 250; n += 1) await addTimeless('list', 'A');
    for (let n = 0; n < 3; n += 1) await add('list', 'A', NOW_S);
    const source = makeSource(table, { kind: 'list', sameKey: 'last' });
    await expect(scene.bench.drain(source)).rejects.toMatchObject({
      code: 'TIMES_UNLIKELY',
      message: expect.stringContaining('3 of the 3 that were looked at') as string,
    });
  });

  it('times of members that are not due yet are seconds, when they are', async () => {
    const table = await scene.table();
    const now = Date.now();
    await scene.redis.zadd('ticks:A', now, JSON.stringify({ ts: NOW_S, price: 1 }));
    const source = makeSource(table, { kind: 'zset', live: { graceMs: 2_000 } });
    const following = scene.bench.drain(source, {}, { followEveryMs: 20 });
    await expect(following).rejects.toMatchObject({ code: 'TIMES_UNLIKELY' });
    expect(await scene.pricesIn(table)).toEqual([]);
    expect(await scene.redis.zcard('ticks:A')).toBe(1);
  });

  it('scores are times once, and not before each pass as long as no member is due', async () => {
    const table = await scene.table();
    const source = makeSource(table, { kind: 'zset' });
    const looks: string[] = [];
    const watching = await scene.redis.monitor();
    watching.on('monitor', (_time: string, [command = '', key = '']: string[]) => {
      if (command.toLowerCase() === 'zcount' && key === 'ticks:A') looks.push(key);
    });
    const later = Date.now() + 3_600_000;
    await scene.redis.zadd('ticks:A', later, JSON.stringify({ ts: later, price: 1 }));
    const passes = () => scene.bench.events.filter((event) => event.kind === 'pass').length;
    const stop = new AbortController();
    const following = scene.bench.drain(source, { signal: stop.signal }, { followEveryMs: 20 });
    following.catch(() => undefined);
    await vi.waitFor(() => expect(passes()).toBeGreaterThan(10), 60_000);
    stop.abort();
    await expect(following).rejects.toMatchObject({ code: 'INTERRUPTED' });
    watching.disconnect();
    expect(looks).toHaveLength(1);
  });

  it('scores in a larger unit come to a set that was empty', async () => {
    const table = await scene.table();
    const source = makeSource(table, { kind: 'zset', live: { scoreUnit: 's' } });
    const passed = () => scene.bench.events.some((event) => event.kind === 'pass');
    const following = scene.bench.drain(source, {}, { followEveryMs: 20 });
    following.catch(() => undefined);
    await vi.waitFor(() => expect(passed()).toBe(true), 60_000);
    await add('zset', 'A', NOW_S * 1000);
    await expect(following).rejects.toMatchObject({
      code: 'TIMES_UNLIKELY',
      hint: expect.stringContaining('score_unit: ms') as string,
    });
  });

  it('what a stream gave and nobody acknowledged is doubtful, also before sound entries', async () => {
    const table = await scene.table();
    const source = makeSource(table, { kind: 'stream', sameKey: 'last' });
    await scene.redis.xgroup('CREATE', 'ticks:A', 'tierd', '0', 'MKSTREAM');
    await add('stream', 'A', NOW_S);
    await scene.redis.xreadgroup('GROUP', 'tierd', 'tierd', 'STREAMS', 'ticks:A', '>');
    expect(await previewSource(scene.bench.rooms, source, 5)).toMatchObject({
      entries: 1,
      refusal: { code: 'TIMES_UNLIKELY' },
      sample: [{ key: 'ticks:A' }],
    });
    await add('stream', 'A', NOW_S * 1000);
    expect((await previewSource(scene.bench.rooms, source, 5)).notes).toEqual([
      expect.stringContaining('ts: 1 of the 2 that were looked at look like seconds'),
    ]);
  });

  it.each([
    ['µs under ms', 'ts time_ms', NOW_S * 1e6, 'time_us'],
    ['ms under s', 'ts time_s', NOW_S * 1e3, 'time_ms'],
    ['ns under us', 'ts time_us', `${String(NOW_S)}000000000`, 'time_ns'],
    ['a count where text is expected', 'ts time_iso', NOW_S * 1e3, 'time_ms'],
  ])('times are %s', async (_, ts, value, likely) => {
    const table = await scene.table();
    await add('move', 'A', value);
    const columns = { symbol: '{symbol}', ts, price: 'price' };
    await expect(
      scene.bench.drain(makeSource(table, { kind: 'move', columns })),
    ).rejects.toMatchObject({
      code: 'TIMES_UNLIKELY',
      hint: expect.stringContaining(`types: { ts: ${likely} }`) as string,
    });
  });

  it('scores are ranks and no times, and leaves the set to its application', async () => {
    const table = await scene.table();
    await scene.redis.zadd(
      'ranked',
      '0.93',
      '{"symbol":"A"}',
      '0.5',
      '{"symbol":"B"}',
      '12',
      '{"symbol":"C"}',
    );
    const columns = { symbol: 'symbol', ts: '$score time_ms' };
    const source = makeSource(table, { kind: 'zset', keys: 'ranked', columns });
    await expect(scene.bench.drain(source)).rejects.toMatchObject({
      code: 'TIMES_UNLIKELY',
      message: expect.stringContaining("can't be times") as string,
      hint: expect.stringContaining('holds: zset') as string,
    });
    expect(await scene.redis.zcard('ranked')).toBe(3);
  });

  it('scores are ranks beside times of another unit: none is right, however each is wrong', async () => {
    const table = await scene.table();
    await scene.redis.zadd('mixed', '1', '{"symbol":"A"}', String(NOW_S * 1000), '{"symbol":"B"}');
    const columns = { symbol: 'symbol', ts: '$score time_s' };
    const live = { scoreUnit: 's' } as const;
    const source = makeSource(table, { kind: 'zset', keys: 'mixed', columns, live });
    await expect(scene.bench.drain(source)).rejects.toMatchObject({
      code: 'TIMES_UNLIKELY',
      // Two members are two, though a small set has both at both of its ends.
      message: expect.stringContaining('score: 2 of the 2 that were looked at') as string,
    });
    expect(await scene.redis.zcard('mixed')).toBe(2);
  });

  it.each([
    [1_000, 'score_unit: ms'],
    [1_000_000, 'score_unit: us'],
    // There is no such unit of scores to be advised.
    [1_000_000_000, 'let the writer give microseconds'],
  ])('scores in a unit that is larger by %i would never be due, and says so', async (by, hint) => {
    const table = await scene.table();
    await add('zset', 'A', NOW_S * by);
    const source = makeSource(table, {
      kind: 'zset',
      live: { scoreUnit: 's' },
    });
    await expect(scene.bench.drain(source)).rejects.toMatchObject({
      code: 'TIMES_UNLIKELY',
      hint: expect.stringContaining(hint) as string,
    });
  });

  it('some times are doubtful, and then tells and goes on', async () => {
    const table = await scene.table();
    await add('move', 'A', NOW_S);
    await add('move', 'B', NOW_S * 1000);
    const source = makeSource(table, { kind: 'move' });
    const [note] = (await previewSource(scene.bench.rooms, source, 5)).notes;
    expect(note).toMatch(
      /ts: 1 of the 2 that were looked at look like seconds: "\d+" in "ticks:A" as time_ms is 1970-/,
    );
    expect(await examineSources(scene.bench.rooms, [source])).toContainEqual(
      expect.objectContaining({
        name: 'source:move_source:entries',
        status: 'warning',
        found: note,
      }),
    );
    expect(await scene.bench.drain(source)).toMatchObject({ rows: 2 });
    expect(scene.bench.events).toContainEqual({ kind: 'doubt', source: 'move_source', note });
  });

  it.each(['move', 'claim', 'snapshot'] as const)(
    'a part of the keys is in no column of the row’s key, and then tells and goes on: %s',
    async (kind) => {
      const table = await scene.table();
      for (const venue of ['X', 'Y']) await add(kind, `${venue}:A`, NOW_S * 1000);
      const source = makeSource(table, { kind, keys: 'ticks:{venue}:{symbol}' });
      const note =
        'keys that differ in {venue} only come to one row where their symbol, ts are equal, and only those of one batch are counted as such';
      expect((await previewSource(scene.bench.rooms, source, 5)).notes).toEqual([note]);
      expect(await examineSources(scene.bench.rooms, [source])).toContainEqual(
        expect.objectContaining({ status: 'warning', found: note }),
      );
      expect(await scene.bench.drain(source)).toMatchObject({ entries: 2 });
      expect(scene.bench.events).toContainEqual({ kind: 'doubt', source: source.name, note });
      expect(await scene.pricesIn(table)).toHaveLength(1);
    },
  );

  it('old times are old, and takes them', async () => {
    const table = await scene.table();
    for (const [symbol, ts] of Object.entries({
      A: 0,
      B: 86_400_000,
      C: 400_000_000_000,
      D: 8_000,
    })) {
      await add('list', symbol, ts);
    }
    const source = makeSource(table, { kind: 'list', sameKey: 'last' });
    expect(await scene.bench.drain(source)).toMatchObject({ rows: 4, deadLetters: 0 });
  });

  it.each([
    ['string', '{"ts":1}', 'say format: json'],
    ['string', 'plain', 'say format: text'],
    ['zset', '', 'say holds: zset'],
    ['list', '', 'say kind: list'],
  ])('keys of a snapshot are what its format says: a %s %s', async (type, value, hint) => {
    const table = await scene.table();
    if (type === 'string') await scene.redis.set('ticks:A', value);
    else if (type === 'zset') await scene.redis.zadd('ticks:A', 1, 'a');
    else await scene.redis.rpush('ticks:A', 'a');
    const source = makeSource(table, { kind: 'snapshot' });
    const refusal = {
      code: 'KEYS_NOT_READABLE',
      message: expect.stringContaining(`"ticks:A" is a ${type}`) as string,
      hint: expect.stringContaining(hint) as string,
    };
    await expect(scene.bench.drain(source)).rejects.toMatchObject(refusal);
    expect(await previewSource(scene.bench.rooms, source, 5)).toMatchObject({
      entries: 0,
      refusal,
    });
    expect(await lookAtSources(scene.bench.rooms, [source])).toMatchObject([{ error: refusal }]);
  });

  it('some keys are of another type, and then tells how many', async () => {
    const table = await scene.table();
    await scene.redis.set('ticks:A', '{}');
    await add('list', 'B', NOW_S * 1000);
    const source = makeSource(table, { kind: 'list', sameKey: 'last' });
    expect(await previewSource(scene.bench.rooms, source, 5)).toMatchObject({
      refusal: null,
      notes: ['a key is of another type: "ticks:A" is a string that holds JSON'],
    });
    expect(await scene.bench.drain(source)).toMatchObject({ rows: 1 });
  });
});

describeOn('redis', 'a snapshot of a sorted set', () => {
  const scene = useDrain();
  const columns = { key: '$member', score: '$score', ts: '$captured' };
  const source = (table: string, changes: Partial<SourceChanges> = {}) =>
    makeSource(table, {
      kind: 'snapshot',
      keys: 'ranked:{list}',
      format: 'text',
      columns,
      live: { holds: 'zset' },
      ...changes,
    });

  it('has a row of each member with its score, and leaves all of them', async () => {
    const table = await scene.table(RANKED);
    const members = Array.from({ length: 1_500 }, (_, n) => [n / 100, `m${String(n)}`]).flat();
    await scene.redis.zadd('ranked:a', ...members);
    await scene.redis.zadd('ranked:b', '0.93', 'x', '-inf', 'y', '1e300', 'z');
    await scene.redis.zrem('ranked:b', 'y');
    const totals = await scene.bench.drain(
      source(table, { limits: { maxEntries: 400, maxBytes: 9_000 } }),
    );
    expect(totals).toMatchObject({ rows: 1_502, deadLetters: 0, sameKey: 0 });
    expect(await scene.redis.zcard('ranked:a')).toBe(1_500);
    const { rows } = await scene.database.query(
      `select score::text as score from ${table} where key in ('x', 'm1499') order by key`,
    );
    expect(rows).toEqual([{ score: '14.99' }, { score: '0.93' }]);
    await scene.redis.zadd('ranked:b', '0.1', 'x');
    await scene.bench.drain(source(table));
    const again = await scene.database.query(
      `select score::text as score from ${table} where key = 'x'`,
    );
    expect(again.rows).toEqual([{ score: '0.1' }]);
  });

  it('is shown before, and other types are told and left alone', async () => {
    const table = await scene.table(RANKED);
    await scene.redis.zadd('ranked:a', '0.93', 'x', '2', 'y');
    await scene.redis.set('ranked:b', 'x');
    expect(await previewSource(scene.bench.rooms, source(table), 5)).toMatchObject({
      keys: 1,
      entries: 2,
      refusal: null,
      sample: [{ id: '0.93' }, { id: '2' }],
    });
    expect(await scene.bench.drain(source(table))).toMatchObject({ rows: 2 });
    expect(scene.bench.events).toContainEqual(
      expect.objectContaining({
        problem: expect.objectContaining({ reason: 'wrong_type' }) as object,
      }),
    );
  });
});
