import { describe, expect, it } from 'vitest';
import { statusDelayMs } from '../../../src/page/pacing.ts';
import { clockOffsetMs } from '../../../src/page/server-clock.ts';

describe('the pace', () => {
  it('is two seconds while somebody looks, and slower behind a tab', () => {
    expect(statusDelayMs({ isHidden: false, failures: 0 })).toBe(2_000);
    expect(statusDelayMs({ isHidden: true, failures: 0 })).toBe(30_000);
  });

  it('slows down for a daemon that is away, up to half a minute', () => {
    const delays = [1, 2, 3, 4, 5, 60].map((failures) =>
      statusDelayMs({ isHidden: false, failures }),
    );
    expect(delays).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });
});

describe("the server's clock", () => {
  const date = 'Tue, 24 Nov 2026 14:00:00 GMT';
  const server = Date.parse(date);

  it('is read off an answer', () => {
    const offset = clockOffsetMs(null, date, server - 60_000, server - 60_000);
    expect(offset).toBe(60_500);
  });

  it("does not tremble by the header's rounding, and follows a real change", () => {
    expect(clockOffsetMs(60_000, date, server - 60_400, server - 60_400)).toBe(60_000);
    expect(clockOffsetMs(60_000, date, server, server)).toBe(500);
  });

  it('stays as it was without a header', () => {
    expect(clockOffsetMs(7, null, 0, 0)).toBe(7);
  });
});
