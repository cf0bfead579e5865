import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { instant, wholeNumber } from '../../../src/cli/arguments.ts';
import { selectDatasets } from '../../../src/cli/select-datasets.ts';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { suggest } from '../../../src/domain/suggest.ts';
import { errorOf, problemsOf } from '../../support/config-file.ts';

describe('whole numbers', () => {
  const days = wholeNumber({ min: 0, max: 36_500 });

  it.each(['0', '60', '36500', '007'])('%s', (text) => {
    expect(days(text)).toBe(Number(text));
  });

  it.each(['', ' ', '-1', '1.5', '1e3', '0x10', '36501', 'many', '--json'])('not %j', (text) => {
    expect(() => days(text)).toThrow(new InvalidArgumentError('a whole number from 0 to 36,500'));
  });
});

describe('instants are UTC unless they say otherwise', () => {
  it.each([
    ['2024-01-15', '2024-01-15T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2024-01-15T06:30', '2024-01-15T06:30:00.000Z'],
    ['2024-01-15 06:30:15', '2024-01-15T06:30:15.000Z'],
    ['2024-01-15T06:30:15.5Z', '2024-01-15T06:30:15.500Z'],
    ['2024-01-15T06:30+02:00', '2024-01-15T04:30:00.000Z'],
  ])('%s', (text, expected) => {
    expect(new Date(instant(text)).toISOString()).toBe(expected);
  });

  it.each([
    '',
    'yesterday',
    '2024',
    '2024-1-5',
    '2024-02-30',
    '2023-02-29',
    '2024-13-01',
    '2024-01-15T25:00',
    '15.01.2024',
    '2024-01-15T06',
  ])('not %j', (text) => {
    expect(() => instant(text)).toThrow(InvalidArgumentError);
  });
});

describe('datasets that are named', () => {
  const datasets = ['market_data', 'news'].map((name) => ({ name }) as Dataset);

  it('come in the order of the configuration, each once', () => {
    const names = selectDatasets(datasets, ['news', 'market_data', 'news']).map(({ name }) => name);
    expect(names).toEqual(['market_data', 'news']);
  });

  it('that are not configured are all told at once', () => {
    const error = errorOf(() => selectDatasets(datasets, ['news', 'marketdata', 'weather']));
    expect(error).toMatchObject({ code: 'USAGE', exitCode: 2 });
    expect(problemsOf(error)).toEqual([
      { where: 'marketdata', message: 'no such dataset; did you mean market_data?' },
      { where: 'weather', message: 'no such dataset', expected: 'one of market_data, news' },
    ]);
  });
});

describe('"did you mean"', () => {
  it.each([
    ['hot_day', 'hot_days'],
    ['hotDays', 'hot_days'],
    ['hto_days', 'hot_days'],
    ['HOT-DAYS', 'hot_days'],
    ['target_file', undefined],
    ['x', undefined],
    ['', undefined],
  ])('%s: %s', (word, expected) => {
    expect(suggest(word, ['hot_days', 'hot_intervals', 'guards'])).toBe(expected);
  });
});
