/**
 * vitest reporter: the run's last lines say how often it killed, what was not tested and what adds it. A test that is
 * skipped for any other reason, or for any reason in CI, fails the run: nothing goes unnoticed. What
 * no run can bring along is no part of it, and that is said as well.
 */
import type { Reporter, TestModule } from 'vitest/node';
import { BEYOND_A_RUN, describeSkipped, reasonIn } from './how-to-add.ts';
import type { SuitesLeftOut } from './long-suites.ts';
import { isCi, MISSING_MARK } from './missing-mark.ts';
import { hasPromtool } from './promtool.ts';
import { hasValkey } from './valkey.ts';

export class ClosingSummary implements Reporter {
  readonly #leftOut: SuitesLeftOut;

  constructor(leftOut: SuitesLeftOut) {
    this.#leftOut = leftOut;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const kills = countKills(modules);
    if (kills > 0) {
      process.stdout.write(
        `kill -9: ${String(kills)} times; where anything was lost, doubled or left over the test failed\n`,
      );
    }
    // `-t` skips what it doesn't select; only whole runs are held to this.
    if (process.argv.some((argument) => /^(-t|--testNamePattern)/.test(argument))) return;
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    for (const line of describeLeftOut(this.#leftOut)) process.stdout.write(`${line}\n`);
    for (const what of beyondThisRun()) process.stdout.write(`Not to be had here: ${what}\n`);
    for (const line of describeSkipped(skipped, MISSING_MARK)) process.stdout.write(`${line}\n`);
    if (skipped.some((test) => isCi() || reasonIn(test.fullName, MISSING_MARK) === null)) {
      process.stdout.write('Failed: tests were skipped.\n');
      process.exitCode = 1;
    }
  }
}

function countKills(modules: readonly TestModule[]): number {
  return modules
    .flatMap((module) => [...module.children.allTests()])
    .reduce((kills, test) => kills + (test.meta().kills ?? 0), 0);
}

function describeLeftOut({ suites, seed, long }: SuitesLeftOut): readonly string[] {
  if (suites.length === 0) return [];
  return [
    `Not their turn: ${String(suites.length)} of ${String(long)} long suites (TIERD_TEST_SEED=${String(seed)} chooses so again, TIERD_TEST_SUITES=all runs all): ${suites.join(', ')}`,
  ];
}

function beyondThisRun(): readonly string[] {
  return [
    ...(process.env['TIERD_TEST_POSTGRES_URL'] === undefined ? [BEYOND_A_RUN.community] : []),
    ...(process.env['TIERD_TEST_ENGINES'] === undefined ? [BEYOND_A_RUN.engines] : []),
    ...(process.env['TIERD_TEST_GO'] === undefined ? [BEYOND_A_RUN.clients] : []),
    ...(hasValkey() ? [] : [BEYOND_A_RUN.valkey]),
    ...(hasPromtool() ? [] : [BEYOND_A_RUN.promtool]),
  ];
}
