import { describe, expect, it } from 'vitest';
import { UNSEEN_HOT } from '../../../../src/domain/survey/survey.ts';
import { hotTotalsOf, waitingTotalsOf } from '../../../../src/domain/survey/survey-totals.ts';
import { surveyOf } from '../../../support/survey.ts';

const { datasets, sources } = surveyOf();
const [ticks] = datasets;
const [trades] = sources;
if (ticks === undefined || trades === undefined) throw new Error('the survey has one of each');

const unseen = { ...ticks, dataset: 'unseen', error: 'no such table', hot: UNSEEN_HOT };
const old = { ...ticks, dataset: 'old', error: 'it took too long' };

describe('the rows of all datasets', () => {
  it('say who is not among them, and who is with figures of before', () => {
    expect(hotTotalsOf([ticks, unseen, old])).toEqual({
      rows: 20,
      rowsAreEstimated: true,
      bytes: 2_000,
      missing: ['unseen'],
      stale: ['old'],
    });
  });

  it('are unknown, not 0, where nothing could be looked at', () => {
    expect(hotTotalsOf([unseen])).toMatchObject({ rows: null, bytes: null, missing: ['unseen'] });
  });

  it('are 0 where no dataset is configured', () => {
    expect(hotTotalsOf([])).toMatchObject({ rows: 0, missing: [], stale: [] });
  });
});

describe('what waits in all sources', () => {
  const away = { ...trades, source: 'away', backlogEntries: null };

  it('says whose backlog is not known', () => {
    expect(waitingTotalsOf([trades, away])).toEqual({ entries: 3, missing: ['away'] });
    expect(waitingTotalsOf([away])).toEqual({ entries: null, missing: ['away'] });
  });

  it('leaves out snapshots, and misses nothing of a source that is switched off', () => {
    const snapshot = { ...trades, source: 'snap', kind: 'snapshot' as const, backlogEntries: 9 };
    const off = { ...away, source: 'off', enabled: false };
    expect(waitingTotalsOf([trades, snapshot, off])).toEqual({ entries: 3, missing: [] });
  });
});
