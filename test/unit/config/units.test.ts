import { describe, expect, it } from 'vitest';
import { everComes, hasRoomForSteps, isCronSchedule } from '../../../src/config/cron.ts';
import {
  DURATION_PATTERN,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
} from '../../../src/config/units.ts';

describe('durations', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['30 s', 30_000],
    ['5min', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('%s', (text, ms) => {
    expect(DURATION_PATTERN.test(text)).toBe(true);
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['5', '5m', '-5s', '5 minutes', 's', '', '5S', '1h30min', '1e3s'])('not %s', (text) => {
    expect(DURATION_PATTERN.test(text)).toBe(false);
    expect(() => parseDuration(text)).toThrow(RangeError);
  });
});

describe('sizes are powers of 1024, as PostgreSQL counts its own settings', () => {
  it.each([
    ['512B', 512],
    ['64kB', 65_536],
    ['64KB', 65_536],
    ['256MB', 268_435_456],
    ['1.5GB', 1_610_612_736],
    ['1 TB', 1_099_511_627_776],
  ])('%s', (text, bytes) => {
    expect(SIZE_PATTERN.test(text)).toBe(true);
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['5', '5G', '5mb', '-1GB', 'GB', '5 GiB'])('not %s', (text) => {
    expect(SIZE_PATTERN.test(text)).toBe(false);
  });
});

describe('schedules', () => {
  it.each([
    '0 2 * * *',
    '*/5 * * * *',
    '0,30 8-18/2 * * mon-fri',
    '0 0 1 JAN sun',
    '59 23 31 12 7',
    ' 0  2 * * * ',
  ])('%s', (text) => {
    expect(isCronSchedule(text)).toBe(true);
  });

  it.each([
    '',
    '0 2 * *',
    '0 2 * * * *',
    '60 2 * * *',
    '0 24 * * *',
    '0 2 0 * *',
    '0 2 * 13 *',
    '0 2 * * 8',
    '0 2 * * funday',
    '5/10 * * * *',
    '*/0 * * * *',
    '9-5 * * * *',
    '1-2-3 * * * *',
    '1-70 * * * *',
    '0 0-24 * * *',
    '0 2 1-32/2 * *',
    '0 2 * * mon-funday',
    '5- * * * *',
    '@daily',
  ])('not %s', (text) => {
    expect(isCronSchedule(text)).toBe(false);
  });

  it.each([
    ['*/90 * * * *', false],
    ['*/60 * * * *', false],
    ['0 */36 * * *', false],
    ['0 0,6-12/8 * * *', false],
    ['*/30 * * * *', true],
    ['*/59 */12 */2 * *', true],
    ['5-5/1 * * jan-jun/3 *', true],
  ])('%s has room for its steps: %s', (text, hasRoom) => {
    expect(hasRoomForSteps(text)).toBe(hasRoom);
  });

  it.each([
    ['0 2 29 2 *', true],
    ['0 2 30 2 *', false],
    ['0 2 31 feb *', false],
    ['0 2 31 4,6,9,11 *', false],
    ['0 2 31 4-6/2 *', false],
    ['0 2 31 4-6 *', true],
    ['0 2 31 */2 *', true],
    ['0 2 28-31 2 *', true],
    ['0 2 30,1 2 *', true],
    // Either the 30th or a Monday, says crontab(5).
    ['0 2 30 2 mon', true],
    ['0 2 * 2 *', true],
  ])('%s comes: %s', (text, comes) => {
    expect(everComes(text)).toBe(comes);
  });
});
