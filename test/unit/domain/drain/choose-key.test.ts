import { describe, expect, it } from 'vitest';
import { chooseKey } from '../../../../src/domain/drain/choose-key.ts';
import { makeSource } from '../../../support/drain-source.ts';

const KEYS = [{ columns: ['symbol', 'venue'] }, { columns: ['symbol', 'ts'] }];

describe('the key by which rows are known again', () => {
  it('is the first that the source fills', () => {
    expect(chooseKey(makeSource('t', { kind: 'move' }), KEYS)).toEqual({
      key: ['symbol', 'ts'],
      refusal: null,
    });
  });

  it('need not be there for entries that have ids', () => {
    for (const kind of ['list', 'stream'] as const) {
      expect(chooseKey(makeSource('t', { kind }), [])).toEqual({ key: null, refusal: null });
    }
  });

  it('must be there for keys, and the refusal says what was found', () => {
    for (const kind of ['snapshot', 'move', 'claim', 'zset'] as const) {
      const source = makeSource('t', { kind });
      expect(chooseKey(source, []).refusal).toBe('it has none');
      expect(chooseKey(source, KEYS.slice(0, 1)).refusal).toContain('(symbol, venue)');
    }
  });

  it('is not the time of reading, but for samples', () => {
    const columns = { symbol: '{symbol}', ts: '$captured' };
    expect(chooseKey(makeSource('t', { kind: 'move', columns }), KEYS).key).toBeNull();
    expect(chooseKey(makeSource('t', { kind: 'snapshot', columns }), KEYS).key).toEqual([
      'symbol',
      'ts',
    ]);
  });
});
