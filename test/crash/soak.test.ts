/** The short form of `npm run soak`: kills of everything, close together, and a count at the end. */
import { expect, it } from 'vitest';
import { runSoak } from '../soak/soak.ts';
import { describeOn } from '../support/servers.ts';

const SEED = Number(process.env['TIERD_TEST_SEED'] ?? Date.now() % 100_000);

describeOn('redis', 'a soak of 45 seconds', () => {
  it('finds everything that was confirmed once, whatever was killed (I2, I4, I5)', async () => {
    const report = await runSoak({
      seconds: 45,
      seed: SEED,
      writeEveryMs: 40,
      faultEveryMs: 5_000,
      say: () => undefined,
    });
    expect(report.problems, `seed ${String(SEED)}: ${JSON.stringify(report)}`).toEqual([]);
    const { cold, dead } = report.found['ticks'] ?? { cold: 0, dead: 0 };
    expect(Math.min(cold, dead)).toBeGreaterThan(0);
    expect(Object.values(report.faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(5);
  });
});
