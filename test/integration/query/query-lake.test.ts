import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { FoundDamage } from '../../../src/query/query-request.ts';
import { type AskOptions, askLake } from '../../support/ask-lake.ts';
import { createTestLake, type TestLake } from '../../support/test-lake.ts';

let lake: TestLake;

const ticks = (day: number, more = '') => `
  select timestamptz '2024-01-01 00:00:00+00' + to_days(${String(day)}) + to_minutes(i::int) as time,
         'S' || (i % 3) as symbol, (i * 1.25)::decimal(20,8) as close, i as volume ${more}
  from range(100) t(i)`;

beforeAll(async () => {
  lake = await createTestLake();
  for (let day = 0; day < 10; day += 1) {
    await lake.add('ticks', `ticks/day=${String(day)}/ticks.parquet`, ticks(day), 'epoch_us(time)');
  }
  await lake.add('news', 'news/a.parquet', `select 1 as time, 'old' as headline`, 'time');
});
afterAll(() => lake.destroy());

const lines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a query of the lake', () => {
  test('sees each dataset as a table of its name, in cold and in main', async () => {
    for (const name of ['ticks', 'cold.ticks', 'main.ticks', '"ticks"', 'TICKS']) {
      const { text } = await askLake(lake, `select count(*) as n, sum(volume) as v from ${name}`);
      expect(lines(text)).toEqual([{ n: 1000, v: 49_500 }]);
    }
  });

  test('opens only the segments that can hold what it asks for', async () => {
    const { text, summary, asked } = await askLake(
      lake,
      `select count(*) as n from ticks where time >= '2024-01-03' and time < '2024-01-05'`,
    );
    expect(lines(text)).toEqual([{ n: 200 }]);
    expect(summary).toMatchObject({ rows: 1, segmentsRead: 2, segmentsLive: 10 });
    expect(asked).toEqual([
      {
        dataset: 'ticks',
        hull: {
          fromInclusiveUs: BigInt(Date.parse('2024-01-03T00:00:00Z')) * 1000n - 1n,
          toInclusiveUs: BigInt(Date.parse('2024-01-05T00:00:00Z')) * 1000n + 1n,
        },
      },
    ]);
  });

  test('has columns and an empty answer where no segment is left', async () => {
    const { text, summary } = await askLake(
      lake,
      `select *, typeof(close) as t from ticks where time > now()`,
      {
        format: 'csv',
      },
    );
    expect(text).toBe('time,symbol,close,volume,t\r\n');
    expect(summary.segmentsRead).toBe(0);
    const described = await askLake(lake, 'describe (from ticks where time > now())');
    expect(lines(described.text).map((row) => row['column_type'])).toEqual([
      'TIMESTAMP WITH TIME ZONE',
      'VARCHAR',
      'DECIMAL(20,8)',
      'BIGINT',
    ]);
  });

  test('asks the ledger for nothing that it does not name', async () => {
    expect((await askLake(lake, 'select 1')).asked).toEqual([]);
    expect(lines((await askLake(lake, 'show tables')).text)).toEqual([
      { name: 'news' },
      { name: 'ticks' },
    ]);
  });

  test('reckons in UTC, wherever the machine stands', async () => {
    const { text } = await askLake(
      lake,
      `select min(time)::varchar as t, current_setting('TimeZone') as z from ticks`,
    );
    expect(lines(text)).toEqual([{ t: '2024-01-01 00:00:00+00', z: 'UTC' }]);
  });

  test('reads everything where the tables are named in a text', async () => {
    const { summary } = await askLake(
      lake,
      `select count(*) from query_table('ticks'), (select 1 from ticks where time < '2024-01-02')`,
      { timeColumns: { ticks: { name: 'time' }, news: null } },
    );
    expect(summary.segmentsRead).toBe(11);
  });
});

describe('the sandbox', () => {
  test.each([
    ['a file outside', `select * from read_csv('/etc/passwd')`],
    ['a file named as a table', `select * from '/etc/passwd'`],
    ['a directory', `select * from glob('/etc/*')`],
    ['text of a file', `select * from read_text('/etc/hostname')`],
    ['what is found in a file', `from sniff_csv('/etc/passwd')`],
    ['a query in a text', `from query('select 1')`],
    ['a query in a tree', `from json_execute_serialized_sql(json_serialize_sql('select 1'))`],
    ['a secret', 'from duckdb_secrets()'],
    ['a setting', 'from duckdb_settings()'],
  ])('keeps %s closed', async (_what, sql) => {
    await expect(askLake(lake, sql)).rejects.toMatchObject({ code: 'QUERY_NOT_ALLOWED' });
  });

  test('keeps files of the lake closed that are no segments', async () => {
    const stray = join(lake.root, 'stray.parquet');
    await lake.duckdb.run(`copy (select 1) to '${stray}'`);
    await expect(askLake(lake, `select * from read_parquet('${stray}')`)).rejects.toMatchObject({
      code: 'QUERY_NOT_ALLOWED',
    });
  });

  // Naming the dataset lets the engine open its segments, which is when a path to one would work.
  test.each([
    ['a function', (path: string) => `from ticks, (from read_parquet('${path}'))`],
    ['its name in capitals', (path: string) => `from ticks, (from READ_PARQUET(['${path}']))`],
    ['a schema before it', (path: string) => `from ticks, (from main.parquet_scan('${path}'))`],
    ['the footer', (path: string) => `from ticks, (from parquet_metadata('${path}'))`],
    ['a text', (path: string) => `from ticks, (from '${path}')`],
    ['a quoted name', (path: string) => `with t as (from "${path}") from ticks, t`],
    ['a pattern', (path: string) => `from ticks, (from '${path.slice(0, -9)}*.parquet')`],
    ['a bare name', () => 'select * from ticks, lake.parquet'],
    ['describe', (path: string) => `from ticks, (describe '${path}')`],
    ['summarize', (path: string) => `from ticks, (summarize '${path}')`],
    ['a scalar subquery', (path: string) => `select (select count(*) from '${path}') from ticks`],
    ['query_table', (path: string) => `from ticks, query_table('${path}')`],
    ['a list of tables', (path: string) => `from ticks, query_table(['ticks', '${path}'])`],
    ['a computed name', (path: string) => `from ticks, query_table('${path}' || '')`],
  ])('keeps a segment closed to whoever names it by its path: %s', async (_how, sqlOf) => {
    const path = lake.store.locate('ticks/day=1/ticks.parquet');
    await expect(askLake(lake, sqlOf(path))).rejects.toMatchObject({
      code: 'QUERY_NOT_ALLOWED',
    });
  });

  test.each([
    ['select count(*) as n from range(3)', 3],
    ['select count(*) as n from unnest([1, 2])', 2],
    ['with own as (select 1) select count(*) as n from own', 1],
    [`select count(*) as n from information_schema.tables where table_name = 'x'`, 0],
    [`select count(*) as n from query_table(['ticks']) where false`, 0],
  ])('leaves open what reads no file: %s', async (sql, n) => {
    const { text } = await askLake(lake, sql);
    expect(lines(text).map((line) => Number((line as { n: unknown }).n))).toEqual([n]);
  });
});

describe('a result', () => {
  test('goes to a file that is there whole or not at all', async () => {
    const file = join(lake.root, 'out.csv');
    await writeFile(file, 'what was there');
    await expect(
      askLake(lake, `select case when volume = 99 then error('late') else 'x' end from ticks`, {
        format: 'csv',
        file,
      }),
    ).rejects.toMatchObject({ code: 'QUERY_FAILED' });
    expect(await readFile(file, 'utf8')).toBe('what was there');
    const { summary } = await askLake(
      lake,
      `select volume from ticks where time < '2024-01-02' order by 1 limit 2`,
      { format: 'csv', file },
    );
    expect(await readFile(file, 'utf8')).toBe('volume\r\n0\r\n1\r\n');
    expect(summary.rows).toBe(2);
    expect((await readdir(lake.root)).filter((name) => name.includes('.part'))).toEqual([]);
  });

  test.each(['ndjson', 'csv', 'json', 'table', 'parquet'] as const)(
    'as %s never ends early in silence: what fails after many rows is an error with its reason',
    async (format) => {
      const file = join(lake.root, `late.${format}`);
      const sql = `select case when i = 400000 then error('too late') else 'x' end as v from range(500000) t(i), (select 1 from ticks limit 1)`;
      await expect(askLake(lake, sql, { format, file })).rejects.toMatchObject({
        code: 'QUERY_FAILED',
        message: expect.stringContaining('too late'),
      });
      await expect(stat(file)).rejects.toThrow('ENOENT');
      if (format === 'parquet') return;
      let rows = 0;
      const streamed = askLake(lake, sql, {
        format,
        onText: async (text) => void (rows += text.split('\n').length),
      });
      await expect(streamed).rejects.toMatchObject({
        message: expect.stringContaining('too late'),
      });
      expect(rows).toBeGreaterThan(100_000);
    },
  );

  test('is cut, with a note, for a terminal and not for a file', async () => {
    const sql = `select repeat('x', 100) as v`;
    const file = join(lake.root, 'wide.txt');
    const narrow = { format: 'table', terminalWidth: 20 } as const;
    const shown = await askLake(lake, sql, narrow);
    expect(Math.max(...shown.text.split('\n').map((line) => line.length))).toBe(20);
    expect(shown.summary.notes).toEqual([expect.stringContaining('too narrow') as string]);
    const { summary } = await askLake(lake, sql, { ...narrow, file });
    expect(await readFile(file, 'utf8')).toContain('x'.repeat(100));
    expect(summary.notes).toEqual([]);
  });

  test('as Parquet has the same rows and types', async () => {
    const file = join(lake.root, 'out it’s.parquet');
    const { summary } = await askLake(
      lake,
      `select * from ticks where time < '2024-01-02' order by time -- all of it;`,
      { format: 'parquet', file },
    );
    expect(summary.rows).toBe(100);
    const back = await lake.duckdb.runAndReadAll(
      `select count(*) from (from read_parquet($1) except all (${ticks(0)}))`,
      [file],
    );
    expect(back.getRows()).toEqual([[0n]]);
    const types = await lake.duckdb.runAndReadAll(
      'select column_type from (describe from read_parquet($1))',
      [file],
    );
    expect(types.getRows().flat()).toEqual([
      'TIMESTAMP WITH TIME ZONE',
      'VARCHAR',
      'DECIMAL(20,8)',
      'BIGINT',
    ]);
  });

  test.each([
    ['describe ticks; -- what it has', 4],
    ['show tables', 2],
    ['summarize ticks;', 4],
    ['describe select symbol from ticks', 1],
  ])('as Parquet has what "%s" shows', async (sql, rows) => {
    const file = join(lake.root, 'shown.parquet');
    const { summary } = await askLake(lake, sql, { format: 'parquet', file });
    expect(summary.rows).toBe(rows);
    const back = await lake.duckdb.runAndReadAll('select count(*) from read_parquet($1)', [file]);
    expect(back.getRows()).toEqual([[BigInt(rows)]]);
  });

  test('as Parquet needs a file', async () => {
    await expect(askLake(lake, 'select 1', { format: 'parquet' })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  test.each(['csv', 'parquet'] as const)(
    'as %s says so when the file can not be written',
    async (format) => {
      const file = join(lake.root, 'no', 'such', 'directory', 'out');
      await expect(askLake(lake, 'select 1', { format, file })).rejects.toMatchObject({
        code: 'OUTPUT_UNWRITABLE',
      });
      const directory = join(lake.root, `directory-${format}`);
      await mkdir(directory);
      await expect(askLake(lake, 'select 1', { format, file: directory })).rejects.toMatchObject({
        code: 'OUTPUT_UNWRITABLE',
      });
      expect((await readdir(lake.root)).filter((name) => name.includes('.part'))).toEqual([]);
    },
  );

  test.each(['ndjson', 'csv', 'json', 'table'] as const)(
    'as %s streams: memory stays bounded',
    async (format) => {
      let bytes = 0;
      let peak = 0;
      const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
      await askLake(lake, `select i, repeat('x', 200) as text from range(900000) t(i)`, {
        format,
        memoryLimitBytes: 100_000_000,
        onText: async (text) => {
          bytes += text.length;
          const now = process.memoryUsage();
          peak = Math.max(peak, now.arrayBuffers + now.heapUsed - before);
        },
      });
      expect(bytes).toBeGreaterThan(180_000_000);
      // Much of it is what is garbage already: when that is collected is the engine's affair.
      expect(peak).toBeLessThan(bytes / 2);
    },
  );
});

describe('a query that goes wrong', () => {
  test('names the datasets where a table is unknown', async () => {
    await expect(askLake(lake, 'select * from tick')).rejects.toMatchObject({
      code: 'QUERY_INVALID',
      message: expect.stringContaining('tick'),
      hint: expect.stringContaining('ticks, news'),
    });
  });

  test('guesses the dataset that was meant, and never a table of the engine’s own', async () => {
    const wrong = async (sql: string): Promise<{ message: string; hint: string }> =>
      askLake(lake, sql).then(
        () => Promise.reject(new Error('it was answered')),
        (error: unknown) => error as { message: string; hint: string },
      );
    const misspelt = await wrong('select * from tikcs');
    expect(misspelt.hint).toMatch(/^Did you mean ticks\? /);
    expect((await wrong('select * from sqlite_mastr')).message).not.toContain('Did you mean');
    expect((await wrong('select * from public.ticks')).hint).toMatch(/by its name alone: ticks\. /);
    expect((await wrong('select closing from ticks')).hint).not.toContain('cast');
    const cast = await wrong('select symbol + 1 from ticks');
    expect(cast.hint).toContain('after a cast');
    expect(cast.message).not.toContain('\t');
  });

  test('gives the engine’s candidates where a column is unknown', async () => {
    await expect(
      askLake(lake, `select closing from ticks where time > '2024-01-02'`),
    ).rejects.toMatchObject({
      code: 'QUERY_INVALID',
      message: expect.stringContaining('close'),
    });
  });

  test('is rejected in the engine’s words, pruning or not', async () => {
    await expect(askLake(lake, `select 1 from ticks where time > 'soon'`)).rejects.toMatchObject({
      message: expect.stringContaining('soon'),
    });
    await expect(askLake(lake, `select 1 from ticks where time > 5`)).rejects.toMatchObject({
      code: 'QUERY_INVALID',
      message: expect.stringContaining('explicit cast'),
    });
  });

  test('says what to do when memory runs out', async () => {
    await expect(
      askLake(lake, `select list(i) from range(20000000) t(i)`, { memoryLimitBytes: 30_000_000 }),
    ).rejects.toMatchObject({
      code: 'QUERY_TOO_LARGE',
      message: expect.not.stringMatching(/\bset (memory_limit|threads|preserve)|max_temp/iu),
      hint: expect.stringContaining('maintenance.memory_limit'),
    });
  });

  test('stops within milliseconds when it is told to, and leaves nothing', async () => {
    const stop = new AbortController();
    const spill = join(lake.root, '_spill');
    const outcome = askLake(lake, 'select i from range(300000000) t(i) order by hash(i)', {
      signal: stop.signal,
      memoryLimitBytes: 60_000_000,
    }).catch((error: unknown) => error);
    // It spills, so the engine is in the middle of it.
    await vi.waitFor(() => stat(spill), { timeout: 60_000, interval: 5 });
    const at = Date.now();
    stop.abort();
    expect(await outcome).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
    expect(Date.now() - at).toBeLessThan(2000);
    await expect(stat(spill)).rejects.toThrow('ENOENT');
  });

  test('stops between two rows as well', async () => {
    const stop = new AbortController();
    const endless = askLake(lake, 'select i from range(1000000000000) t(i)', {
      signal: stop.signal,
      onText: async () => stop.abort(),
    });
    await expect(endless).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('does not begin when it was told to stop before', async () => {
    await expect(askLake(lake, 'select 1', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });
});

/** Spoils the compressed pages and leaves the footer and the length. */
async function flipInside(path: string): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0x55, 40, Math.floor(bytes.length / 3)));
}

describe('a segment that is not what it was', () => {
  async function withDamage(
    damage: (path: string, root: string) => Promise<void>,
    sql: string,
    options: AskOptions = {},
  ) {
    const own = await createTestLake();
    try {
      for (const day of [0, 1, 2])
        await own.add('ticks', `ticks/${String(day)}.parquet`, ticks(day), 'epoch_us(time)');
      await own.duckdb.run(
        `copy (${ticks(7)} union all ${ticks(8)}) to '${join(own.root, 'ticks/longer.parquet')}' (format parquet)`,
      );
      await damage(join(own.root, 'ticks/1.parquet'), own.root);
      return await askLake(own, sql, options).catch((error: unknown) => error);
    } finally {
      await own.destroy();
    }
  }

  const spoiltFooter = async (path: string) => {
    const bytes = await readFile(path);
    const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
    await writeFile(path, bytes.fill(0xff, footer, footer + 20));
  };
  const anothers = (path: string, root: string) =>
    copyFile(join(root, 'ticks/longer.parquet'), path);
  const DAMAGES = [
    ['missing', (path: string) => rm(path), 'missing'],
    [
      'a folder',
      async (path: string) => (await rm(path), mkdir(path)),
      '[0-9]+ bytes long instead of',
    ],
    [
      'a link to another',
      async (path: string, root: string) => {
        await rm(path);
        await symlink(join(root, 'ticks/0.parquet'), path);
      },
      '[0-9]+ bytes long instead of',
    ],
    ['a longer one with other rows', anothers, '[0-9]+ bytes long instead of'],
    ['spoilt in its footer', spoiltFooter, 'altered'],
    ['cut short', (path: string) => truncate(path, 100), '100 bytes long instead of'],
    ['damaged inside', flipInside, 'unreadable'],
    [
      'no Parquet',
      async (path: string) => writeFile(path, Buffer.alloc((await stat(path)).size)),
      'unreadable',
    ],
  ] as const;

  test.each(DAMAGES)('is named when it is %s', async (_what, damage, words) => {
    const told: FoundDamage[] = [];
    const failure = await withDamage(
      damage,
      'select max(time), max(symbol), sum(close), sum(volume) from ticks',
      { onDamage: (found) => void told.push(found) },
    );
    expect(told).toEqual([
      { damaged: [{ key: 'ticks/1.parquet', what: expect.stringMatching(words) }], sound: [] },
    ]);
    expect(failure).toMatchObject({
      code: 'SEGMENT_UNREADABLE',
      message: expect.stringMatching(new RegExp(`ticks/1.parquet is ${words}`)),
      hint: expect.stringContaining('tierd scrub'),
    });
  });

  test.each([
    ...DAMAGES,
    [
      'altered in one bit',
      async (path: string) => {
        const bytes = await readFile(path);
        bytes[500] = (bytes[500] ?? 0) ^ 1;
        await writeFile(path, bytes);
      },
      '',
    ],
  ] as const)(
    'is left out where who asks wants that, and said, when it is %s',
    async (_what, damage) => {
      const told: FoundDamage[] = [];
      const answer = await withDamage(
        damage,
        'select count(*)::int as n, count(distinct time::date)::int as days from ticks',
        { onBadSegment: 'skip', onDamage: (found) => void told.push(found) },
      );
      expect(answer).toMatchObject({
        text: '{"n":200,"days":2}\n',
        summary: {
          segmentsRead: 2,
          segmentsLive: 3,
          segmentsSkipped: ['ticks/1.parquet'],
          repeatable: null,
          notes: [
            expect.stringMatching(
              /^this is not the whole answer: 1 damaged segment was left out, with 100 rows: ticks\/1.parquet is /,
            ),
          ],
        },
      });
      expect(told).toMatchObject([
        { damaged: [{ key: 'ticks/1.parquet' }], sound: ['ticks/0.parquet', 'ticks/2.parquet'] },
      ]);
    },
  );

  test('leaves an empty table where all are damaged, and a whole one where none is', async () => {
    const all = await withDamage(
      async (_path, root) => {
        for (const day of ['0', '1', '2']) await rm(join(root, `ticks/${day}.parquet`));
      },
      'select count(*)::int as n, max(symbol) as s from ticks',
      { onBadSegment: 'skip' },
    );
    expect(all).toMatchObject({
      text: '{"n":0,"s":null}\n',
      summary: { segmentsRead: 0, segmentsSkipped: { length: 3 } },
    });
    const none = await withDamage(async () => undefined, 'select count(*)::int as n from ticks', {
      onBadSegment: 'skip',
    });
    expect(none).toMatchObject({
      text: '{"n":300}\n',
      summary: { segmentsSkipped: [], notes: [] },
    });
  });

  test('does not hinder a query that does not need it', async () => {
    const answer = await withDamage(
      (path) => rm(path),
      `select sum(volume) as v from ticks where time >= '2024-01-03'`,
    );
    expect(answer).toMatchObject({ text: '{"v":4950}\n' });
  });
});

describe('a table that changed while it was rotated', () => {
  async function evolved(...selects: readonly string[]) {
    const own = await createTestLake();
    for (const [index, select] of selects.entries()) {
      await own.add('ticks', `ticks/${String(index)}.parquet`, select, 'epoch_us(time)');
    }
    return own;
  }
  const at = (day: number) => `timestamptz '2024-01-0${String(day)} 00:00:00+00' as time`;

  test('has the columns of all segments, null where a segment lacks them', async () => {
    const own = await evolved(
      `select ${at(1)}, 1 as dropped, 'a' as kept`,
      `select ${at(2)}, 'b' as kept, 2 as added`,
    );
    try {
      const { text } = await askLake(own, 'select * from ticks order by time');
      expect(lines(text)).toEqual([
        { time: '2024-01-01T00:00:00.000000Z', kept: 'a', added: null, dropped: 1 },
        { time: '2024-01-02T00:00:00.000000Z', kept: 'b', added: 2, dropped: null },
      ]);
      const only = await askLake(
        own,
        `select dropped, added from ticks where time > '2024-01-01 12:00:00'`,
      );
      expect(lines(only.text)).toEqual([{ dropped: null, added: 2 }]);
    } finally {
      await own.destroy();
    }
  });

  test('I6: has a type that holds the values of all segments exactly', async () => {
    const own = await evolved(
      `select ${at(1)}, 1::integer as n, 0.12::decimal(4,2) as p, 7::bigint as t`,
      `select ${at(2)}, 9007199254740993::bigint as n, 12345678.123456::decimal(20,6) as p, '1e400' as t`,
    );
    try {
      const { text } = await askLake(
        own,
        `select n::varchar as n, p::varchar as p, t, typeof(n) as types from ticks order by time`,
      );
      expect(lines(text)).toEqual([
        { n: '1', p: '0.120000', t: '7', types: 'BIGINT' },
        { n: '9007199254740993', p: '12345678.123456', t: '1e400', types: 'BIGINT' },
      ]);
      // The bounds of a number are no bounds of its text: '7' > '1e400', 7 < 10.
      const found = await askLake(own, `select count(*) as n from ticks where t >= '1f'`);
      expect(lines(found.text)).toEqual([{ n: 1 }]);
    } finally {
      await own.destroy();
    }
  });

  test('is refused, by column and segment, where no type holds all and the query may need it', async () => {
    const own = await evolved(
      `select ${at(1)}, 'A' as symbol, 1 as n`,
      `select ${at(2)}, 'B' as symbol, timestamp '2024-01-01' as n`,
    );
    try {
      await own.add('news', 'news/a.parquet', `select 1 as time, 7 as n`, 'time');
      const needing = [
        'select n from ticks',
        'select * from ticks',
        'select ticks.* from ticks',
        'select t from ticks t',
        'select columns(c -> true) from ticks',
        'from ticks',
        'select 1 from ticks natural join news',
        'select 1 from ticks join news using (n)',
        'select 1 from ticks as t(a, b, c)',
        // Without it in `ticks` it would be that of `news`.
        'select (select max(n) from ticks) from news',
        "select time from (pivot ticks on symbol in ('A', 'B') using count(*))",
        'describe ticks',
        'summarize ticks',
      ];
      for (const sql of needing) {
        await expect(askLake(own, sql), sql).rejects.toMatchObject({
          code: 'COLUMN_TYPE_CHANGED',
          message: expect.stringMatching(
            /"n".*TIMESTAMP in 1 segment such as ticks\/1.parquet.*INTEGER.*ticks\/0.parquet/,
          ),
        });
      }
      const answers = new Map([
        ['select count(*) as c from ticks', '{"c":2}\n'],
        ["select symbol from ticks where time < '2024-01-02'", '{"symbol":"A"}\n'],
        [
          'select max(symbol) as m, (select count(*) from ticks) as c from ticks',
          '{"m":"B","c":2}\n',
        ],
      ]);
      for (const [sql, text] of answers) expect((await askLake(own, sql)).text).toBe(text);
      expect((await askLake(own, 'select count(*) as n from news')).text).toBe('{"n":1}\n');
    } finally {
      await own.destroy();
    }
  });
});
