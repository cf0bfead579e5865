/** The one way in: file → checked, complete, typed configuration, or every problem at once. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import type { Problem } from '../domain/problem.ts';
import { checkUrl, crossCheck } from './cross-check.ts';
import { resolveDatasets } from './datasets-section.ts';
import { type ConfigPlace, findConfigFile } from './find-file.ts';
import { interpolate } from './interpolate.ts';
import { type LakeConfig, resolveLake } from './lake-section.ts';
import type { LogConfig } from './log-section.ts';
import { type MaintenanceConfig, resolveMaintenance } from './maintenance-section.ts';
import { asRecord } from './path.ts';
import {
  POSTGRES_SECRETS,
  type PostgresConfig,
  type PostgresFile,
  resolvePostgres,
} from './postgres-section.ts';
import type { ConfigFile } from './schema.ts';
import { type LifecycleConfig, resolveLifecycle } from './storage-section.ts';
import { type PlacedProblem, validate } from './validate.ts';
import { parseYaml } from './yaml-text.ts';

export interface TierdConfig {
  /** Absolute path of the file that it was read from. */
  readonly file: string;
  readonly postgres: PostgresConfig;
  readonly lake: LakeConfig;
  readonly lifecycle: LifecycleConfig;
  readonly datasets: readonly Dataset[];
  readonly maintenance: MaintenanceConfig;
  readonly log: LogConfig;
}

/** The file as written, with its defaults, and what its `*_file` keys held. */
export interface CheckedFile {
  readonly file: string;
  readonly config: ConfigFile;
  readonly secrets: Secrets;
}

type Secrets = Readonly<Partial<Record<(typeof POSTGRES_SECRETS)[number], string>>>;

/**
 * Finds, reads and checks the configuration. Touches nothing but the file and those it names.
 * Throws CONFIG_INVALID, whose `context.problems` lists everything that is wrong (`Problem[]`).
 */
export function loadConfig(place: ConfigPlace): TierdConfig {
  const { file, config, secrets } = readConfig(place);
  const directory = dirname(file);
  const postgres: PostgresFile = { ...config.postgres, ...secrets };
  const lake = resolveLake(config.lake, directory);
  return {
    file,
    postgres: resolvePostgres(postgres),
    lake,
    lifecycle: resolveLifecycle(config.storage),
    datasets: resolveDatasets(config.datasets, config.storage, lake.minFreeBytes),
    maintenance: resolveMaintenance(config.maintenance, directory),
    log: config.log,
  };
}

/** As `loadConfig`, in the words and units of the file: for printing it. */
export function readConfig(place: ConfigPlace): CheckedFile {
  const file = findConfigFile(place);
  const { yaml, problems: syntax } = parseYaml(readText(file));
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
  return { file, config, secrets };
}

function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new TierdError({
      code: 'CONFIG_INVALID',
      message: `The configuration file ${file} cannot be read (${reasonOf(cause)}); nothing was started.`,
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

function readSecrets(
  root: unknown,
  directory: string,
): { readonly secrets: Secrets; readonly problems: readonly PlacedProblem[] } {
  const postgres = asRecord(asRecord(root)['postgres']);
  const secrets: Partial<Record<keyof Secrets, string>> = {};
  const problems: PlacedProblem[] = [];
  for (const key of POSTGRES_SECRETS) {
    const file = postgres[`${key}_file`];
    if (typeof file !== 'string' || file === '') continue;
    const path = ['postgres', `${key}_file`];
    const where = path.join('.');
    try {
      // Editors and `echo` end a file with a newline that is no part of the secret.
      const held = readFileSync(resolve(directory, file), 'utf8').replace(/[\r\n]+$/, '');
      secrets[key] = held;
      if (held === '') problems.push({ where, path, message: `${file} is empty` });
      else if (key !== 'password') problems.push(...checkUrl(path, held, postgres['ssl']));
    } catch (error) {
      problems.push({ where, path, message: `${file} cannot be read (${reasonOf(error)})` });
    }
  }
  return { secrets, problems };
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
    message: `The configuration has ${count}; nothing was started.`,
    hint: 'Mend the file, then run `tierd config check`. Every key is explained in docs/configuration.md.',
    context: { file, problems },
  });
}
