/** What the daemon's sections can't say together. Reads the file as it is written. */
import { DEFAULT_OWNER } from './daemon-section.ts';
import { asRecord, type ConfigPath, formatPath } from './path.ts';
import { SCHEDULED_BACKUPS } from './schedules-section.ts';
import { DURATION_PATTERN, parseDuration } from './units.ts';
import type { PlacedProblem } from './validate.ts';

type Raw = Readonly<Record<string, unknown>>;

/** Sooner than this a process is not even up. */
const MIN_EVERY_MS = 1_000;
/** A lease is renewed thrice in its time, also over a slow line. */
const MIN_LEASE_MS = 2_000;

export function checkSchedules(file: Raw): PlacedProblem[] {
  return [...checkTimes(file), ...checkBackups(file), ...checkLease(file), ...checkOwners(file)];
}

function checkTimes(file: Raw): PlacedProblem[] {
  const schedules = asRecord(file['schedules']);
  const lifecycle = asRecord(asRecord(file['storage'])['lifecycle']);
  const rotation = asRecord(lifecycle['auto_rotation']);
  const backups = asRecord(schedules['backup']);
  const jobs = [
    ...JOBS.map((job) => ({ path: ['schedules', job], times: asRecord(schedules[job]) })),
    ...SCHEDULED_BACKUPS.map((kind) => ({
      path: ['schedules', 'backup', kind],
      times: asRecord(backups[kind]),
    })),
  ];
  return jobs.flatMap(({ path, times: { cron, every } }) => {
    const isTwice = path.at(-1) === 'rotate' && rotation['schedule'] !== undefined;
    return [
      ...(cron !== undefined && every !== undefined
        ? [problem([...path, 'every'], 'stands beside cron', 'only one of the two')]
        : []),
      ...(isTwice && (cron !== undefined || every !== undefined)
        ? [
            problem(
              [...path, cron === undefined ? 'every' : 'cron'],
              'stands beside storage.lifecycle.auto_rotation.schedule',
              'only one of the two',
            ),
          ]
        : []),
      ...(isShorter(every, MIN_EVERY_MS)
        ? [problem([...path, 'every'], 'is too short', 'at least 1s')]
        : []),
    ];
  });
}

const JOBS = ['rotate', 'compact', 'expire', 'tier', 'partitions', 'scrub'] as const;

/** Without a place nothing would ever be run, and nobody would be told. */
function checkBackups(file: Raw): PlacedProblem[] {
  if (file['backup'] !== undefined) return [];
  const backups = asRecord(asRecord(file['schedules'])['backup']);
  return SCHEDULED_BACKUPS.flatMap((kind) => {
    const { cron, every } = asRecord(backups[kind]);
    if (cron === undefined && every === undefined) return [];
    const path = ['schedules', 'backup', kind];
    return [problem(path, 'has nowhere to keep backups', 'backup.path beside it')];
  });
}

function checkLease(file: Raw): PlacedProblem[] {
  const ttl = asRecord(file['daemon'])['lease_ttl'];
  return isShorter(ttl, MIN_LEASE_MS)
    ? [problem(['daemon', 'lease_ttl'], 'is too short', 'at least 2s')]
    : [];
}

/** A daemon without a dataset is more likely a slip of the pen than a wish. */
function checkOwners(file: Raw): PlacedProblem[] {
  const owner = asRecord(file['daemon'])['owner'] ?? DEFAULT_OWNER;
  const owners = Object.values(asRecord(file['datasets'])).map(
    (dataset) => asRecord(dataset)['owner'] ?? DEFAULT_OWNER,
  );
  // Whoever names owners on datasets alone may run no daemon for the rest.
  const isNamed = asRecord(file['daemon'])['owner'] !== undefined;
  if (!isNamed || owners.length === 0 || owners.includes(owner)) return [];
  const known = [...new Set(owners)].map(String).join(', ');
  return [
    problem(
      ['daemon', 'owner'],
      'no dataset has this owner',
      `one of the datasets' owners: ${known}`,
    ),
  ];
}

function isShorter(value: unknown, leastMs: number): boolean {
  return (
    typeof value === 'string' && DURATION_PATTERN.test(value) && parseDuration(value) < leastMs
  );
}

function problem(path: ConfigPath, message: string, expected: string): PlacedProblem {
  return { where: formatPath(path), path, message, expected };
}
