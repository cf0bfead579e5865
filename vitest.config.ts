import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { ClosingSummary } from './test/support/closing-summary.ts';
import { chooseLongSuites } from './test/support/long-suites.ts';
import { WhatFailed } from './test/support/what-failed.ts';

// DuckDB works on libuv's threads and would leave none for the file system. It counts only in the
// environment that a process starts with: the workers inherit this one.
process.env['UV_THREADPOOL_SIZE'] ??= '16';

const notTheirTurn = chooseLongSuites();

const onServers = {
  globalSetup: ['test/support/global-setup.ts'],
  setupFiles: ['test/support/end-with-the-run.ts', 'test/support/close-databases.ts'],
  exclude: [...configDefaults.exclude, ...notTheirTurn.suites],
};

/** No run can bring along what this suite needs: it is there where somebody names a server. */
const onGivenServer = process.env['TIERD_TEST_POSTGRES_URL'] !== undefined;

/** Tests that wait for schedules, outages and other programs leave much of the processors idle. */
const MANY_WAIT = Math.ceil(availableParallelism() * 1.5);

const minutes = (count: number): number => count * 60_000;

/** With a kill at each effect a suite takes as long as it takes. */
const killsEverywhere = process.env['TIERD_TEST_KILLS'] === 'all';

export default defineConfig({
  test: {
    pool: 'forks',
    // Each test waits for servers most of its time; by default one core is left for a watching editor.
    maxWorkers: '100%',
    allowOnly: false,
    // How fast a condition comes true decides about nothing: a machine may be busy.
    expect: { poll: { timeout: 100_000 } },
    reporters: [
      process.env['CI'] === 'true' ? 'verbose' : 'default',
      ['json', { outputFile: 'test-results/vitest.json' }],
      new ClosingSummary(notTheirTurn),
      new WhatFailed('test-results/failed.txt'),
    ],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/contract/**/*.test.ts'],
          // Properties are tried a hundred times, on a machine that may be busy.
          testTimeout: minutes(2),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          ...onServers,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: minutes(10),
          hookTimeout: minutes(5),
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          ...onServers,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          maxWorkers: MANY_WAIT,
          testTimeout: minutes(10),
          hookTimeout: minutes(2),
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          ...onServers,
          name: 'crash',
          include: ['test/crash/**/*.test.ts'],
          testTimeout: minutes(killsEverywhere ? 600 : 30),
          hookTimeout: minutes(2),
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          ...onServers,
          name: 'engines',
          maxWorkers: MANY_WAIT,
          include: ['test/engines/**/*.test.ts'],
          testTimeout: minutes(10),
          hookTimeout: minutes(2),
          sequence: { groupOrder: 2 },
        },
      },
      ...(['GO', 'PGJDBC', 'CARGO'].every((of) => process.env[`TIERD_TEST_${of}`] === undefined)
        ? []
        : [
            {
              extends: true as const,
              test: {
                ...onServers,
                name: 'clients',
                include: ['test/clients/**/*.test.ts'],
                testTimeout: minutes(10),
                hookTimeout: minutes(2),
                sequence: { groupOrder: 4 },
              },
            },
          ]),
      ...(onGivenServer
        ? [
            {
              extends: true as const,
              test: {
                ...onServers,
                name: 'community',
                include: ['test/community/**/*.test.ts'],
                testTimeout: minutes(5),
                hookTimeout: minutes(1),
                sequence: { groupOrder: 4 },
              },
            },
          ]
        : []),
    ],
  },
});
