import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Judge, openJudge } from '../../../../src/domain/drain/judge-rows.ts';
import { NO_RULES, type Rules } from '../../../../src/domain/drain/source.ts';

const NOW = Date.parse('2026-03-31T13:45:00Z');
const COLUMNS = ['symbol', 'ts', 'open', 'high', 'low', 'close'];

function judgeWith(rules: Partial<Rules>): Judge {
  return openJudge({ ...NO_RULES, ...rules }, COLUMNS, 'ts');
}

/** The reason's code, the flags, or null. */
function ask(
  judge: Judge,
  row: { symbol?: string; at?: number; bar?: (string | null)[] } = {},
): string | null {
  const { symbol = 'A', at = NOW, bar = ['1', '2', '0.5', '1.5'] } = row;
  const verdict = judge.judge({ values: [symbol, 'ts', ...bar], timeUs: at * 1000 }, NOW);
  if (verdict.reject !== null) return verdict.reject.code;
  return verdict.flags.length === 0 ? null : `flagged ${verdict.flags.join()}`;
}

describe('rules about one row', () => {
  it('want what is required, and know nothing of columns that are not there', () => {
    const judge = judgeWith({ required: ['close', 'venue'] });
    expect(ask(judge)).toBeNull();
    expect(ask(judge, { bar: ['1', '1', '1', null] })).toBe('missing');
  });

  it('hold numbers to their range, ends included or not', () => {
    const judge = judgeWith({ ranges: [{ column: 'close', above: 0, max: 10 }] });
    const close = (text: string | null) => ask(judge, { bar: ['1', '1', '1', text] });
    expect(['0.0000000001', '10', null].map(close)).toEqual([null, null, null]);
    expect(['0', '-1', '10.01', '1e999'].map(close)).toEqual(Array(4).fill('out_of_range'));
  });

  it('hold times to the age and the future that are allowed', () => {
    const judge = judgeWith({ maxAgeMs: 1_000, maxFutureMs: 500 });
    expect(ask(judge, { at: NOW - 1_000 })).toBeNull();
    expect(ask(judge, { at: NOW - 1_001 })).toBe('too_old');
    expect(ask(judge, { at: NOW + 500 })).toBeNull();
    expect(ask(judge, { at: NOW + 501 })).toBe('too_new');
  });

  it('want bars whose high and low enclose the others', () => {
    const judge = judgeWith({ ohlc: { open: 'open', high: 'high', low: 'low', close: 'close' } });
    const price = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(price, price, price, price, (open, high, low, close) => {
        const isRight = low <= Math.min(open, close) && high >= Math.max(open, close);
        expect(ask(judge, { bar: [open, high, low, close].map(String) })).toBe(
          isRight ? null : 'ohlc',
        );
      }),
    );
    expect(ask(judge, { bar: ['1', null, '5', '1'] })).toBeNull();
  });
});

describe('rules that remember', () => {
  it('want time to grow, for each symbol by itself', () => {
    const judge = judgeWith({ monotonic: { by: ['symbol'], action: 'reject' } });
    expect(ask(judge, { at: NOW })).toBeNull();
    expect(ask(judge, { at: NOW })).toBeNull();
    expect(ask(judge, { at: NOW - 1 })).toBe('not_monotonic');
    expect(ask(judge, { symbol: 'B', at: NOW - 1 })).toBeNull();
  });

  it('find what came before, as long as they remember it', () => {
    const judge = judgeWith({ duplicates: { by: ['symbol'], action: 'flag', window: 2 } });
    expect(ask(judge)).toBeNull();
    expect(ask(judge)).toBe('flagged duplicate');
    judge.keep();
    for (const symbol of ['B', 'C']) ask(judge, { symbol });
    judge.keep();
    expect(ask(judge)).toBeNull();
  });

  it('forget what was not committed, so that it may come again', () => {
    const judge = judgeWith({
      duplicates: { by: ['symbol', 'ts'], action: 'reject', window: 100 },
      monotonic: { by: [], action: 'reject' },
    });
    expect(ask(judge, { at: NOW })).toBeNull();
    judge.forget();
    expect(ask(judge, { at: NOW - 5 })).toBeNull();
    judge.keep();
    expect(ask(judge, { at: NOW - 6 })).toBe('not_monotonic');
  });

  it('find a jump, and get used to a new level', () => {
    const judge = judgeWith({
      anomalies: [{ column: 'close', by: ['symbol'], window: 20, threshold: 6, action: 'reject' }],
    });
    const close = (value: number) => ask(judge, { bar: ['1', '1', '1', String(value)] });
    for (let n = 0; n < 20; n += 1) expect(close(100 + (n % 5))).toBeNull();
    expect(close(150)).toBe('anomaly');
    expect(close(102)).toBeNull();
    const verdicts = Array.from({ length: 20 }, (_, n) => close(150 + (n % 5)));
    expect(verdicts.at(0)).toBe('anomaly');
    expect(verdicts.at(-1)).toBeNull();
    expect(ask(judge, { symbol: 'B', bar: ['1', '1', '1', '9'] })).toBeNull();
  });

  it('take a small step after values that never moved for what it is', () => {
    const judge = judgeWith({
      anomalies: [{ column: 'close', by: [], window: 20, threshold: 6, action: 'flag' }],
    });
    const close = (value: string) => ask(judge, { bar: ['1', '1', '1', value] });
    for (let n = 0; n < 20; n += 1) close('100');
    expect(close('100.1')).toBeNull();
    expect(close('200')).toBe('flagged anomaly');
  });
});
