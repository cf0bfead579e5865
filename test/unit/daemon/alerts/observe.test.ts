import { describe, expect, it } from 'vitest';
import { observe } from '../../../../src/daemon/alerts/observe.ts';
import { type StoreFacts, storeFactsOf } from '../../../../src/daemon/alerts/store-facts.ts';
import { CLOSED } from '../../../../src/daemon/circuit.ts';
import { type DaemonEvent, reduce } from '../../../../src/daemon/reduce-state.ts';
import { initialState, type LastRun } from '../../../../src/daemon/state.ts';

const THRESHOLDS = {
  drainLagMs: 60_000,
  deadLetters: 2,
  unreachableAfterMs: 1_000,
  backupAges: new Map([['snapshot', 60_000]]),
};
const LEADING: DaemonEvent = { kind: 'leading', token: '3' };
const last: LastRun = {
  runId: '7',
  cause: 'schedule',
  state: 'done',
  startedAtMs: 0,
  finishedAtMs: 1,
  attempts: 1,
  errorCode: null,
  errorMessage: null,
  isRefusal: false,
  advice: null,
  damage: null,
  unknownFiles: null,
};
const ended = (change: Partial<LastRun>, circuit = CLOSED): DaemonEvent => ({
  job: 'rotate',
  kind: 'finished',
  last: { ...last, ...change },
  circuit,
});

const start = initialState({
  owner: 'default',
  holder: 'here:1',
  nowMs: 0,
  configFile: '',
  jobs: [{ name: 'rotate', command: 'tierd rotate', schedule: '' }],
});

function look(
  events: readonly DaemonEvent[],
  stores: StoreFacts | null = null,
  nowMs = 5_000,
): ReturnType<typeof observe> & { readonly ids: readonly string[] } {
  const found = observe(events.reduce(reduce, start), stores, nowMs, THRESHOLDS);
  return { ...found, ids: found.conditions.map(({ kind, subject }) => `${kind}:${subject}`) };
}

const run = (rowsAgain: number) => ({
  finishedAt: '2026-03-31T00:00:00Z',
  rowsAgain,
  rowsChanged: 1,
});

describe('a job', () => {
  it('that failed for good is told with its error, until a run of it ends well', () => {
    const failed = ended({ state: 'failed', errorMessage: 'no disk' });
    const { conditions } = look([LEADING, failed]);
    expect(conditions).toMatchObject([
      { kind: 'job_failed', subject: 'rotate', message: 'rotate failed: no disk' },
    ]);
    expect(look([LEADING, failed, ended({})])).toMatchObject({ conditions: [], unsure: [] });
    for (const state of ['partly', 'timeout', 'out_of_memory', 'crashed'] as const) {
      expect(look([LEADING, ended({ state })]).ids).toEqual(['job_failed:rotate']);
    }
  });

  it('whose run says nothing of it stays as it was', () => {
    for (const state of ['cancelled', 'interrupted', 'lease_held'] as const) {
      const found = look([LEADING, ended({ state })]);
      expect(found.conditions).toEqual([]);
      expect(found.unsure).toEqual([
        'job_failed:rotate',
        'job_refused:rotate',
        'bad_segment:rotate',
        'unknown_files:rotate',
      ]);
    }
  });

  it('of which guards refused a part has not failed: told with what moved, and what next', () => {
    const errorMessage = '15,403 rows were moved. Not done: market_data: too large a share';
    const change = { state: 'partly', errorMessage, advice: 'look with --dry-run' } as const;
    const refused = look([LEADING, ended({ ...change, isRefusal: true })]);
    expect(refused.conditions).toEqual([
      {
        kind: 'job_refused',
        severity: 'warning',
        subject: 'rotate',
        message: `rotate did a part of its work, and guards refused the rest: ${errorMessage}. Next: look with --dry-run`,
      },
    ]);
    expect(look([LEADING, ended(change)]).conditions).toMatchObject([
      {
        kind: 'job_failed',
        message: `rotate did a part of its work: ${errorMessage}. Next: look with --dry-run`,
      },
    ]);
  });

  it('that found only files of others has not failed, and tells of them until a run finds none', () => {
    const unknownFiles = { count: 1, keys: ['x.parquet'] };
    const { conditions } = look([LEADING, ended({ unknownFiles })]);
    expect(conditions).toMatchObject([{ kind: 'unknown_files', severity: 'warning' }]);
    expect(conditions[0]?.message).toMatch(
      /1 file in the lake is not this ledger's, and left alone: x\.parquet\. Next: /,
    );
    const over = look([LEADING, ended({ unknownFiles }), ended({})]);
    expect(over.ids).toEqual([]);
    expect(over.about).toContain('unknown_files');
  });

  it('that a guard refused is no failure, and needs a person all the same', () => {
    const refused = ended({ state: 'refused', errorMessage: 'too large a share' });
    expect(look([LEADING, refused]).conditions).toMatchObject([
      { kind: 'job_refused', severity: 'warning' },
    ]);
  });

  it('that rests is told beside its failure', () => {
    const open = { kind: 'open', failures: 5, sinceMs: 0, untilMs: 9_000 } as const;
    expect(look([LEADING, ended({ state: 'failed' }, open)]).ids).toEqual([
      'job_resting:rotate',
      'job_failed:rotate',
    ]);
  });

  it('that found bad segments has not failed itself', () => {
    const damage = { count: 7, keys: ['a.parquet', 'b.parquet'] };
    const { conditions, ids } = look([LEADING, ended({ state: 'failed', damage })]);
    expect(ids).toEqual(['bad_segment:rotate']);
    expect(conditions[0]?.message).toContain('7 segments');
    expect(conditions[0]?.message).toContain('a.parquet, b.parquet, …');
    // A scrub that could not run says nothing of what the last one found.
    expect(look([LEADING, ended({ state: 'failed' })]).unsure).toEqual([
      'bad_segment:rotate',
      'unknown_files:rotate',
    ]);
  });

  it('says nothing of segments that a survey found, before the first and without one; a scrub of all does', () => {
    const jobs = [{ name: 'scrub', command: 'tierd scrub', schedule: '' }];
    const scrubs = {
      ...start,
      jobs: initialState({ ...start, nowMs: 0, configFile: '', jobs }).jobs,
    };
    const sound: DaemonEvent = { job: 'scrub', kind: 'finished', last, circuit: CLOSED };
    const about = (events: readonly DaemonEvent[]): readonly string[] =>
      observe(events.reduce(reduce, scrubs), null, 5_000, THRESHOLDS).about;
    expect(about([LEADING])).toContain('bad_segment:scrub');
    expect(about([LEADING])).not.toContain('bad_segment');
    expect(about([LEADING, sound])).toContain('bad_segment');
  });

  it('that loops is well again when it has gone on for a while', () => {
    const crashed = ended({ state: 'crashed', cause: 'loop' });
    const again: DaemonEvent = {
      job: 'rotate',
      kind: 'started',
      runId: '8',
      cause: 'loop',
      atMs: 2_000,
    };
    expect(look([LEADING, crashed, again], null, 30_000).ids).toEqual(['job_failed:rotate']);
    expect(look([LEADING, crashed, again], null, 62_000).ids).toEqual([]);
  });

  it('is for the leader to tell of', () => {
    const found = look([
      LEADING,
      ended({ state: 'failed' }),
      { kind: 'standing_by', leader: 'there:2' },
    ]);
    expect(found.conditions).toEqual([]);
    expect(found.notOurs).toContain('job_failed');
    expect(found.notOurs).toContain('drain_lag');
  });
});

describe('the lease', () => {
  const away = (atMs: number): DaemonEvent => ({ kind: 'lease_unknown', error: 'no answer', atMs });

  it('unknown for long enough is told by every daemon', () => {
    expect(look([away(4_500)]).ids).toEqual([]);
    // Since it began, however often it was tried.
    expect(look([away(3_000), away(4_900)]).ids).toEqual(['store_unreachable:postgres']);
    expect(look([away(3_000), { kind: 'standing_by', leader: 'x' }]).ids).toEqual([]);
    expect(look([away(3_000), LEADING]).ids).toEqual([]);
  });

  it('lost to another daemon is told by the one that lost it, for a while', () => {
    const lost = [LEADING, away(4_000), { kind: 'standing_by', leader: 'x' }] as const;
    expect(look(lost).ids).toEqual(['lease_lost:here:1']);
    expect(look(lost, null, 700_000).ids).toEqual([]);
    expect(look([...lost, LEADING]).ids).toEqual([]);
    expect(look([{ kind: 'standing_by', leader: 'x' }]).ids).toEqual([]);
  });
});

describe('the stores', () => {
  const source = {
    source: 'late',
    kind: 'stream',
    enabled: true,
    error: null,
    lagSeconds: 61,
    deadLettersWaiting: 0,
  };
  const survey: Parameters<typeof storeFactsOf>[0] = {
    live: { reachable: true, error: null, warnings: ['maxmemory-policy is allkeys-lru'] },
    cold: { error: null },
    sources: [
      source,
      { ...source, source: 'bad', lagSeconds: 0, deadLettersWaiting: 2 },
      { ...source, source: 'dark', error: 'no answer' },
      { ...source, source: 'off', enabled: false, lagSeconds: null },
      { ...source, source: 'stays', kind: 'snapshot', lagSeconds: null },
      { ...source, source: 'well', lagSeconds: 59, deadLettersWaiting: 1 },
    ],
    datasets: [
      { dataset: 'ticks', cold: { badSegments: 3 }, partitions: null, lastRun: null },
      { dataset: 'bars', cold: { badSegments: 0 }, partitions: null, lastRun: run(0) },
    ],
    deadLettersWaiting: 3,
    backups: null,
  };

  it('are told by their thresholds', () => {
    const found = look([LEADING], storeFactsOf(survey));
    expect(found.ids).toEqual([
      'bad_segment:ticks',
      'drain_lag:late',
      'dead_letters:bad',
      'live_hazard:redis',
    ]);
    expect(found.unsure.filter((id) => id.startsWith('drain_lag'))).toEqual(['drain_lag:dark']);
  });

  it('tell of a lake that can not be used, and of its return', () => {
    const well = { ...survey, sources: [], live: null, datasets: [] };
    const away = { ...well, cold: { error: '/lake has no _tierd_lake.json' } };
    const found = look([LEADING], storeFactsOf(away));
    expect(found.ids).toEqual(['store_unreachable:lake']);
    expect(found.conditions[0]?.message).toContain('/lake has no _tierd_lake.json');
    const back = look([LEADING], storeFactsOf(well));
    expect(back.ids).toEqual([]);
    expect(back.about).toContain('store_unreachable:lake');
    const standby = look([{ kind: 'standing_by', leader: 'x' }], storeFactsOf(away));
    expect(standby.ids).toEqual([]);
  });

  it('say of bad segments what the ledger holds, and the scrub that found them says no more', () => {
    const damage = { count: 3, keys: ['a.parquet'] };
    const facts: StoreFacts = storeFactsOf({ ...survey, sources: [], live: null });
    const found = look([LEADING, ended({ state: 'failed', damage })], facts);
    expect(found.ids).toEqual(['bad_segment:ticks']);
  });

  it('say that rows came again after they were moved, until a run that meets none', () => {
    const cold = { badSegments: 0 };
    const lookAfter = (rowsAgain: number): readonly string[] => {
      const datasets = [{ dataset: 'ticks', cold, partitions: null, lastRun: run(rowsAgain) }];
      return look([LEADING], storeFactsOf({ ...survey, sources: [], live: null, datasets })).ids;
    };
    expect(lookAfter(216)).toEqual(['cold_duplicates:ticks']);
    expect(lookAfter(0)).toEqual([]);
    const datasets = [
      { dataset: 'ticks', cold, partitions: null, lastRun: { ...run(0), finishedAt: null } },
    ];
    const during = look([LEADING], storeFactsOf({ ...survey, sources: [], live: null, datasets }));
    expect(during.unsure).toContain('cold_duplicates:ticks');
  });

  it('say that partitions end soon, and that rows lie in the default one', () => {
    const lookAt = (short: string | null, defaultRows: number | null) => {
      const partitions = { short, defaultRows };
      const datasets = [{ dataset: 'ticks', cold: { badSegments: 0 }, partitions, lastRun: null }];
      return look([LEADING], storeFactsOf({ ...survey, sources: [], live: null, datasets }));
    };
    const soon = lookAt('partitions reach to 2026-12-08: missing in 3 h', 0);
    expect(soon.conditions[0]).toMatchObject({
      kind: 'partitions_short',
      severity: 'error',
      message:
        'ticks: partitions reach to 2026-12-08: missing in 3 h. Next: tierd partitions ticks',
    });
    expect(lookAt(null, 7).conditions[0]?.severity).toBe('warning');
    expect(lookAt(null, 0).ids).toEqual([]);
    expect(lookAt(null, 0).about).toContain('partitions_short');
    expect(lookAt(null, 0).unsure).not.toContain('partitions_short:ticks');
    expect(lookAt(null, null).ids).toEqual([]);
    expect(lookAt(null, null).unsure).toContain('partitions_short:ticks');
  });

  it('say that nobody has made a backup for too long, and nothing where they are not known', () => {
    const well = { ...survey, sources: [], live: null, datasets: [] };
    const at = (nowMs: number, backups: typeof survey.backups) =>
      look([LEADING], storeFactsOf({ ...well, backups }), nowMs);
    const made = [{ kind: 'snapshot', finishedAt: 100_000 }];
    expect(at(160_000, made).ids).toEqual([]);
    const late = at(160_001, made);
    expect(late.ids).toEqual(['backup_overdue:snapshot']);
    expect(late.conditions[0]?.message).toBe(
      'the last good `tierd backup snapshot` ended 1970-01-01T00:01Z, and it is to be no older than 1 minute: `tierd backup runs` says what became of the others',
    );
    // This daemon began at 0.
    expect(at(60_000, []).ids).toEqual([]);
    expect(at(60_001, []).conditions[0]?.message).toMatch(/^there never was a good/);
    expect(at(60_001, null)).toMatchObject({ ids: [] });
    expect(at(60_001, null).about).not.toContain('backup_overdue');
  });

  it('leave what the ledger says of them as it is while it can not be read', () => {
    const cold = { badSegments: 0 };
    const sources = [{ ...source, lagSeconds: 0 }];
    const away = {
      ...survey,
      sources,
      datasets: [{ dataset: 'ticks', cold, partitions: null, lastRun: run(9) }],
      deadLettersWaiting: null,
    };
    const found = look([LEADING], storeFactsOf(away));
    expect(found.about).not.toContain('bad_segment');
    expect(found.about).not.toContain('cold_duplicates');
    expect(found.unsure).toContain('dead_letters:late');
  });

  it('of which one does not answer leave what it would say as it is', () => {
    const live = { reachable: false, error: 'ECONNREFUSED', warnings: [] };
    const found = look([LEADING], storeFactsOf({ ...survey, live }));
    expect(found.ids).toContain('store_unreachable:redis');
    expect(found.about).not.toContain('live_hazard');
    expect(look([LEADING]).about).not.toContain('drain_lag');
  });
});
