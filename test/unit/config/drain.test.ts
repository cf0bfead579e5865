import { describe, expect, it } from 'vitest';
import { loadConfig, type TierdConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/domain/problem.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

const REST = `
postgres: { url: "postgres://tierd@db/market" }
redis: { host: cache }
lake: { type: local, path: lake }
datasets: { ticks: { time_column: ts }, bars: { time_column: ts } }
`;

function load(drain: string): TierdConfig {
  const directory = directoryWith({ 'unified_config.yaml': `${REST}drain:\n${drain}` });
  return loadConfig({ env: {}, workingDirectory: directory });
}

function problems(drain: string): string[] {
  return problemsOf(errorOf(() => load(drain))).map(formatProblem);
}

const source = (settings: string): string => `  sources:\n    one: { ${settings} }\n`;

describe('a source', () => {
  it('gets every default, and its columns become mappings', () => {
    const [one] = load(
      source(
        'kind: stream, keys: "ticks:{symbol}", dataset: ticks, columns: { symbol: "{symbol}", ts: $time, price: p }, constants: { venue: 7 }, types: { price: number }',
      ),
    ).drain.sources;
    expect(one).toMatchObject({
      name: 'one',
      live: {
        kind: 'stream',
        pattern: { glob: 'ticks:*', captures: ['symbol'] },
        group: 'tierd',
        startAt: '0',
        claimIdleMs: 60_000,
        trim: false,
      },
      format: 'hash',
      columns: [
        { column: 'symbol', origin: { from: 'capture', name: 'symbol' }, type: 'auto' },
        {
          column: 'ts',
          origin: { from: 'built-in', name: '$time' },
          onMissing: { then: 'reject' },
        },
        { column: 'price', origin: { from: 'field', name: 'p' }, type: 'number' },
        { column: 'venue', origin: { from: 'constant', text: '7' } },
      ],
      version: null,
      limits: { maxEntries: 5_000, maxBytes: 8 * 1024 ** 2 },
      maxEntryBytes: 1024 ** 2,
    });
  });

  it('may fill a column that is called as what every object has', () => {
    const [one] = load(
      source('kind: move, keys: "c:{symbol}", dataset: ticks, columns: { constructor: team }'),
    ).drain.sources;
    expect(one?.columns).toEqual([
      {
        column: 'constructor',
        origin: { from: 'field', name: 'team' },
        type: 'auto',
        onMissing: { then: 'reject' },
      },
    ]);
  });

  it('that is a claim leaves what it lacks as it is', () => {
    const [one] = load(
      source('kind: claim, keys: "c:{symbol}", dataset: ticks, columns: { price: p }'),
    ).drain.sources;
    expect(one?.columns[0]?.onMissing).toEqual({ then: 'null' });
  });

  it('takes the rules of its dataset, key by key', () => {
    const [one] = load(`
  rules:
    ticks: { ranges: { price: { above: 0 } }, max_future: 5min }
  sources:
    one:
      { kind: list, keys: l, dataset: ticks, columns: { price: p }, rules: { max_future: 1h } }
`).drain.sources;
    expect(one?.rules).toMatchObject({
      ranges: [{ column: 'price', above: 0 }],
      maxFutureMs: 3_600_000,
    });
  });
});

describe('mistakes in the drain', () => {
  it('are told all at once, each with its place', () => {
    expect(
      problems(`
  rules: { tick: {} }
  sources:
    one:
      kind: stream
      keys: "ticks:{symbol"
      dataset: tiks
      format: json
      columns: { a: $score, b: $nothing }
      types: { c: number }
    Two: { kind: list, keys: "l:{x}", dataset: ticks, columns: { a: "{y}" }, version: aa }
    three: { kind: move, keys: "l:{z}", dataset: ticks }
`),
    ).toEqual([
      'drain.rules.tick (line 8): found "tick", which is not under datasets; did you mean ticks?, expected the name of a dataset',
      'drain.sources.one.keys (line 12): found "ticks:{symbol": "{" is not a capture: write {name}, or {{ for a plain brace, expected a pattern such as tick:latest:{symbol}',
      'drain.sources.one.dataset (line 13): found "tiks", which is not under datasets; did you mean ticks?, expected the name of a dataset',
      "drain.sources.one.format (line 14): found json, which a stream can't be, expected hash",
      'drain.sources.one.columns.a (line 15): found $score, which a stream has not, expected it in a zset',
      'drain.sources.one.columns.b (line 15): found $nothing, which is no built-in, expected one of $key, $id, $time, $index, $entry, $score, $member, $value, $captured, $flags',
      'drain.sources.one.types.c (line 16): c is no column of this source; did you mean a?',
      'drain.sources.Two (line 17): found "Two", expected a source name: lower-case letters, digits and _, beginning with a letter, at most 63 long',
      'drain.sources.Two.columns.a (line 17): found {y}, which the keys do not capture, expected {x}',
      'drain.sources.Two.version (line 17): aa is no column of this source; did you mean a?',
      'drain.sources.three.columns (line 18): missing, expected at least one column',
      'drain.sources.three.keys (line 18): these keys already belong to drain.sources.Two, expected one source for each pattern',
    ]);
  });

  it('of kind and type name what is possible', () => {
    expect(
      problems(
        source('kind: queue, keys: k, dataset: ticks, columns: { a: b }, types: { a: float }'),
      ),
    ).toEqual([
      'drain.sources.one.kind (line 8): found "queue", expected snapshot, move, claim, list, stream or zset',
      'drain.sources.one.types.a (line 8): found "float", expected text, number, integer, boolean, json, bytes, time_s, time_ms, time_us, time_ns or time_iso',
    ]);
  });

  it('of same_key say which kinds have it, and what it excludes', () => {
    const rest = 'keys: k, dataset: ticks, columns: { ts: ts }';
    expect(problems(source(`kind: zset, same_key: last, ${rest}`))).toEqual([
      'drain.sources.one.same_key (line 8): found last, which a zset has not: what has one key there is one row, expected it in a list or stream',
    ]);
    expect(problems(source(`kind: list, same_key: first, version: ts, ${rest}`))).toEqual([
      'drain.sources.one.same_key (line 8): found first beside version, expected last, or no version',
    ]);
  });

  it('in rules name the column that is not mapped', () => {
    expect(
      problems(
        source(
          'kind: list, keys: k, dataset: ticks, columns: { price: p }, rules: { ranges: { prise: { min: 0 } } }',
        ),
      ),
    ).toEqual([
      'drain.sources.one.rules.ranges.prise (line 8): prise is no column of this source; did you mean price?',
    ]);
  });

  it('are none without a live store to read from, and one with sources', () => {
    const directory = directoryWith({
      'unified_config.yaml': `${REST.replace('redis: { host: cache }', '')}drain:\n${source('kind: list, keys: k, dataset: ticks, columns: { price: p }')}`,
    });
    expect(
      problemsOf(errorOf(() => loadConfig({ env: {}, workingDirectory: directory }))).map(
        formatProblem,
      ),
    ).toEqual([
      'drain.sources (line 7): there is no live store to read them from, expected the section redis',
    ]);
  });
});
