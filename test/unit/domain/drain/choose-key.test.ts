import { describe, expect, it } from 'vitest';
import { chooseKey } from '../../../../src/domain/drain/choose-key.ts';
import { makeSource } from '../../../support/drain-source.ts';

const KEYS = [{ columns: ['symbol', 'venue'] }, { columns: ['symbol', 'ts'] }];

describe('the key by which rows are known again', () => {
  it('is the first that the source fills', () => {
    expect(chooseKey(makeSource('t', { kind: 'move' }), KEYS)).toEqual({
      key: ['symbol', 'ts'],
      sameKey: null,
    });
  });

  it('need not be there for entries that have ids', () => {
    for (const kind of ['list', 'stream'] as const) {
      expect(chooseKey(makeSource('t', { kind }), [])).toEqual({ key: null, sameKey: null });
    }
  });

  it('must be there for keys, and the refusal says what was found', () => {
    for (const kind of ['snapshot', 'move', 'claim', 'zset'] as const) {
      const source = makeSource('t', { kind });
      expect(chooseKey(source, [])).toEqual({ lacks: 'key', found: 'it has none' });
      expect(chooseKey(source, KEYS.slice(0, 1))).toMatchObject({
        found: expect.stringContaining('(symbol, venue)') as string,
      });
    }
  });

  it('is not the time of reading, but for samples', () => {
    const columns = { symbol: '{symbol}', ts: '$captured' };
    expect(chooseKey(makeSource('t', { kind: 'move', columns }), KEYS)).toHaveProperty('lacks');
    expect(chooseKey(makeSource('t', { kind: 'snapshot', columns }), KEYS)).toMatchObject({
      key: ['symbol', 'ts'],
    });
  });

  it('must tell the entries of a list and a stream apart, unless it is said which stays', () => {
    for (const kind of ['list', 'stream'] as const) {
      const source = makeSource('t', { kind });
      expect(chooseKey(source, KEYS)).toEqual({ lacks: 'distinction', found: 'symbol, ts' });
      expect(chooseKey({ ...source, sameKey: 'first' }, KEYS)).toEqual({
        key: ['symbol', 'ts'],
        sameKey: 'first',
      });
    }
  });

  it('is in the way of entries also where it does not hold for nulls, but knows no row', () => {
    const source = makeSource('t', { kind: 'list' });
    const own = [{ columns: ['price'] }];
    expect(chooseKey(source, [], KEYS)).toEqual({
      lacks: 'distinction beside nulls',
      found: 'symbol, ts',
    });
    expect(chooseKey({ ...source, sameKey: 'last' }, [], KEYS)).toHaveProperty('lacks');
    expect(chooseKey({ ...source, sameKey: 'error' }, [], KEYS)).toEqual({
      key: null,
      sameKey: null,
    });
    expect(chooseKey(source, [], [{ columns: ['symbol', 'venue'] }])).toMatchObject({ key: null });
    expect(chooseKey(makeSource('t', { kind: 'move' }), KEYS, own)).toMatchObject({
      key: ['symbol', 'ts'],
    });
  });

  it('tells entries apart by $entry, and by $id beside the key that gave it', () => {
    const keyOf = (columns: Record<string, string>) =>
      chooseKey(makeSource('t', { kind: 'stream', columns }), [{ columns: Object.keys(columns) }]);
    expect(keyOf({ ts: '$time', entry: '$entry' })).toMatchObject({ sameKey: null });
    expect(keyOf({ symbol: '{symbol}', id: '$id' })).toMatchObject({ sameKey: null });
    expect(keyOf({ key: '$key', id: '$id' })).toMatchObject({ sameKey: null });
    expect(keyOf({ id: '$id' })).toMatchObject({ lacks: 'distinction' });
    expect(keyOf({ symbol: '{symbol}', ts: '$time' })).toMatchObject({ lacks: 'distinction' });
  });
});
