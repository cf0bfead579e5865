/** The short form of `npm run answers`: every surface is asked while everything moves and is killed. */
import { expect, it } from 'vitest';
import { checkAnswers } from '../answers/check-answers.ts';

const SEED = Number(process.env['TIERD_TEST_SEED'] ?? Date.now() % 100_000);

it('gives the answer of one instant, whatever moves and is killed meanwhile (I2, I11)', async () => {
  const report = await checkAnswers({
    answers: 300,
    seed: SEED,
    killEveryMs: 6_000,
    say: () => undefined,
  });
  expect(report.wrong, JSON.stringify(report)).toEqual([]);
  expect(Object.entries(report.right).filter(([, answers]) => answers === 0)).toEqual([]);
  expect(report.moves).toBeGreaterThan(0);
  expect(report.kills['rotate'] ?? 0).toBeGreaterThan(0);
});
