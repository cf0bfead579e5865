import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Outages } from '../../../src/daemon/outages.ts';
import type { DaemonEvent } from '../../../src/daemon/reduce-state.ts';
import { SurveyLoop } from '../../../src/daemon/survey-loop.ts';
import type { Survey } from '../../../src/domain/survey/survey.ts';
import { surveyOf } from '../../support/survey.ts';

let events: DaemonEvent[];
let lines: string[];
let ending: AbortController;

beforeEach(() => {
  events = [];
  lines = [];
  ending = new AbortController();
});
afterEach(() => {
  ending.abort();
});

function start(take: (signal: AbortSignal) => Promise<Survey>, limitMs = 10_000): Promise<void> {
  const say = (_: object, text: string): void => void lines.push(text);
  const loop = new SurveyLoop({
    take,
    everyMs: 5,
    limitMs,
    dispatch: (event) => events.push(event),
    logger: { debug: say, info: say, warn: say, error: say },
    outages: new Outages({ now: () => 0 }, { debug: say, info: say, warn: say, error: say }),
  });
  return loop.run(ending.signal);
}

it('tells each survey, and says once that one lacks something, and once that it is whole again', async () => {
  const errors = [null, 'away', 'away', null];
  const ended = start(async () => {
    const error = errors.shift() ?? null;
    if (errors.length === 0) ending.abort();
    return surveyOf({ error });
  });
  await ended;
  await expect.poll(() => events.length).toBe(4);
  expect(lines).toEqual([
    'the survey of the stores lacks something: away',
    'the survey of the stores is whole again',
  ]);
});

it('does not call itself whole because a store is away, which hides what else is wrong', async () => {
  const gone = 'PostgreSQL did not answer in time';
  const lacking = surveyOf({ error: 'no column tss' });
  const away = surveyOf({ error: gone, hot: { ...lacking.hot, error: gone } });
  const surveys = [lacking, away, lacking, away, surveyOf()];
  const ended = start(() => {
    const survey = surveys.shift() ?? surveyOf();
    if (surveys.length === 0) ending.abort();
    return Promise.resolve(survey);
  });
  await ended;
  await expect.poll(() => events.length).toBe(5);
  expect(lines.filter((line) => line.startsWith('the survey'))).toEqual([
    'the survey of the stores lacks something: no column tss',
    'the survey of the stores is whole again',
  ]);
});

it('says nothing of stores that a survey could not look at because the daemon stops', async () => {
  const cutShort = (signal: AbortSignal): Promise<Survey> => {
    const answer = surveyOf();
    return new Promise((resolve) => {
      const error = 'PostgreSQL did not answer in time';
      const end = (): void => resolve({ ...answer, error, hot: { ...answer.hot, error } });
      signal.addEventListener('abort', end, { once: true });
    });
  };
  let began = false;
  const ended = start((signal) => {
    began = true;
    return cutShort(signal);
  });
  await expect.poll(() => began).toBe(true);
  ending.abort();
  await ended;
  // Whatever follows from it has come by then.
  await new Promise((resolve) => setImmediate(resolve));
  expect({ events, lines }).toEqual({ events: [], lines: [] });
});

it('looks again at once when there is something new, also when that came while it looked', async () => {
  let loop: SurveyLoop | null = null;
  const taken: string[] = [];
  const say = (): void => undefined;
  loop = new SurveyLoop({
    take: () => {
      taken.push('one');
      if (taken.length === 1) loop?.soon();
      return Promise.resolve(surveyOf());
    },
    everyMs: 60_000,
    limitMs: 10_000,
    dispatch: (event) => events.push(event),
    logger: { debug: say, info: say, warn: say, error: say },
    outages: new Outages({ now: () => 0 }, { debug: say, info: say, warn: say, error: say }),
  });
  void loop.run(ending.signal);
  await expect.poll(() => events.length).toBe(2);
  loop.soon();
  await expect.poll(() => events.length).toBe(3);
});

it('leaves nothing behind on the signal that lives as long as the daemon', async () => {
  void start(() => Promise.resolve(surveyOf()));
  await expect.poll(() => events.length).toBeGreaterThan(5);
  expect(getEventListeners(ending.signal, 'abort').length).toBeLessThan(4);
});

it('goes on after one that fails in a way nobody foresaw', async () => {
  let count = 0;
  void start(async () => {
    count += 1;
    if (count === 1) throw new Error('a defect');
    return surveyOf();
  });
  await expect
    .poll(() => events.slice(0, 2))
    .toMatchObject([{ kind: 'survey_failed', error: 'a defect' }, { kind: 'surveyed' }]);
});

it('tells one that hangs to end, leaves it behind, and begins no other before it has ended', async () => {
  let begun = 0;
  let hanging: AbortSignal | undefined;
  let finish: (survey: Survey) => void = () => undefined;
  void start((signal) => {
    begun += 1;
    hanging ??= signal;
    return begun === 1
      ? new Promise((resolve) => {
          finish = resolve;
        })
      : Promise.resolve(surveyOf());
  }, 20);
  await expect
    .poll(() => lines)
    .toContain('the survey of the stores lacks something: the survey before has not ended');
  expect(events[0]).toEqual({ kind: 'survey_failed', error: 'the survey did not end in 0.02 s' });
  expect(hanging?.aborted).toBe(true);
  expect(begun).toBe(1);
  finish(surveyOf());
  await expect.poll(() => begun).toBeGreaterThan(1);
});
