import { describe, expect, it } from 'vitest';
import { matchKey, parseKeyPattern } from '../../../../src/domain/live/key-pattern.ts';

describe('a key pattern', () => {
  it('takes captures out of a key', () => {
    const pattern = parseKeyPattern('candle:current:{timeframe}:{symbol}');
    expect(pattern.captures).toEqual(['timeframe', 'symbol']);
    expect(pattern.glob).toBe('candle:current:*:*');
    expect(matchKey(pattern, 'candle:current:1min:BTC/USD')).toEqual(['1min', 'BTC/USD']);
  });

  it('matches whole keys only, and no capture crosses a colon or is empty', () => {
    const pattern = parseKeyPattern('tick:{symbol}');
    for (const key of ['tick:latest:A', 'tick:', 'xtick:A', 'tick', 'tick:A:']) {
      expect(matchKey(pattern, key), key).toBeNull();
    }
  });

  it('lets a starred capture take colons and line breaks', () => {
    const pattern = parseKeyPattern('tick:{symbol*}:last');
    expect(matchKey(pattern, 'tick:a:b\nc:last')).toEqual(['a:b\nc']);
  });

  it('takes everything outside captures literally, also what globs and regexps know', () => {
    const text = 'a*b?c[d]^e\\f.g+h(i|j)$:{{tag}}:{x}';
    const pattern = parseKeyPattern(text);
    expect(pattern.glob).toBe('a\\*b\\?c\\[d\\]\\^e\\\\f.g+h(i|j)$:{tag}:*');
    expect(matchKey(pattern, 'a*b?c[d]^e\\f.g+h(i|j)$:{tag}:1')).toEqual(['1']);
    expect(matchKey(pattern, 'aXb?c[d]^e\\f.g+h(i|j)$:{tag}:1')).toBeNull();
  });

  it('is a plain key when nothing is captured', () => {
    expect(matchKey(parseKeyPattern('watchlist:current'), 'watchlist:current')).toEqual([]);
  });

  it.each(['', 'a:{', 'a:}', 'a:{}', 'a:{1x}', 'a:{x}:{x}', 'a:{b c}'])('refuses %j', (text) => {
    expect(() => parseKeyPattern(text)).toThrow(RangeError);
  });
});
