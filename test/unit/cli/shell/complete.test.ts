import { describe, expect, it } from 'vitest';
import { complete, datasetsIn, type KnownNames } from '../../../../src/cli/shell/complete.ts';
import { parseMetaCommand } from '../../../../src/cli/shell/meta-command.ts';

const KNOWN: KnownNames = {
  sources: ['ticks'],
  datasets: ['market_data', 'news'],
  columns: new Map([
    ['market_data', ['timestamp', 'symbol', 'close', 'a name']],
    ['news', ['at', 'headline']],
  ]),
};

const candidates = (typed: string, before = ''): readonly string[] =>
  complete(before, typed, KNOWN)[0];

describe('completion', () => {
  it.each([
    ['select * from ', ['market_data', 'news']],
    ['select * from ma', ['market_data']],
    ['select * from NE', ['news']],
    ['select * from hot.n', ['hot.news']],
    ['select * from ho', ['hot.market_data', 'hot.news']],
    ['select * from news join m', ['market_data']],
    ['describe n', ['news']],
    ['select * from market_data where sy', ['symbol']],
    ['select * from market_data m where m.cl', ['m.close']],
    ['select * from hot.market_data as m, news n where n.', ['n.at', 'n.headline']],
    ['select * from news where news.h', ['news.headline']],
    ['select * from market_data where market_data.a', ['market_data."a name"']],
    ['sel', ['select']],
    ['SEL', ['SELECT']],
    ['\\', ['\\d', '\\x', '\\f', '\\timing', '\\?', '\\q']],
    ['\\t', ['\\timing']],
    ['\\d n', ['news']],
    ['\\f c', ['csv']],
    ['select nobody.', []],
    ['select * from elsewhere where sy', []],
  ])('of %j', (typed, expected) => {
    expect(candidates(typed)).toEqual(expected);
  });

  it('knows the columns of what lines before named', () => {
    expect(candidates('where sym', 'select * from market_data\n')).toEqual(['symbol']);
    expect(candidates('', 'select headline from news where\n')).toEqual(['at', 'headline']);
  });

  it('replaces the word that it completes, and no more', () => {
    expect(complete('', 'select * from market_data where symbol = 1 and cl', KNOWN)).toEqual([
      ['close'],
      'cl',
    ]);
  });

  it('asks for the columns of the datasets that a statement names', () => {
    expect(datasetsIn('select 1 from NEWS n, other', KNOWN.datasets)).toEqual(['news']);
    expect(datasetsIn('select newsletter', KNOWN.datasets)).toEqual([]);
  });
});

describe('a command of the shell', () => {
  it.each([
    ['\\q', { kind: 'quit' }],
    ['  \\d ; ', { kind: 'list' }],
    ['\\d hot.news;', { kind: 'describe', name: 'hot.news' }],
    ['\\f csv', { kind: 'format', format: 'csv' }],
    ['\\f', { kind: 'show-format' }],
    ['\\x', { kind: 'expanded' }],
    ['\\timing', { kind: 'timing' }],
  ])('is read: %j', (line, expected) => {
    expect(parseMetaCommand(line)).toEqual(expected);
  });

  it.each([
    ['\\timming', /did you mean \\timing\?/],
    ['\\zzzzzz', /is no command of this shell \\\?/],
    ['\\f parquet', /--output FILE/],
    ['\\f xml', /there are table, expanded, json, ndjson, csv/],
  ])('that there is not says what there is: %j', (line, message) => {
    expect(parseMetaCommand(line)).toMatchObject({
      kind: 'unknown',
      message: expect.stringMatching(message) as string,
    });
  });
});
