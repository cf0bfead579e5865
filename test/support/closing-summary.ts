/**
 * vitest reporter: the run's last line says what was not tested for want of a server. A test that is
 * skipped for any other reason, or for any reason in CI, fails the run: nothing goes unnoticed. What
 * no run can bring along is no part of it, and that is said as well.
 */
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { MISSING_MARK } from './missing-mark.ts';
import { hasPromtool } from './promtool.ts';
import { hasValkey } from './valkey.ts';

export class ClosingSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    // `-t` skips what it doesn't select; only whole runs are held to this.
    if (process.argv.some((argument) => /^(-t|--testNamePattern)/.test(argument))) return;
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    const perReason = new Map<string, number>();
    for (const test of skipped) {
      const reason = missingServer(test) ?? `for no reason given: ${test.fullName}`;
      perReason.set(reason, (perReason.get(reason) ?? 0) + 1);
    }
    for (const [reason, count] of perReason) {
      process.stdout.write(`Not tested: ${count} tests, ${reason}\n`);
    }
    if (process.env['TIERD_TEST_POSTGRES_URL'] === undefined) {
      process.stdout.write(
        'Not to be had here: test/community, which needs a server of your own with the Community edition of TimescaleDB (TIERD_TEST_POSTGRES_URL)\n',
      );
    }
    if (!hasValkey()) {
      process.stdout.write(
        'Not to be had here: Valkey, which some tests run on where it is installed (or TIERD_TEST_VALKEY names its valkey-server)\n',
      );
    }
    if (!hasPromtool()) {
      process.stdout.write(
        'Not to be had here: promtool, which checks docs/monitoring/alerts.yml and /metrics where it is installed\n',
      );
    }
    const isCi = process.env['CI'] === 'true';
    if (skipped.some((test) => isCi || missingServer(test) === null)) {
      process.stdout.write('Failed: tests were skipped.\n');
      process.exitCode = 1;
    }
  }
}

function missingServer(test: TestCase): string | null {
  const at = test.fullName.indexOf(MISSING_MARK);
  if (at === -1) return null;
  return (
    test.fullName
      .slice(at + MISSING_MARK.length)
      .split(')')[0]
      ?.concat(')') ?? null
  );
}
