import { describe, expect, it } from 'vitest';
import { backupAgesOf } from '../../../src/cli/daemon/backup-ages.ts';
import { jobsOf } from '../../../src/cli/daemon/jobs.ts';
import { loadConfig, type TierdConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/domain/problem.ts';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

const MINIMAL = `
postgres: { url: "postgres://tierd@db/market" }
lake: { type: local, path: lake }
`;
const NEWS = 'datasets: { news: { time_column: t } }\n';

function load(text: string): TierdConfig {
  const directory = directoryWith({ 'unified_config.yaml': MINIMAL + text });
  return loadConfig({ env: {}, workingDirectory: directory });
}

const problems = (text: string): string[] =>
  problemsOf(errorOf(() => load(NEWS + text))).map(formatProblem);

const names = (text: string): string[] => jobsOf(load(text)).map(({ argv }) => argv.join(' '));

describe('backups', () => {
  const PLACE = 'backup: { path: kept }\n';
  const TIMES = `schedules: { backup: { snapshot: { cron: "30 3 * * *" }, prune: { every: 7d }, drill: { cron: "0 6 * * 0" } } }`;

  it('are jobs of the daemon where they have times', () => {
    expect(names(`${NEWS}${PLACE}${TIMES}`)).toEqual([
      'rotate',
      'backup snapshot',
      'backup drill',
      'backup prune',
    ]);
    const jobs = jobsOf(load(`${NEWS}${PLACE}${TIMES}`));
    expect(jobs.map(({ name }) => name)).toContain('backup-drill');
    expect(jobs.find(({ name }) => name === 'backup-prune')?.dryRunArgv).toEqual([
      'backup',
      'prune',
      '--dry-run',
    ]);
    expect(names(`${NEWS}${PLACE}`)).toEqual(['rotate']);
  });

  it('have need of a place, and of one time each', () => {
    expect(problems(TIMES)).toContainEqual(
      expect.stringMatching(/^schedules\.backup\.snapshot .*has nowhere to keep backups/),
    );
    const twice = `${PLACE}schedules: { backup: { dump: { cron: "0 1 * * *", every: 1d } } }`;
    expect(problems(twice)).toContainEqual(expect.stringContaining('schedules.backup.dump.every'));
  });

  it('are overdue as configured, or after twice the longest time between two slots', () => {
    const now = Date.UTC(2026, 0, 1);
    const ages = (text: string) => Object.fromEntries(backupAgesOf(load(NEWS + text), now));
    expect(ages(`${PLACE}${TIMES}`)).toEqual({ snapshot: 2 * DAY_MS, drill: 14 * DAY_MS });
    const weekdays = 'schedules: { backup: { dump: { cron: "0 1 * * 1-5" } } }';
    expect(ages(`${PLACE}${weekdays}`)).toEqual({ dump: 6 * DAY_MS });
    expect(ages('backup: { path: kept, overdue: { verify: 40d } }')).toEqual({
      verify: 40 * DAY_MS,
    });
    expect(ages('')).toEqual({});
  });
});

describe('the jobs of a configuration', () => {
  it('are the rotation at its old place, unless it is switched off', () => {
    const [rotate, ...more] = jobsOf(load(NEWS));
    expect(more).toEqual([]);
    expect(rotate).toMatchObject({
      name: 'rotate',
      argv: ['rotate'],
      schedule: { kind: 'cron', pattern: '0 2 * * *', timeZone: 'UTC' },
      overlap: 'skip',
      catchUp: true,
      timeoutMs: null,
    });
    expect(names(`${NEWS}storage: { lifecycle: { auto_rotation: { enabled: false } } }`)).toEqual(
      [],
    );
  });

  it('have their own times and limits', () => {
    const [rotate, compact, scrub] = jobsOf(
      load(
        `${NEWS}schedules:
  rotate: { every: 6h, overlap: queue-one, timeout: 2h, retries: 0, catch_up: false, jitter: 5min }
  compact: { every: 7d }
  scrub: { cron: "0 4 * * 0", time_zone: Europe/Berlin }`,
      ),
    );
    expect(rotate).toMatchObject({
      schedule: { kind: 'every', everyMs: 21_600_000 },
      overlap: 'queue-one',
      timeoutMs: 7_200_000,
      retry: { retries: 0 },
      catchUp: false,
      jitterMs: 300_000,
    });
    expect(compact).toMatchObject({ name: 'compact', argv: ['compact'], dryRunArgv: null });
    expect(scrub).toMatchObject({
      argv: ['scrub'],
      schedule: { kind: 'cron', pattern: '0 4 * * 0', timeZone: 'Europe/Berlin' },
    });
  });

  it('let only those expire that have cold_days', () => {
    const two = (cold: string): string => `datasets:
  news: { time_column: t${cold} }
  trades: { time_column: t, owner: west, cold_days: 90 }
schedules: { expire: { every: 1d } }
storage: { lifecycle: { auto_rotation: { enabled: false } } }
`;
    expect(names(two(''))).toEqual([]);
    expect(names(two(', cold_days: 60'))).toEqual(['expire news --skip-paused']);
    const [job] = jobsOf(load(two(', cold_days: 60')));
    expect(job?.dryRunArgv).toEqual(['expire', 'news', '--skip-paused', '--dry-run']);
  });

  it('are about the datasets of this daemon, by name where others have some too', () => {
    const two = `datasets:
  news: { time_column: t, owner: east }
  trades: { time_column: t, owner: west }
schedules: { scrub: { every: 1d }, compact: { every: 1d } }
`;
    expect(names(`${two}daemon: { owner: west }`)).toEqual([
      'rotate trades --skip-paused',
      'compact trades --skip-paused',
      'scrub trades',
    ]);
    expect(names(two)).toEqual([]);
  });
});

describe('the sections of the daemon', () => {
  it.each([
    [
      'schedules: { rotate: { every: 1h, cron: "0 2 * * *" } }',
      'schedules.rotate.every (line 5): stands beside cron, expected only one of the two',
    ],
    [
      'schedules: { rotate: { every: 10ms } }',
      'schedules.rotate.every (line 5): is too short, expected at least 1s',
    ],
    [
      'schedules: { rotate: { every: 1h } }\nstorage: { lifecycle: { auto_rotation: { schedule: "0 2 * * *" } } }',
      'schedules.rotate.every (line 5): stands beside storage.lifecycle.auto_rotation.schedule, expected only one of the two',
    ],
    [
      'schedules: { scrub: { cron: "0 2 * * *", time_zone: Mars/Olympus } }',
      'schedules.scrub.time_zone (line 5): found "Mars/Olympus", expected a time zone such as UTC, Europe/Berlin or America/New_York',
    ],
    [
      'server: { port: 9464, host: 0.0.0.0 }',
      'server.host (line 5): others than this machine could read, expected status_token or status_token_file beside it, or a loopback address',
    ],
    [
      'server: { port: 9464, control_token: short }',
      'server.control_token (line 5): is too short to be a secret, expected at least 16 characters, as from `openssl rand -hex 32`',
    ],
    ['daemon: { lease_ttl: 1s }', 'daemon.lease_ttl (line 5): is too short, expected at least 2s'],
    [
      'daemon: { owner: nobody }',
      "daemon.owner (line 5): no dataset has this owner, expected one of the datasets' owners: default",
    ],
  ])('%s', (text, expected) => {
    expect(problems(text)).toEqual([expected]);
  });
});
