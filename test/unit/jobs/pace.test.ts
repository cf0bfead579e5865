import { expect, it } from 'vitest';
import { Pace } from '../../../src/jobs/survey/pace.ts';

it('what takes long is looked at less often, what fails as well, what is quick every time', async () => {
  let now = 0;
  const pace = new Pace(() => now);
  const spend = (ms: number, atLeastEveryMs = 0): Promise<void> =>
    pace.spend('a', atLeastEveryMs, async () => {
      now += ms;
    });
  expect(pace.isDue('a')).toBe(true);
  await spend(0);
  expect(pace.isDue('a')).toBe(true);
  await spend(100);
  now = 19_999;
  expect(pace.isDue('a')).toBe(false);
  expect(pace.isDue('b')).toBe(true);
  now = 20_000;
  expect(pace.isDue('a')).toBe(true);
  await spend(1, 60_000);
  now += 50_000;
  expect(pace.isDue('a')).toBe(false);
  pace.forget('a');
  const failing = pace.spend('a', 60_000, () => Promise.reject(new Error('x')));
  await expect(failing).rejects.toThrow('x');
  expect(pace.isDue('a')).toBe(false);
});
