/**
 * What can only be judged by looking at several values together. The checks read the file as it is
 * written, wrong parts included, so that their problems are told together with all others.
 */
import { formatTable } from '../domain/table.ts';
import { checkAlerts } from './cross-check-alerts.ts';
import { checkBackup } from './cross-check-backup.ts';
import { checkColdDays } from './cross-check-cold-days.ts';
import { checkDrain } from './cross-check-drain.ts';
import { checkFar } from './cross-check-far.ts';
import { checkS3Lake } from './cross-check-lake.ts';
import { checkPostgresFace } from './cross-check-postgres-face.ts';
import { checkQuery } from './cross-check-query.ts';
import { checkRedis } from './cross-check-redis.ts';
import { checkSchedules } from './cross-check-schedules.ts';
import { checkServer } from './cross-check-server.ts';
import { DATASET_NAME, DATASET_NAME_EXPECTED, parseTable } from './datasets-section.ts';
import { asRecord, type ConfigPath, formatPath } from './path.ts';
import { POSTGRES_SECRETS } from './postgres-section.ts';
import type { PlacedProblem } from './validate.ts';

type Raw = Readonly<Record<string, unknown>>;

export function crossCheck(root: unknown): PlacedProblem[] {
  const file = asRecord(root);
  return [
    ...checkPostgres(file),
    ...checkRedis(file),
    ...checkS3Lake(file),
    ...checkFar(file),
    ...checkBackup(file),
    ...checkNames(file),
    ...checkIntervals(file),
    ...checkTables(file),
    ...checkSort(file),
    ...checkCodecs(file),
    ...checkColdDays(file),
    ...checkDrain(file),
    ...checkQuery(file),
    ...checkSchedules(file),
    ...checkServer(file),
    ...checkPostgresFace(file),
    ...checkAlerts(file),
    ...checkPrototypes(file),
  ];
}

const PARTS = ['host', 'port', 'user', 'password', 'password_file', 'database'] as const;

function checkPostgres(file: Raw): PlacedProblem[] {
  // A section that is absent is the schema's to report.
  if (file['postgres'] === undefined) return [];
  const postgres = asRecord(file['postgres']);
  const problems: PlacedProblem[] = [];
  for (const key of POSTGRES_SECRETS) {
    if (has(postgres, key) && has(postgres, `${key}_file`)) {
      problems.push(
        problem(['postgres', `${key}_file`], `stands beside ${key}`, 'only one of the two'),
      );
    }
  }
  const byUrl = has(postgres, 'url') || has(postgres, 'url_file');
  const parts = PARTS.filter((key) => has(postgres, key));
  if (byUrl && parts.length > 0) {
    for (const key of parts) {
      problems.push(
        problem(['postgres', key], 'stands beside url', 'it inside the url, or no url'),
      );
    }
  } else if (!byUrl && !has(postgres, 'host')) {
    problems.push(problem(['postgres'], 'says nowhere to connect to', 'url, url_file or host'));
  } else if (!byUrl && !has(postgres, 'database')) {
    problems.push(
      problem(['postgres', 'database'], 'missing', 'the database, since host is given'),
    );
  }
  const { ssl } = postgres;
  if (has(postgres, 'ssl_ca_file') && (ssl === 'disable' || (ssl === undefined && !byUrl))) {
    const expected = 'ssl: verify-full beside it';
    problems.push(problem(['postgres', 'ssl_ca_file'], 'has no effect without TLS', expected));
  }
  for (const key of ['url', 'direct_url']) {
    const url = postgres[key];
    if (typeof url === 'string') problems.push(...checkUrl(['postgres', key], url, postgres));
  }
  return problems;
}

/** Also for URLs that came out of a file. Never echoes the URL: it holds the password. */
export function checkUrl(path: ConfigPath, url: string, postgres: Raw): PlacedProblem[] {
  const { ssl } = postgres;
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    const expected =
      'postgres://user:password@host:5432/database, with special characters in the password percent-encoded';
    return [{ where: formatPath(path), path, found: 'something that is not such a URL', expected }];
  }
  if (ssl !== undefined && new URL(url).searchParams.has('sslmode')) {
    return [problem(path, 'has an sslmode while ssl is set too', 'only one of the two')];
  }
  const said = new URL(url).searchParams.get('sslmode');
  const mode = said ?? 'disable';
  if (ssl !== undefined || mode !== 'disable' || !has(postgres, 'ssl_ca_file')) return [];
  // A pooler beside tierd may be asked without TLS: the authority is that of the server behind it.
  const isPooler = path.at(-1) === 'url' || path.at(-1) === 'url_file';
  const hasDirect = has(postgres, 'direct_url') || has(postgres, 'direct_url_file');
  if (isPooler && hasDirect && said === 'disable') return [];
  // Whoever names an authority takes the line for one that is encrypted.
  const message = 'has no sslmode that asks for TLS, without which ssl_ca_file has no effect';
  return [problem(path, message, 'ssl: verify-full beside it, or sslmode=verify-full in it')];
}

/** A record of zod's leaves such a key out, so that what is said of a column of this name would hold for none. */
function checkPrototypes(value: unknown, path: ConfigPath = []): PlacedProblem[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => checkPrototypes(item, [...path, index]));
  }
  return Object.entries(asRecord(value)).flatMap(([key, held]) => {
    const at = [...path, key];
    const isTold = path.length === 1 && path[0] === 'datasets';
    const told = problem(at, "a name that can't be written here", 'another one');
    return [...(key === '__proto__' && !isTold ? [told] : []), ...checkPrototypes(held, at)];
  });
}

/** Here and not in the schema, where a bad name would hide what is wrong inside its dataset. */
function checkNames(file: Raw): PlacedProblem[] {
  return Object.keys(asRecord(file['datasets']))
    .filter((name) => !DATASET_NAME.test(name))
    .map((name) => {
      const path = ['datasets', name];
      const found = JSON.stringify(name);
      return { where: formatPath(path), path, found, expected: DATASET_NAME_EXPECTED };
    });
}

const BY_INTERVAL = ['hot_intervals', 'cold_days_by_interval'] as const;

function checkIntervals(file: Raw): PlacedProblem[] {
  const lifecycle = asRecord(asRecord(file['storage'])['lifecycle']);
  const datasets = Object.entries(asRecord(file['datasets']));
  const problems: PlacedProblem[] = [];
  for (const [name, value] of datasets) {
    const dataset = asRecord(value);
    const path = ['datasets', name];
    for (const key of BY_INTERVAL) {
      if (!has(dataset, key) || has(dataset, 'interval_column')) continue;
      problems.push(
        problem([...path, key], 'has no effect without interval_column', 'both or neither'),
      );
    }
    const isUsed = BY_INTERVAL.some((key) => has(dataset, key) || has(lifecycle, key));
    if (has(dataset, 'interval_column') && !isUsed) {
      problems.push(
        problem(
          [...path, 'interval_column'],
          'has no effect without hot_intervals or cold_days_by_interval',
          'one of them here or in storage.lifecycle',
        ),
      );
    }
  }
  const used = datasets.some(([, dataset]) => has(asRecord(dataset), 'interval_column'));
  for (const key of BY_INTERVAL) {
    if (!has(lifecycle, key) || datasets.length === 0 || used) continue;
    problems.push(
      problem(
        ['storage', 'lifecycle', key],
        'has no effect: no dataset names its interval_column',
        'interval_column in at least one dataset',
      ),
    );
  }
  return problems;
}

/** Two datasets over one table would archive, and then delete, the same rows twice. */
function checkTables(file: Raw): PlacedProblem[] {
  const owners = new Map<string, string>();
  const problems: PlacedProblem[] = [];
  for (const [name, value] of Object.entries(asRecord(file['datasets']))) {
    const written = asRecord(value)['table'] ?? name;
    const table = typeof written === 'string' ? parseTable(written) : undefined;
    if (table === undefined) continue;
    const owner = owners.get(formatTable(table));
    owners.set(formatTable(table), owner ?? name);
    if (owner === undefined) continue;
    const message = `${formatTable(table)} already belongs to datasets.${owner}`;
    problems.push(problem(['datasets', name, 'table'], message, 'one dataset for each table'));
  }
  return problems;
}

function checkSort(file: Raw): PlacedProblem[] {
  return Object.entries(asRecord(file['datasets'])).flatMap(([name, value]) => {
    const columns: unknown = asRecord(value)['sort_by'];
    if (!Array.isArray(columns)) return [];
    return columns.flatMap((column: unknown, index) =>
      columns.indexOf(column) === index
        ? []
        : [
            problem(
              ['datasets', name, 'sort_by', index],
              `the column ${String(column)} is already in the list`,
              'each column once',
            ),
          ],
    );
  });
}

function checkCodecs(file: Raw): PlacedProblem[] {
  return Object.entries(asRecord(file['datasets'])).flatMap(([name, value]) => {
    const parquet = asRecord(asRecord(value)['parquet']);
    const { codec = 'zstd' } = parquet;
    if (!has(parquet, 'zstd_level') || codec === 'zstd') return [];
    const path = ['datasets', name, 'parquet', 'zstd_level'];
    return [problem(path, `stands beside codec ${String(codec)}`, 'codec: zstd, or no level')];
  });
}

function has(record: Raw, key: string): boolean {
  // A key whose variable was missing is there, with undefined: it is not also "missing".
  return Object.hasOwn(record, key);
}

function problem(path: ConfigPath, message: string, expected: string): PlacedProblem {
  return { where: formatPath(path), path, message, expected };
}
