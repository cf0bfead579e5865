import { describe, expect, it } from 'vitest';
import { flowOf, flowWindow } from '../../../../src/domain/survey/flow.ts';
import { addSample, type DrainSample } from '../../../../src/domain/survey/samples.ts';
import { lagOf, ratioOf } from '../../../../src/domain/survey/survey.ts';
import { DAY_MS, HOUR_MS } from '../../../../src/domain/time/time-range.ts';
import { surveyOf } from '../../../support/survey.ts';

const NOW = Date.parse('2026-03-01T12:34:56Z');

function sampleAt(atMs: number, rows: number, lag: number | null = 0): DrainSample {
  return {
    atMs,
    sources: [{ source: 'a', lagSeconds: lag, backlog: 1, rowsWritten: rows }],
  };
}

describe('the window of a flow', () => {
  it('is cut into whole buckets that a chart can show, and holds now', () => {
    for (const hours of [1, 3, 24, 24 * 7, 24 * 31]) {
      const { fromMs, toMs, bucketSeconds } = flowWindow(NOW, hours);
      const count = (toMs - fromMs) / (bucketSeconds * 1000);
      expect(Number.isInteger(count)).toBe(true);
      expect(count).toBeLessThanOrEqual(122);
      expect(count).toBeGreaterThan(30);
      expect(fromMs).toBeLessThanOrEqual(NOW - hours * HOUR_MS);
      expect(toMs).toBeGreaterThan(NOW);
    }
  });
});

describe('a flow', () => {
  const window = flowWindow(NOW, 1);
  const minute = (n: number): number => window.fromMs + n * 60_000;

  it('has every bucket of what was rotated, summed up', () => {
    const runs = [
      { endedAtMs: minute(2) + 1, rows: 5, bytes: 50 },
      { endedAtMs: minute(3) - 1, rows: 6, bytes: 60 },
      { endedAtMs: window.fromMs - 1, rows: 100, bytes: 1 },
    ];
    const { moved } = flowOf(window, runs, []);
    expect(moved).toHaveLength((window.toMs - window.fromMs) / 60_000);
    expect(moved[2]).toEqual({ atMs: minute(2), rows: 11, bytes: 110 });
    expect(moved.reduce((sum, { rows }) => sum + rows, 0)).toBe(11);
  });

  it('has what was drained between two samples, and nothing for a ledger that was made anew', () => {
    const samples = [
      sampleAt(window.fromMs - 1, 90),
      sampleAt(minute(0) + 1, 100),
      sampleAt(minute(1) + 1, 130),
      sampleAt(minute(1) + 2, 131),
      sampleAt(minute(2), 3),
    ];
    expect(flowOf(window, [], samples).drained).toEqual([
      { atMs: minute(0), rows: 10 },
      { atMs: minute(1), rows: 31 },
      { atMs: minute(2), rows: 0 },
    ]);
  });

  it('has the worst lag of each bucket', () => {
    const samples = [
      sampleAt(minute(0), 0, null),
      sampleAt(minute(1), 0, 7),
      sampleAt(minute(1) + 9, 0, 3),
    ];
    expect(flowOf(window, [], samples).lag).toEqual([
      { atMs: minute(0), source: 'a', seconds: null, backlog: 1 },
      { atMs: minute(1), source: 'a', seconds: 7, backlog: 1 },
    ]);
  });
});

describe('samples', () => {
  const survey = (takenAt: number, lagSeconds: number) => {
    const [source] = surveyOf().sources;
    if (source === undefined) throw new Error('no source');
    return surveyOf({ takenAt, sources: [{ ...source, lagSeconds }] });
  };

  it('are bounded whatever the time, finer for what is newer, and keep the worst', () => {
    let samples: readonly DrainSample[] = [];
    for (let n = 0; n < 10_000; n += 1) {
      samples = addSample(samples, survey(NOW + n * 30_000, n === 5 ? 999 : 1));
    }
    expect(samples.length).toBeLessThanOrEqual(4_096);
    expect(samples.length).toBeGreaterThan(2_048);
    const steps = samples.slice(1).map(({ atMs }, at) => atMs - (samples[at]?.atMs ?? 0));
    expect(steps.at(-1)).toBe(30_000);
    expect(Math.min(...steps)).toBe(30_000);
    expect(steps[0]).toBeGreaterThan(30_000);
    const lags = samples.map(({ sources }) => sources[0]?.lagSeconds);
    expect(lags[0]).toBe(999);
  });

  it('are forgotten after a month, and when the clock was set back to before them', () => {
    const old = addSample([], survey(NOW, 1));
    expect(addSample(old, survey(NOW + 32 * DAY_MS, 1))).toHaveLength(1);
    expect(addSample(old, survey(NOW - 1, 1)).map(({ atMs }) => atMs)).toEqual([NOW - 1]);
  });

  it('are fewer where there are many sources', () => {
    const [source] = surveyOf().sources;
    if (source === undefined) throw new Error('no source');
    const sources = Array.from({ length: 500 }, (_, n) => ({ ...source, source: String(n) }));
    let samples: readonly DrainSample[] = [];
    for (let n = 0; n < 300; n += 1) {
      samples = addSample(samples, surveyOf({ takenAt: NOW + n, sources }));
    }
    expect(samples.length).toBeLessThanOrEqual(120);
  });
});

describe('the lag of a source', () => {
  const source = {
    kind: 'stream',
    enabled: true,
    backlogEntries: 3,
    waitingSince: NOW - 60_000,
    lastBatchAt: new Date(NOW - 10_000).toISOString(),
  } as const;

  it('is 0 when nothing waits, else the time since the last batch or since it was seen waiting', () => {
    expect(lagOf({ ...source, backlogEntries: 0 }, NOW)).toBe(0);
    expect(lagOf(source, NOW)).toBe(10);
    expect(lagOf({ ...source, lastBatchAt: null }, NOW)).toBe(60);
    // Nothing came for days, and an entry has just arrived.
    const idle = { lastBatchAt: new Date(NOW - DAY_MS).toISOString(), waitingSince: NOW - 1_000 };
    expect(lagOf({ ...source, ...idle }, NOW)).toBe(1);
  });

  it('is not known of what is not drained, not counted, or stays where it is', () => {
    expect(lagOf({ ...source, enabled: false }, NOW)).toBeNull();
    expect(lagOf({ ...source, backlogEntries: null }, NOW)).toBeNull();
    expect(lagOf({ ...source, kind: 'snapshot' }, NOW)).toBeNull();
  });
});

it('a ratio compares the bytes of a row, where both stores have rows', () => {
  const cold = { rows: 1_000, bytes: 10_000 };
  expect(ratioOf({ rows: 1_000, bytes: 100_000 }, cold)).toBe(10);
  expect(ratioOf({ rows: 1_000, bytes: 100_000 }, { rows: 1, bytes: 1_500 })).toBeNull();
  expect(ratioOf({ rows: 1, bytes: 81_920 }, cold)).toBeNull();
  expect(ratioOf({ rows: 0, bytes: 1_000 }, cold)).toBeNull();
  expect(ratioOf({ rows: null, bytes: null }, cold)).toBeNull();
});
