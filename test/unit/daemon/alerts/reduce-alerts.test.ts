import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FiringAlert,
  type Observation,
  reduceAlerts,
} from '../../../../src/daemon/alerts/reduce-alerts.ts';
import type { Condition, Notification } from '../../../../src/domain/alert.ts';

const POLICY = { repeatMs: 100, settleMs: 20 };

const lag = (subject: string, message = 'behind'): Condition => ({
  kind: 'drain_lag',
  severity: 'warning',
  subject,
  message,
});
const found = (...conditions: readonly Condition[]): Observation => ({
  about: ['drain_lag'],
  conditions,
  unsure: [],
  notOurs: [],
});

/** Plays observations at their times. */
function play(
  steps: readonly (readonly [atMs: number, observation: Observation])[],
): readonly (readonly [number, string])[] {
  let firing: readonly FiringAlert[] = [];
  const said: [number, string][] = [];
  for (const [atMs, observation] of steps) {
    const reduced = reduceAlerts(firing, observation, atMs, POLICY);
    firing = reduced.firing;
    for (const { event, alert } of reduced.notifications) said.push([atMs, `${event} ${alert.id}`]);
  }
  return said;
}

describe('what lasts', () => {
  it('is told when it begins, after the repeat interval, and when it has stayed away', () => {
    const steps = [0, 1, 50, 99, 100, 150, 199, 200].map((at) => [at, found(lag('a'))] as const);
    const after = [210, 220, 229, 230, 300].map((at) => [at, found()] as const);
    expect(play([...steps, ...after])).toEqual([
      [0, 'firing drain_lag:a'],
      [100, 'still_firing drain_lag:a'],
      [200, 'still_firing drain_lag:a'],
      [230, 'recovered drain_lag:a'],
    ]);
  });

  it('says what it is now, and since when it is', () => {
    const first = reduceAlerts([], found(lag('a', 'one')), 5, POLICY);
    const later = reduceAlerts(first.firing, found(lag('a', 'two')), 9, POLICY);
    expect(later.firing).toMatchObject([{ message: 'two', sinceMs: 5, toldAtMs: 5 }]);
    expect(later.notifications).toEqual([]);
  });

  it('that comes and goes is one alert', () => {
    const flapping = [0, 10, 20, 30, 40, 50].map(
      (at) => [at, found(...(at % 20 === 0 ? [lag('a')] : []))] as const,
    );
    expect(play(flapping)).toEqual([[0, 'firing drain_lag:a']]);
  });
});

describe('what is not known', () => {
  it('stays as it is: of a kind that was not looked at, and of one that could not be judged', () => {
    const blind: Observation = { about: [], conditions: [], unsure: [], notOurs: [] };
    const unsure: Observation = { ...found(), unsure: ['drain_lag:a'] };
    expect(
      play([
        [0, found(lag('a'))],
        [50, blind],
        [60, unsure],
        [99, blind],
      ]),
    ).toHaveLength(1);
    expect(
      play([
        [0, found(lag('a'))],
        [50, blind],
        [120, unsure],
      ]),
    ).toEqual([
      [0, 'firing drain_lag:a'],
      [120, 'still_firing drain_lag:a'],
    ]);
  });

  it('of one id alone is known when only that one was looked at', () => {
    const only: Observation = { ...found(), about: ['drain_lag:a'] };
    expect(
      play([
        [0, found(lag('a'), lag('b'))],
        [50, only],
        [80, only],
      ]),
    ).toEqual([
      [0, 'firing drain_lag:a'],
      [0, 'firing drain_lag:b'],
      [80, 'recovered drain_lag:a'],
    ]);
  });
});

describe('what somebody else watches now', () => {
  it('is dropped without a word', () => {
    const theirs: Observation = { ...found(), about: [], notOurs: ['drain_lag'] };
    expect(
      play([
        [0, found(lag('a'))],
        [50, theirs],
        [90, found()],
      ]),
    ).toHaveLength(1);
  });
});

describe('a clock that is set back', () => {
  it('does not silence what lasts', () => {
    expect(
      play([
        [10_000, found(lag('a'))],
        [0, found(lag('a'))],
        [100, found(lag('a'))],
      ]),
    ).toEqual([
      [10_000, 'firing drain_lag:a'],
      [100, 'still_firing drain_lag:a'],
    ]);
  });
});

describe('whatever happens', () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: 60 }),
    subjects: fc.subarray(['a', 'b', 'c']),
    unsure: fc.subarray(['drain_lag:a', 'drain_lag:b']),
    isBlind: fc.boolean(),
  });

  it('nothing is told twice within the repeat interval, and each firing that ends has one recovery', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let firing: readonly FiringAlert[] = [];
        let now = 0;
        const told: Notification[] = [];
        for (const { afterMs, subjects, unsure, isBlind } of steps) {
          now += afterMs;
          const observation: Observation = {
            about: isBlind ? [] : ['drain_lag'],
            conditions: isBlind ? [] : subjects.map((subject) => lag(subject)),
            unsure,
            notOurs: [],
          };
          const reduced = reduceAlerts(firing, observation, now, POLICY);
          firing = reduced.firing;
          told.push(...reduced.notifications);
        }
        // All is well for long enough.
        for (const atMs of [now + 1, now + 1 + POLICY.settleMs]) {
          const reduced = reduceAlerts(firing, found(), atMs, POLICY);
          firing = reduced.firing;
          told.push(...reduced.notifications);
        }
        expect(firing).toEqual([]);
        for (const id of ['drain_lag:a', 'drain_lag:b', 'drain_lag:c']) {
          checkOne(told.filter(({ alert }) => alert.id === id));
        }
      }),
    );
  });

  /** firing, still_firing…, recovered; and again. */
  function checkOne(told: readonly Notification[]): void {
    let lastMs: number | null = null;
    for (const { event, atMs } of told) {
      if (event === 'firing') expect(lastMs).toBeNull();
      else expect(lastMs).not.toBeNull();
      if (event === 'still_firing')
        expect(atMs - (lastMs ?? 0)).toBeGreaterThanOrEqual(POLICY.repeatMs);
      lastMs = event === 'recovered' ? null : atMs;
    }
    expect(lastMs).toBeNull();
  }
});
