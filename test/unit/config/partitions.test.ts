/** Partitions that are made ahead: what is said of them, and when the daemon makes them. */
import { describe, expect, it } from 'vitest';
import { jobsOf } from '../../../src/cli/daemon/jobs.ts';
import { loadConfig, type TierdConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/domain/problem.ts';
import { DAY_MS, HOUR_MS } from '../../../src/domain/time/time-range.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

const HEAD = 'postgres: { url: "postgres://tierd@db/market" }\nlake: { type: local, path: lake }\n';

function load(partitions: string, more = ''): TierdConfig {
  const datasets = `datasets:\n  news: { time_column: t }\n  bars: { time_column: t${partitions} }\n`;
  const directory = directoryWith({ 'unified_config.yaml': HEAD + datasets + more });
  return loadConfig({ env: {}, workingDirectory: directory });
}

const settingOf = (text: string) =>
  load(`, partitions: ${text}`).datasets.find(({ name }) => name === 'bars')?.partitions;
const problems = (text: string): string[] =>
  problemsOf(errorOf(() => load(`, partitions: ${text}`))).map(formatProblem);

describe('datasets.<name>.partitions', () => {
  it('says how far ahead, and how long each is', () => {
    expect(settingOf('{ ahead: 7d }')).toEqual({ every: null, aheadMs: 7 * DAY_MS });
    expect(settingOf('{ ahead: 90d, every: 1 month, time_zone: Europe/Berlin }')).toEqual({
      every: { unit: 'month', count: 1 },
      aheadMs: 90 * DAY_MS,
      timeZone: 'Europe/Berlin',
    });
    const every = (text: string) => settingOf(`{ ahead: 7d, every: "${text}" }`)?.every;
    expect(every('6h')).toEqual({ unit: 'hour', count: 6 });
    expect(every('1 day')).toEqual({ unit: 'day', count: 1 });
    expect(every('2w')).toEqual({ unit: 'day', count: 14 });
    expect(every('1 year')).toEqual({ unit: 'month', count: 12 });
  });

  it('refuses what could be minutes or months, and a setting without `ahead`', () => {
    expect(problems('{ ahead: 7d, every: 1m }')).toEqual([
      expect.stringContaining(
        'expected how long a partition is: hours, days, weeks, months or years',
      ),
    ]);
    expect(problems('{ every: 1d }')[0]).toContain('datasets.bars.partitions.ahead');
  });
});

describe('the daemon', () => {
  const jobOf = (config: TierdConfig) => jobsOf(config).find(({ name }) => name === 'partitions');

  it('makes them at its start and every hour, or when schedules.partitions says', () => {
    expect(jobOf(load(', partitions: { ahead: 7d }'))).toMatchObject({
      argv: ['partitions'],
      dryRunArgv: ['partitions', '--dry-run'],
      schedule: { kind: 'every', everyMs: HOUR_MS },
      beginsAtStart: true,
    });
    const cron = 'schedules: { partitions: { cron: "5 * * * *" } }\n';
    expect(jobOf(load(', partitions: { ahead: 7d }', cron))?.schedule).toMatchObject({
      pattern: '5 * * * *',
    });
  });

  it('has nothing to make where no dataset asks for it', () => {
    expect(jobOf(load(''))).toBeUndefined();
  });
});
