/** The one way in: file → checked, complete, typed configuration, or every problem at once. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import type { LiveTarget } from '../domain/live/live-target.ts';
import type { Problem } from '../domain/problem.ts';
import { type AlertsConfig, resolveAlerts } from './alerts-section.ts';
import { type BackupConfig, resolveBackup } from './backup-section.ts';
import { checkUrl, crossCheck } from './cross-check.ts';
import { checkWebhookUrl } from './cross-check-alerts.ts';
import { checkRedisUrl } from './cross-check-redis.ts';
import { checkToken } from './cross-check-server.ts';
import { type DaemonConfig, resolveDaemon } from './daemon-section.ts';
import { resolveDatasets, resolveOwners } from './datasets-section.ts';
import { type ConfigPlace, findConfigFile } from './find-file.ts';
import { interpolate } from './interpolate.ts';
import { type LakeConfig, resolveLake } from './lake-section.ts';
import type { LogConfig } from './log-section.ts';
import { type MaintenanceConfig, resolveMaintenance } from './maintenance-section.ts';
import { asRecord, type ConfigPath, formatPath, withValueAt } from './path.ts';
import { type PostgresFaceConfig, resolvePostgresFace } from './postgres-face-section.ts';
import { POSTGRES_SECRETS, type PostgresConfig, resolvePostgres } from './postgres-section.ts';
import { type QueryConfig, resolveQuery } from './query-section.ts';
import { REDIS_SECRETS, resolveRedis, SENTINEL_SECRETS } from './redis-section.ts';
import { type DrainConfig, resolveDrain } from './resolve-drain.ts';
import { S3_SECRETS } from './s3-lake-section.ts';
import { resolveSchedules, type SchedulesConfig } from './schedules-section.ts';
import type { ConfigFile } from './schema.ts';
import { resolveServer, SERVER_SECRETS, type ServerConfig } from './server-section.ts';
import { type LifecycleConfig, resolveLifecycle } from './storage-section.ts';
import { type PlacedProblem, validate } from './validate.ts';
import { parseYaml } from './yaml-text.ts';

export interface TierdConfig {
  /** Absolute path of the file that it was read from. */
  readonly file: string;
  /** The file as it was read, before variables and secrets were put in. */
  readonly text: string;
  readonly postgres: PostgresConfig;
  /** Absent where nothing is drained. */
  readonly redis?: LiveTarget;
  readonly lake: LakeConfig;
  readonly lifecycle: LifecycleConfig;
  readonly datasets: readonly Dataset[];
  readonly drain: DrainConfig;
  readonly query: QueryConfig;
  readonly maintenance: MaintenanceConfig;
  /** Absent where there are no backups. */
  readonly backup?: BackupConfig;
  /** Dataset → the group whose daemon looks after it. */
  readonly owners: Readonly<Record<string, string>>;
  readonly schedules: SchedulesConfig;
  readonly daemon: DaemonConfig;
  /** Absent where no status page is wanted. */
  readonly server?: ServerConfig;
  /** Absent where queries are not answered in PostgreSQL's protocol. */
  readonly postgresFace?: PostgresFaceConfig;
  readonly alerts: AlertsConfig;
  readonly log: LogConfig;
}

/**
 * Names the file whose text the daemon hands to a job on stdin: a job begun after a bad edit works by
 * the configuration that the daemon has, not by what the file says now.
 */
export const CONFIG_ON_STDIN = 'TIERD_CONFIG_ON_STDIN';

/** The file as written, with its defaults. */
export interface CheckedFile {
  readonly file: string;
  readonly text: string;
  readonly config: ConfigFile;
  /** What its `*_file` keys held, in the places of the keys that they stand for. */
  readonly secrets: readonly Secret[];
}

interface Secret {
  readonly path: ConfigPath;
  readonly value: string;
}

/**
 * Finds, reads and checks the configuration. Touches nothing but the file and those it names.
 * Throws CONFIG_INVALID, whose `context.problems` lists everything that is wrong (`Problem[]`).
 */
export function loadConfig(place: ConfigPlace): TierdConfig {
  const { file, text, config: written, secrets } = readConfig(place);
  const config = withSecrets(written, secrets);
  const directory = dirname(file);
  const lake = resolveLake(config.lake, directory);
  const server = resolveServer(config.server);
  const { postgres: face } = config.server;
  const datasets = resolveDatasets(config.datasets, config.storage, lake);
  const maintenance = resolveMaintenance(config.maintenance, directory);
  return {
    file,
    text,
    postgres: resolvePostgres(config.postgres, directory),
    ...(config.redis === undefined ? {} : { redis: resolveRedis(config.redis, directory) }),
    lake,
    lifecycle: resolveLifecycle(config.storage),
    datasets,
    drain: resolveDrain(config.drain, datasets),
    query: resolveQuery(config.query, maintenance),
    maintenance,
    ...(config.backup === undefined ? {} : { backup: resolveBackup(config.backup, directory) }),
    owners: resolveOwners(config.datasets),
    schedules: resolveSchedules(config.schedules, config.storage, config.datasets),
    daemon: resolveDaemon(config.daemon),
    ...(server === undefined ? {} : { server }),
    ...(face === undefined ? {} : { postgresFace: resolvePostgresFace(face, directory) }),
    alerts: resolveAlerts(config.alerts),
    log: config.log,
  };
}

/** As `loadConfig`, in the words and units of the file: for printing it. */
export function readConfig(place: ConfigPlace): CheckedFile {
  const handed = place.env[CONFIG_ON_STDIN];
  const file = handed ?? findConfigFile(place);
  const text = readText(file, handed === undefined ? file : STDIN);
  const { yaml, problems: syntax } = parseYaml(text);
  if (yaml === undefined) throw invalid(file, syntax);

  const interpolation = interpolate(yaml.value, place.env);
  const { config, problems } = validate(interpolation);
  const { secrets, problems: unreadable } = readSecrets(interpolation.value, dirname(file));
  const all: readonly PlacedProblem[] = [
    ...interpolation.problems,
    ...problems,
    ...crossCheck(interpolation.value),
    ...unreadable,
  ];
  if (config === undefined || all.length > 0) {
    const placed = all.map(({ path, ...problem }) => {
      const line = yaml.lineOf(path);
      return line === undefined ? problem : { ...problem, line };
    });
    throw invalid(
      file,
      placed.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    );
  }
  return { file, text, config, secrets };
}

const STDIN = 0;

function readText(file: string, source: string | number): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(source);
  } catch (cause) {
    throw new TierdError({
      code: 'CONFIG_INVALID',
      message: `The configuration file ${file} cannot be read (${reasonOf(cause)}); nothing was done.`,
      hint: 'Check the permissions of the file and of its directories for the user that runs tierd.',
      context: { file },
      cause,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid(file, [{ where: '', message: 'the file is not UTF-8 text' }]);
  }
}

interface SecretPlace {
  readonly section: readonly string[];
  readonly key: string;
  readonly check: (path: ConfigPath, held: string, section: Section) => readonly PlacedProblem[];
}

/** Where a key may come from a file instead, and what is asked of what the file holds. */
const SECRETS: readonly SecretPlace[] = [
  ...POSTGRES_SECRETS.map((key) => ({
    section: ['postgres'],
    key,
    check: (path: ConfigPath, held: string, section: Section) =>
      key === 'password' ? [] : checkUrl(path, held, section),
  })),
  ...REDIS_SECRETS.map((key) => ({
    section: ['redis'],
    key,
    check: (path: ConfigPath, held: string, section: Section) =>
      key === 'url' ? checkRedisUrl(path, held, section) : [],
  })),
  ...SERVER_SECRETS.map((key) => ({ section: ['server'], key, check: checkToken })),
  ...[['lake'], ['lake', 'far']].flatMap((section) =>
    S3_SECRETS.map((key) => ({ section, key, check: () => [] })),
  ),
  ...SENTINEL_SECRETS.map((key) => ({ section: ['redis', 'sentinel'], key, check: () => [] })),
];

/** One for each webhook that there is. */
function webhookSecrets(root: unknown): readonly SecretPlace[] {
  const webhooks = asRecord(asRecord(asRecord(root)['alerts'])['webhooks']);
  return Object.keys(webhooks).map((name) => ({
    section: ['alerts', 'webhooks', name],
    key: 'url',
    check: checkWebhookUrl,
  }));
}

/** One for each user of the PostgreSQL face. */
function userSecrets(root: unknown): readonly SecretPlace[] {
  const at = ['server', 'postgres', 'users'];
  const users = at.reduce((value, name) => asRecord(value[name]), asRecord(root));
  return Object.keys(users).map((name) => ({
    section: [...at, name],
    key: 'password',
    check: checkToken,
  }));
}

type Section = Readonly<Record<string, unknown>>;

function readSecrets(
  root: unknown,
  directory: string,
): { readonly secrets: readonly Secret[]; readonly problems: readonly PlacedProblem[] } {
  const secrets: Secret[] = [];
  const problems: PlacedProblem[] = [];
  for (const { section: at, key, check } of [
    ...SECRETS,
    ...webhookSecrets(root),
    ...userSecrets(root),
  ]) {
    const section = at.reduce((value, name) => asRecord(value[name]), asRecord(root));
    const file = section[`${key}_file`];
    if (typeof file !== 'string' || file === '') continue;
    const path = [...at, `${key}_file`];
    const where = formatPath(path);
    try {
      // Editors and `echo` end a file with a newline that is no part of the secret.
      const held = readFileSync(resolve(directory, file), 'utf8').replace(/[\r\n]+$/, '');
      secrets.push({ path: [...at, key], value: held });
      if (held === '') problems.push({ where, path, message: `${file} is empty` });
      else problems.push(...check(path, held, section));
    } catch (error) {
      problems.push({ where, path, message: `${file} cannot be read (${reasonOf(error)})` });
    }
  }
  return { secrets, problems };
}

/** They were checked as what they stand for, so that the result is what the schema describes. */
function withSecrets(config: ConfigFile, secrets: readonly Secret[]): ConfigFile {
  const filled = secrets.reduce<unknown>(
    (value, secret) => withValueAt(value, secret.path, secret.value),
    config,
  );
  return filled as ConfigFile;
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    default:
      return code ?? String(error);
  }
}

function invalid(file: string, problems: readonly Problem[]): TierdError {
  const count = problems.length === 1 ? 'one problem' : `${String(problems.length)} problems`;
  return new TierdError({
    code: 'CONFIG_INVALID',
    message: `The configuration has ${count}; nothing was done.`,
    hint: 'Mend the file, then run `tierd config check`. Every key is explained in docs/configuration.md.',
    context: { file, problems },
  });
}
