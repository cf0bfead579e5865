import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arrange,
  nextOrder,
  type Order,
  SORT_KEYS,
  WORST_FIRST,
} from '../../../src/page/dataset-order.ts';
import type { DatasetDocument } from '../../../src/page/documents.ts';
import { aStatus } from '../../support/page-documents.ts';

const [ONE] = aStatus(0).survey!.datasets;

function named(dataset: string, change: Partial<DatasetDocument> = {}): DatasetDocument {
  return { ...ONE!, dataset, ...change };
}

const hot = (rows: number | null): Partial<DatasetDocument> => ({ hot: { ...ONE!.hot, rows } });

const DATASETS = [
  named('news', hot(5)),
  named('trades_kraken', { error: 'no such table', ...hot(null) }),
  named('trades_binance', hot(50)),
  named('features', { refusals: ['too much'], ...hot(7) }),
];

const names = (search: string, order: Order): readonly string[] =>
  arrange(DATASETS, search, order).map(({ dataset }) => dataset);

describe('the datasets', () => {
  it('begin with those that need somebody', () => {
    expect(names('', WORST_FIRST)).toEqual(['trades_kraken', 'features', 'news', 'trades_binance']);
  });

  it('are found by every word of a search, whatever its case', () => {
    expect(names('TRADES', WORST_FIRST)).toEqual(['trades_kraken', 'trades_binance']);
    expect(names(' bin trades ', WORST_FIRST)).toEqual(['trades_binance']);
    expect(names('nothing', WORST_FIRST)).toEqual([]);
  });

  it('are sorted by a figure either way, those without it last', () => {
    expect(names('', { key: 'hot', isDescending: true })).toEqual([
      'trades_binance',
      'features',
      'news',
      'trades_kraken',
    ]);
    expect(names('', { key: 'hot', isDescending: false }).at(-1)).toBe('trades_kraken');
  });

  it('come back to the first order with the third press of a column', () => {
    const once = nextOrder(WORST_FIRST, 'hot');
    expect(once).toEqual({ key: 'hot', isDescending: true });
    expect(nextOrder(once, 'cold')).toEqual({ key: 'cold', isDescending: true });
    expect(nextOrder(nextOrder(once, 'hot'), 'hot')).toEqual(WORST_FIRST);
  });

  it('are all there in any order', () => {
    const orders = fc.record({
      key: fc.constantFrom(null, ...SORT_KEYS),
      isDescending: fc.boolean(),
    });
    fc.assert(
      fc.property(orders, (order) => {
        expect(names('', order).toSorted()).toEqual(names('', WORST_FIRST).toSorted());
      }),
    );
  });
});
