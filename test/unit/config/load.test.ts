import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type TierdConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/domain/problem.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

const MINIMAL = `
postgres: { url: "postgres://tierd@db/market" }
lake: { type: local, path: lake }
datasets: { news: { time_column: published_at } }
`;

function load(text: string, env: Record<string, string> = {}): TierdConfig {
  const directory = directoryWith({ 'unified_config.yaml': text });
  return loadConfig({ env, workingDirectory: directory });
}

function problems(text: string, env: Record<string, string> = {}): string[] {
  return problemsOf(errorOf(() => load(text, env))).map(formatProblem);
}

/** MINIMAL with one section more, or one replaced. */
function withSection(section: string): string {
  const name = section.trim().split(':', 1)[0] ?? '';
  const rest = MINIMAL.split('\n').filter((line) => !line.startsWith(`${name}:`));
  return [section, ...rest].join('\n');
}

/** As `withSection`, for sections each on a line. */
function withSections(sections: string): string {
  const names = sections.split('\n').map((section) => section.split(':')[0] ?? '');
  const isReplaced = (line: string): boolean => names.some((name) => line.startsWith(`${name}:`));
  return [sections, ...MINIMAL.split('\n').filter((line) => !isReplaced(line))].join('\n');
}

describe('a minimal file', () => {
  it('gets every default', () => {
    const config = load(MINIMAL);
    expect(config.lifecycle).toEqual({
      hotDays: 30,
      archiveOnBackfill: true,
      autoRotation: { enabled: true, schedule: '0 2 * * *' },
    });
    expect(config.datasets).toEqual([
      {
        name: 'news',
        table: { schema: 'public', name: 'news' },
        timeColumn: 'published_at',
        slice: 'day',
        hotDays: 30,
        autoRotation: true,
        sortBy: ['published_at'],
        columns: {},
        portable: false,
        iceberg: false,
        verify: 'standard',
        onColdDuplicate: 'newest',
        targetFileBytes: 256 * 1024 ** 2,
        parquet: { codec: 'zstd', zstdLevel: 1, rowGroupRows: 61_440 },
        limits: {
          maxShare: 0.5,
          maxShareMinRows: 10_000,
          maxClockSkewMs: 5 * 60_000,
          maxClockJumpMs: 30 * 86_400_000,
          maxFutureMs: 86_400_000,
          maxReplicaLagMs: 30_000,
          maxRowsPerSecond: 0,
          pauseBetweenSlicesMs: 0,
          minFreeBytes: 1024 ** 3,
        },
      },
    ]);
    expect(config.log).toEqual({ level: 'info', format: 'text' });
  });

  it('has its paths relative to the file, not to where tierd was started', () => {
    const directory = directoryWith({ 'other.yaml': MINIMAL });
    const config = loadConfig({
      file: join(directory, 'other.yaml'),
      env: {},
      workingDirectory: '/',
    });
    expect(config.lake).toMatchObject({
      type: 'local',
      root: join(directory, 'lake/cold_storage'),
    });
  });

  it('treats a section whose lines are all commented out as empty', () => {
    expect(load(`${MINIMAL}maintenance:\n  # threads: 4\n`).maintenance.threads).toBe(2);
    expect(load(`${MINIMAL}storage:\n  lifecycle:\n    guards:\n`).lifecycle.hotDays).toBe(30);
  });
});

describe('where the file is found', () => {
  const place = (directory: string, env: Record<string, string> = {}, file?: string) => ({
    env,
    workingDirectory: directory,
    file,
  });

  it('--config wins over TIERD_CONFIG, which wins over the usual places', () => {
    const directory = directoryWith({
      'unified_config.yaml': MINIMAL,
      'env.yaml': MINIMAL,
      'flag.yaml': MINIMAL,
    });
    const env = { TIERD_CONFIG: 'env.yaml' };
    expect(loadConfig(place(directory)).file).toBe(join(directory, 'unified_config.yaml'));
    expect(loadConfig(place(directory, env)).file).toBe(join(directory, 'env.yaml'));
    expect(loadConfig(place(directory, env, 'flag.yaml')).file).toBe(join(directory, 'flag.yaml'));
  });

  it('a named file that is missing is an error, even where another would be found', () => {
    const directory = directoryWith({ 'unified_config.yaml': MINIMAL });
    const error = errorOf(() => loadConfig(place(directory, { TIERD_CONFIG: 'gone.yaml' })));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exitCode: 2 });
    expect(error.message).toContain(join(directory, 'gone.yaml'));
    expect(error.hint).toContain('TIERD_CONFIG');
  });

  it('without any file the error lists where tierd looked', () => {
    const directory = directoryWith({});
    const error = errorOf(() => loadConfig(place(directory)));
    expect(error.message).toContain(join(directory, 'config/unified_config.yaml'));
    expect(error.message).toContain('/etc/tierd/unified_config.yaml');
  });
});

/** Eight lists, each of nine times the one before: 43 million items when written out. */
const ALIAS_BOMB = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  .map((name, index, names) => {
    const item = index === 0 ? 'x' : `*${names[index - 1] ?? ''}`;
    return `${name}: &${name} [${Array.from({ length: 9 }, () => item).join(', ')}]\n`;
  })
  .join('');

describe('a file that is not even YAML', () => {
  it.each([
    ['a tab as indentation', 'postgres:\n\turl: x\n', 'line 2: a tab is used to indent'],
    [
      'a key written twice',
      'log: {}\nlake: {}\nlog: {}\n',
      'line 3: the key "log" is written twice',
    ],
    ['a second document', 'log: {}\n---\nlog: {}\n', 'line 2: a second document begins here'],
    [
      'an unclosed bracket',
      'datasets: [a, b\n',
      'line 2: the indentation is wrong, or a colon, quote or bracket is missing',
    ],
    [
      'an alias to itself',
      'log: &a { level: *a }\n',
      "an alias (*name) or merge (<<) can't be followed",
    ],
    ['an alias to nothing', 'log: *gone\n', "can't be followed"],
    [
      'a merge of what is no mapping',
      'log:\n  <<: 5\n',
      "can't be followed: Merge sources must be maps",
    ],
    ['a bomb of aliases', ALIAS_BOMB, "can't be followed: Excessive alias count"],
    ['an empty file', '', 'found an empty file, expected sections such as postgres:'],
    ['only comments', '# nothing\n', 'found an empty file'],
    ['a list', '- a\n- b\n', 'found a list'],
    ['plain text', 'hello\n', 'found "hello"'],
  ])('%s', (_, text, message) => {
    expect(problems(text).join('\n')).toContain(message);
  });

  it('bytes that are not UTF-8', () => {
    const directory = directoryWith({ 'unified_config.yaml': new Uint8Array([0x6c, 0xff, 0xfe]) });
    const error = errorOf(() => loadConfig({ env: {}, workingDirectory: directory }));
    expect(problemsOf(error)).toEqual([{ where: '', message: 'the file is not UTF-8 text' }]);
  });
});

describe('values that are wrong', () => {
  const lifecycle = (line: string): string => withSection(`storage: { lifecycle: { ${line} } }`);
  const dataset = (line: string): string =>
    withSection(`datasets: { news: { time_column: t, ${line} } }`);
  const guard = (line: string): string => lifecycle(`guards: { ${line} }`);
  const file = 'storage.lifecycle';

  it.each([
    [
      lifecycle('hot_days: thirty'),
      `${file}.hot_days (line 1): found "thirty", expected a whole number of days from 0 to 36,500`,
    ],
    [lifecycle('hot_days: 1.5'), 'found 1.5, expected a whole number of days'],
    [lifecycle('hot_days: -1'), 'found -1, expected a whole number of days'],
    [lifecycle('hot_days: .nan'), 'expected a whole number of days'],
    [lifecycle('hot_days:'), 'found nothing, expected a whole number of days'],
    [lifecycle('archive_on_backfill: yes'), 'found "yes", expected true or false'],
    [
      lifecycle('auto_rotation: { schedule: "61 2 * * *" }'),
      'found "61 2 * * *", expected five cron fields',
    ],
    [lifecycle('auto_rotation: { schedule: daily }'), 'expected five cron fields'],
    [lifecycle('auto_rotation: on'), 'found "on", expected a mapping'],
    [
      lifecycle('hot_intervals: 1day'),
      'found "1day", expected a list of intervals, such as [1day]',
    ],
    [
      lifecycle('hot_intervals: [5]'),
      'hot_intervals[0] (line 1): found 5, expected some text: put it in "quotes"',
    ],
    [guard('max_share: 50'), 'found 50, expected a share between 0 and 1'],
    [guard('max_share: 0'), 'found 0, expected a share between 0 and 1'],
    [guard('max_future: 300'), 'found 300, expected a duration with its unit'],
    [guard('max_future: 5m'), 'found "5m", expected a duration with its unit'],
    [guard('max_rows_per_second: fast'), 'expected a whole number from 0'],
    [
      dataset('slice: week'),
      'datasets.news.slice (line 1): found "week", expected hour, day or month',
    ],
    [dataset('time_unit: minutes'), 'found "minutes", expected s, ms, us or ns'],
    [dataset('verify: paranoid'), 'expected standard or independent'],
    [dataset('target_file_mb: 5GB'), 'found "5GB", expected a whole number of MB from 1 to 4,096'],
    [
      dataset('columns: { price: json }'),
      'datasets.news.columns.price (line 1): found "json", expected native, text or "decimal(digits,scale)"',
    ],
    [
      dataset('columns: { price: "decimal(10,12)" }'),
      'datasets.news.columns.price (line 1): found "decimal(10,12)", expected native, text or',
    ],
    [
      dataset('columns: { price: "decimal(39,2)" }'),
      'datasets.news.columns.price (line 1): found "decimal(39,2)", expected native, text or',
    ],
    [dataset('table: "a.b.c"'), 'found "a.b.c", expected a table as the catalogue spells it'],
    [dataset('sort_by: [a, b, a]'), 'sort_by[2] (line 1): the column a is already in the list'],
    [
      dataset('parquet: { codec: snappy, zstd_level: 3 }'),
      'parquet.zstd_level (line 1): stands beside codec snappy',
    ],
    [
      dataset('parquet: { row_group_rows: 5000 }'),
      'found 5000, expected a multiple of 2,048 rows, from 2,048 to 1,048,576',
    ],
    [dataset('parquet: { codec: lzo }'), 'expected zstd, snappy, gzip or uncompressed'],
    [
      withSection('datasets: { news: { time_column: 5 } }'),
      'found 5, expected the name of a column: put it in "quotes"',
    ],
    [
      withSection('datasets: { news: {} }'),
      'datasets.news.time_column (line 1): missing, expected the name of a column',
    ],
    [withSection('datasets: { news: }'), 'datasets.news.time_column (line 1): missing'],
    [withSection('datasets: {}'), 'found an empty mapping, expected at least one dataset'],
    [withSection('datasets: [news]'), 'found a list, expected a mapping'],
    [
      withSection('lake: { type: tape }'),
      'lake.type (line 1): found "tape", expected a store: "local" or "s3"',
    ],
    [withSection('lake: { path: x }'), 'lake.type (line 1): missing'],
    [
      withSection('lake: { type: local, path: "" }'),
      'lake.path (line 1): found "", expected some text',
    ],
    [
      withSection('lake: { type: local, path: x, min_free: 5 }'),
      'found 5, expected a size with its unit',
    ],
    [
      withSection('maintenance: { memory_limit: 1 gig }'),
      'found "1 gig", expected a size with its unit',
    ],
    [withSection('maintenance: { threads: 0 }'), 'found 0, expected a whole number from 1 to 256'],
    [
      withSection('log: { level: loud }'),
      'found "loud", expected debug, info, warn, error or silent',
    ],
    [
      withSection('postgres: { host: h, database: d, port: 99999 }'),
      'found 99999, expected a whole number from 1 to 65,535',
    ],
    [
      withSection('postgres: { host: h, database: d, ssl: prefer }'),
      'expected disable, require or verify-full',
    ],
  ])('%s', (text, message) => {
    const [first, ...more] = problems(text).filter((each) => !each.includes('has no effect'));
    expect(first).toContain(message);
    expect(more).toEqual([]);
  });
});

describe('keys that tierd does not know', () => {
  it.each([
    [
      'storage: { lifecycle: { hot_day: 3 } }',
      'storage.lifecycle.hot_day (line 1): unknown key; did you mean hot_days?',
    ],
    ['datasets: { news: { time_column: t, hotDays: 3 } }', 'unknown key; did you mean hot_days?'],
    ['lake: { type: local, path: x, minfree: 1GB }', 'unknown key; did you mean min_free?'],
    ['log: { colour: blue }', 'log.colour (line 1): unknown key, expected one of level, format'],
    ['dataset: {}', 'dataset (line 1): unknown section; did you mean datasets?'],
    ['zebra: {}', 'unknown section, expected one of postgres, redis, lake, storage'],
  ])('%s', (section, message) => {
    expect(problems(withSection(section))).toEqual([expect.stringContaining(message)]);
  });

  it('tells once of a number that breaks two rules', () => {
    const section = 'datasets: { ticks: { time_column: t, parquet: { row_group_rows: 100 } } }';
    expect(problems(withSection(section))).toHaveLength(1);
  });

  it('are not taken into the prototype of anything', () => {
    expect(problems(withSection('datasets: { __proto__: { time_column: t } }')).join()).toContain(
      'expected a dataset name',
    );
  });

  it.each([
    ['datasets: { p: { time_column: t, columns: { __proto__: text } } }', 'datasets.p.columns'],
    [
      'datasets: { p: { time_column: t } }, drain: { rules: { p: { ranges: { __proto__: { min: 1 } } } } }',
      'drain.rules.p.ranges',
    ],
  ])('are not left out without a word: %s', (sections, where) => {
    const text = sections.replaceAll(/, (?=drain:)/g, '\n');
    expect(problems(withSection(text))).toContainEqual(
      expect.stringMatching(`^${where.replaceAll('.', '\\.')}\\.__proto__ .*can't be written here`),
    );
  });
});

describe('values that contradict each other', () => {
  it.each([
    ['datasets: { news: { time_column: t, cold_days: 3 } }', 'datasets.news.cold_days'],
    [
      'datasets: { news: { time_column: t, cold_days: 60, hot_days: 60 } }',
      'datasets.news.cold_days',
    ],
    ['storage: { lifecycle: { cold_days: 30 } }', 'storage.lifecycle.cold_days'],
    [
      'storage: { lifecycle: { hot_days: 3, cold_days: 10 } }\ndatasets: { news: { time_column: t, hot_days: 20 } }',
      'datasets.news.hot_days',
    ],
  ])('rows would be gone as soon as they are cold: %s', (section, path) => {
    const [first, ...more] = problems(withSections(section));
    expect(first).toContain(path);
    expect(first).toContain('is not more than hot_days');
    expect(more).toEqual([]);
  });

  it.each([
    [
      'datasets: { a: { time_column: t, interval_column: i, cold_days_by_interval: { 1m: 30, 1d: 90 } } }',
      [
        'datasets.a.cold_days_by_interval.1m (line 1): cold_days of 1m (30) is not more than hot_days (30)',
      ],
    ],
    [
      'storage: { lifecycle: { cold_days: 60, cold_days_by_interval: { 1d: 90 } } }\ndatasets: { a: { time_column: t, interval_column: i, hot_days: 100 } }',
      ['datasets.a.hot_days (line 2): cold_days of 1d (90) is not more than hot_days (100)'],
    ],
    [
      'datasets: { a: { time_column: t, interval_column: i, cold_days: 60, cold_days_by_interval: { 1d: 90 } } }',
      ['datasets.a.cold_days (line 1): stands beside cold_days_by_interval'],
    ],
    [
      'datasets: { a: { time_column: t, cold_days_by_interval: { 1d: 90 } } }',
      ['datasets.a.cold_days_by_interval (line 1): has no effect without interval_column'],
    ],
  ])('cold days by interval: %s', (section, expected) => {
    const found = problems(withSections(section));
    expect(found).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(found[index]).toContain(text);
  });

  it('cold days by interval take the place of cold_days, and a dataset may say so of itself', () => {
    const { datasets } = load(
      withSections(
        `storage: { lifecycle: { cold_days: 60, cold_days_by_interval: { 1m: 3, 1d: 90 }, hot_intervals: [1d] } }
datasets: { a: { time_column: t, interval_column: i }, b: { time_column: t }, c: { time_column: t, interval_column: i, cold_days: 70 }, d: { time_column: t, interval_column: i, cold_days_by_interval: { 1d: 50 } } }`,
      ),
    );
    expect(
      datasets.map(({ coldDays, coldDaysByInterval }) => coldDaysByInterval ?? coldDays),
    ).toEqual([{ '1m': 3, '1d': 90 }, 60, 70, { '1d': 50 }]);
    expect(datasets.every((one) => !(one.coldDays && one.coldDaysByInterval))).toBe(true);
  });

  it.each([
    [
      'datasets: { news: { time_column: t, interval_column: i } }',
      'interval_column (line 1): has no effect without hot_intervals',
    ],
    [
      'datasets: { news: { time_column: t, hot_intervals: [1day] } }',
      'hot_intervals (line 1): has no effect without interval_column',
    ],
    [
      'storage: { lifecycle: { hot_intervals: [1day] } }',
      'has no effect: no dataset names its interval_column',
    ],
    [
      'datasets: { a: { time_column: t, table: public.x }, b: { time_column: t, table: x } }',
      'public.x already belongs to datasets.a',
    ],
    [
      'datasets: { a: { time_column: t, table: b }, b: { time_column: t } }',
      'datasets.b.table (line 1): public.b already belongs to datasets.a',
    ],
    [
      'postgres: {}',
      'postgres (line 1): says nowhere to connect to, expected url, url_file or host',
    ],
    ['postgres: { user: u }', 'says nowhere to connect to'],
    ['postgres: { host: h }', 'postgres.database (line 1): missing'],
    ['postgres: { url: "postgres://h/d", host: h }', 'postgres.host (line 1): stands beside url'],
    [
      'postgres: { url: "postgres://h/d", url_file: f }',
      'postgres.url_file (line 1): stands beside url',
    ],
    [
      'postgres: { url: "postgres://h/d?sslmode=require", ssl: verify-full }',
      'has an sslmode while ssl is set too',
    ],
    [
      'postgres: { host: h, database: d, ssl_ca_file: ca }',
      'postgres.ssl_ca_file (line 1): has no effect without TLS',
    ],
    ...[
      '{ url: "postgres://h/d", ssl_ca_file: ca }',
      '{ url: "postgres://h/d?sslmode=disable", ssl_ca_file: ca }',
      '{ url: "postgres://u:sslmode=require@h/d", ssl_ca_file: ca }',
    ].map((section) => [
      `postgres: ${section}`,
      'postgres.url (line 1): has no sslmode that asks for TLS, without which ssl_ca_file',
    ]),
    [
      'postgres: { url: "postgres://h:6432/d?sslmode=verify-full", direct_url: "postgres://h/d", ssl_ca_file: ca }',
      'postgres.direct_url (line 1): has no sslmode that asks for TLS',
    ],
    [
      'postgres: { url: "postgres://h:6432/d", direct_url: "postgres://h/d?sslmode=verify-full", ssl_ca_file: ca }',
      'postgres.url (line 1): has no sslmode that asks for TLS',
    ],
    [
      'postgres: { url: "postgres://h:6432/d?sslmode=disable", direct_url: "postgres://h/d?sslmode=disable", ssl_ca_file: ca }',
      'postgres.direct_url (line 1): has no sslmode that asks for TLS',
    ],
    [
      'postgres: { url: "mysql://h/d" }',
      'found something that is not such a URL, expected postgres://',
    ],
  ])('%s', (section, message) => {
    const found = problems(withSection(section));
    expect(found).toContainEqual(expect.stringContaining(message));
  });

  it.each(['News', '9news', 'ne-ws', '"news/../x"', '"select 1"', 'a'.repeat(64)])(
    'a dataset may not be called %s',
    (name) => {
      expect(problems(withSection(`datasets: { ${name}: { time_column: t } }`))).toEqual([
        expect.stringContaining('expected a dataset name'),
      ]);
    },
  );
});

it('every problem is told at once, in the order of the file, each with its line', () => {
  const text = `
postgres:
  url: \${NOT_SET}
lake:
  type: local
  path: 5
storage:
  lifecycle:
    hot_days: many
    hot_dayz: 1
datasets:
  Bad-Name:
    slice: week
  news:
    time_column: t
    hot_intervals: [1day]
backup: {}
`;
  expect(problems(text)).toEqual([
    'postgres.url (line 3): the environment variable NOT_SET is not set',
    'lake.path (line 6): found 5, expected some text: put it in "quotes"',
    expect.stringMatching(/^storage\.lifecycle\.hot_days \(line 9\): found "many"/),
    'storage.lifecycle.hot_dayz (line 10): unknown key; did you mean hot_days?',
    'datasets.Bad-Name.time_column (line 12): missing, expected the name of a column',
    expect.stringMatching(/^datasets\.Bad-Name \(line 12\): found "Bad-Name"/),
    expect.stringMatching(/^datasets\.Bad-Name\.slice \(line 13\): found "week"/),
    expect.stringMatching(/^datasets\.news\.hot_intervals \(line 16\): has no effect/),
    'backup.path (line 17): missing, expected some text',
  ]);
});

it('lines are found through anchors, aliases and merges', () => {
  const text = `
postgres: { url: "postgres://h/d" }
lake: { type: local, path: x }
datasets:
  a: &defaults
    time_column: t
    slice: week
  b:
    <<: *defaults
    table: other
  c: *defaults
`;
  expect(problems(text)).toEqual([
    expect.stringMatching(/^datasets\.a\.slice \(line 7\)/),
    expect.stringMatching(/^datasets\.b\.slice \(line 7\)/),
    expect.stringMatching(/^datasets\.c\.slice \(line 7\)/),
  ]);
});

describe('variables', () => {
  const withUrl = (url: string): string => withSection(`postgres: { url: "${url}" }`);

  it('are replaced anywhere in a value, with defaults for the unset and the empty', () => {
    const url = 'postgres://${PG_USER:-tierd}:${PG_PASSWORD}@${PG_HOST:-localhost}/market';
    const config = load(withUrl(url), { PG_PASSWORD: 'pw', PG_HOST: '' });
    expect(config.postgres.url).toBe('postgres://tierd:pw@localhost/market');
  });

  it('may hold what would be YAML, and stay one value', () => {
    const secret = 'a: b # {c}\n- "d" ${HOME} \\ \'';
    const config = load(withSection('postgres: { host: h, database: d, password: "${SECRET}" }'), {
      SECRET: secret,
    });
    expect(decodeURIComponent(new URL(config.postgres.url).password)).toBe(secret);
  });

  it('become numbers and booleans where these are wanted, and stay text where text is', () => {
    const config = load(
      `${withSection('storage: { lifecycle: { hot_days: "${DAYS}", archive_on_backfill: "${NO}" } }')}
maintenance: { threads: "\${THREADS:-3}", temp_dir: "\${DAYS}" }`,
      { DAYS: '60', NO: 'false' },
    );
    expect(config.lifecycle).toMatchObject({ hotDays: 60, archiveOnBackfill: false });
    expect(config.maintenance.threads).toBe(3);
    expect(config.maintenance.tempDirectory).toMatch(/\/60$/);
  });

  it('a number in quotes is no number unless it came from a variable', () => {
    expect(problems(withSection('maintenance: { threads: "3" }'))).toEqual([
      expect.stringContaining('found "3"'),
    ]);
  });

  it('are named when what they hold is wrong', () => {
    const text = withSection('maintenance: { threads: "${THREADS}" }');
    expect(problems(text, { THREADS: 'many' })).toEqual([
      'maintenance.threads (line 1): found "many", from ${THREADS}, expected a whole number from 1 to 256',
    ]);
  });

  it('that are missing are all named, once each', () => {
    expect(problems(withUrl('postgres://${A}:${B}@h/d'))).toEqual([
      'postgres.url (line 1): the environment variable A is not set',
      'postgres.url (line 1): the environment variable B is not set',
    ]);
  });

  it.each(['${}', '${1A}', '${A B}', '${A', '${A:=x}'])('%s is not a reference', (reference) => {
    expect(problems(withUrl(reference), { A: 'x' })).toEqual([
      expect.stringContaining('is not a reference to a variable'),
    ]);
  });

  it('$${ is a plain ${', () => {
    const config = load(withSection('maintenance: { temp_dir: "/tmp/$${A}" }'), { A: 'x' });
    expect(config.maintenance.tempDirectory).toBe('/tmp/${A}');
  });
});

describe('the connection', () => {
  const url = (section: string, env: Record<string, string> = {}): string =>
    load(withSection(`postgres: { ${section} }`), env).postgres.url;

  it('is one URL, whichever way it was written', () => {
    expect(url('host: db, database: market')).toBe('postgres://db:5432/market');
    expect(url('host: db, port: 6432, user: u, password: "p@:/?#", database: m')).toBe(
      'postgres://u:p%40%3A%2F%3F%23@db:6432/m',
    );
    expect(new URL(url('host: /run/postgresql, database: m')).searchParams.get('host')).toBe(
      '/run/postgresql',
    );
  });

  it('carries the encryption, in the meaning that psql gives the words', () => {
    const parameters = (text: string): Record<string, string> =>
      Object.fromEntries(new URL(url(text)).searchParams);
    expect(parameters('host: h, database: d')).toEqual({});
    expect(parameters('host: h, database: d, ssl: disable')).toEqual({ sslmode: 'disable' });
    expect(parameters('host: h, database: d, ssl: require')).toEqual({
      sslmode: 'require',
      uselibpqcompat: 'true',
    });
    expect(parameters('url: "postgres://h/d", ssl: verify-full, ssl_ca_file: /ca.pem')).toEqual({
      sslmode: 'verify-full',
      sslrootcert: '/ca.pem',
    });
    expect(parameters('url: "postgres://h/d?sslmode=require"')).toMatchObject({
      uselibpqcompat: 'true',
    });
  });

  it('names its authority relative to the configuration', () => {
    const { sslrootcert } = Object.fromEntries(
      new URL(url('host: h, database: d, ssl: verify-full, ssl_ca_file: tls/ca.pem')).searchParams,
    );
    expect(sslrootcert).toMatch(/^\/.*\/tls\/ca\.pem$/);
  });

  it('for the lease and VACUUM is the same unless there is a way past the pooler', () => {
    const both = (section: string) => load(withSection(`postgres: { ${section} }`)).postgres;
    expect(both('url: "postgres://h/d"').directUrl).toBe('postgres://h/d');
    expect(both('url: "postgres://h:6432/d", direct_url: "postgres://h/d"').directUrl).toBe(
      'postgres://h/d',
    );
  });

  it.each(['direct_url: "postgres://h/d?sslmode=verify-full"', 'direct_url_file: direct'])(
    'past a pooler is secured by the authority that is named, the one to the pooler is not: %s',
    (direct) => {
      const section = `{ url: "postgres://p/d?sslmode=disable", ${direct}, ssl_ca_file: /ca.pem }`;
      const directory = directoryWith({
        'unified_config.yaml': withSection(`postgres: ${section}`),
        direct: 'postgres://h/d?sslmode=verify-full',
      });
      const { postgres } = loadConfig({ env: {}, workingDirectory: directory });
      expect(new URL(postgres.url).searchParams.get('sslmode')).toBe('disable');
      expect(Object.fromEntries(new URL(postgres.directUrl).searchParams)).toEqual({
        sslmode: 'verify-full',
        sslrootcert: '/ca.pem',
      });
    },
  );
});

describe('secrets in files', () => {
  const load = (postgres: string, files: Record<string, string>): TierdConfig => {
    const text = withSection(`postgres: { ${postgres} }`);
    const directory = directoryWith({ 'unified_config.yaml': text, ...files });
    return loadConfig({ env: {}, workingDirectory: directory });
  };

  it('are read without the newline at their end', () => {
    expect(load('url_file: url', { url: 'postgres://u:p@h/d\n' }).postgres.url).toBe(
      'postgres://u:p@h/d',
    );
    const { url } = load('host: h, database: d, user: u, password_file: pw', {
      pw: ' s3 \r\n',
    }).postgres;
    expect(decodeURIComponent(new URL(url).password)).toBe(' s3 ');
  });

  it.each([
    ['missing', {}, 'postgres.url_file (line 1): url cannot be read (there is no such file)'],
    ['empty', { url: '\n' }, 'postgres.url_file (line 1): url is empty'],
    ['wrong', { url: 'sesame' }, 'found something that is not such a URL'],
  ])('a file that is %s is a problem like any other', (_, files, message) => {
    const error = errorOf(() => load('url_file: url', files));
    expect(problemsOf(error).map(formatProblem)).toEqual([expect.stringContaining(message)]);
    expect(JSON.stringify(error.context)).not.toContain('sesame');
  });

  it('are looked at for TLS where an authority is named', () => {
    const error = errorOf(() => load('url_file: url, ssl_ca_file: ca', { url: 'postgres://h/d' }));
    expect(problemsOf(error).map(formatProblem)).toEqual([
      expect.stringContaining('postgres.url_file (line 1): has no sslmode that asks for TLS'),
    ]);
  });
});

it('no problem ever shows a secret', () => {
  const text = withSection(
    'postgres: { url: "postgres://u:hunter2@h:port/d", password: 12345678, port: "postgres://u:hunter2@h/d" }',
  );
  const error = errorOf(() => load(text));
  expect(JSON.stringify(error.context)).not.toMatch(/hunter2|12345678/);
});

describe('tables', () => {
  it.each([
    ['ticks', 'public', 'ticks'],
    ['trading.ticks', 'trading', 'ticks'],
    ['"My.Schema"."Odd ""name"""', 'My.Schema', 'Odd "name"'],
    ['Ticks', 'public', 'Ticks'],
    ['TS Table', 'public', 'TS Table'],
    ['My Schema.TS Table', 'My Schema', 'TS Table'],
  ])('%s', (written, schema, name) => {
    const [dataset] = load(
      withSection(`datasets: { a: { time_column: t, table: '${written}' } }`),
    ).datasets;
    expect(dataset?.table).toEqual({ schema, name });
  });
});

it('a dataset inherits what it does not say, key by key', () => {
  const config = load(`${MINIMAL.replace(/datasets.*/, '')}
storage:
  lifecycle:
    hot_days: 10
    hot_intervals: [1day]
    guards: { max_share: 0.2, max_future: 2h }
datasets:
  bars:
    time_column: ts
    interval_column: interval
    hot_days: 20
    sort_by: [symbol]
    guards: { max_share: 1 }
  news: { time_column: ts, auto_rotation: false }
`);
  const [bars, news] = config.datasets;
  expect(bars).toMatchObject({
    hotDays: 20,
    intervalColumn: 'interval',
    hotIntervals: ['1day'],
    sortBy: ['symbol', 'ts'],
    limits: { maxShare: 1, maxFutureMs: 7_200_000 },
  });
  expect(news).toMatchObject({
    hotDays: 10,
    autoRotation: false,
    limits: { maxShare: 0.2, maxFutureMs: 7_200_000 },
  });
  expect(news).not.toHaveProperty('hotIntervals');
});
