import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { TierdError } from '../domain/errors.ts';

export interface ConfigPlace {
  /** What `--config` said. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

const NAME = 'unified_config.yaml';
const SEARCHED = [NAME, `config/${NAME}`, `/etc/tierd/${NAME}`];

/**
 * The absolute path of the configuration file: `--config`, else TIERD_CONFIG, else the first that
 * exists of the usual places. A file that was named but is not there is an error: falling through
 * to another one could rotate somebody else's tables.
 */
export function findConfigFile(place: ConfigPlace): string {
  const fromEnv = place.env['TIERD_CONFIG'];
  const named = place.file ?? (fromEnv === '' ? undefined : fromEnv);
  if (named !== undefined) {
    const path = resolve(place.workingDirectory, named);
    if (isFile(path)) return path;
    throw new TierdError({
      code: 'CONFIG_INVALID',
      message: `There is no configuration file at ${path}; nothing was done.`,
      hint: `It was named by ${place.file === undefined ? 'the environment variable TIERD_CONFIG' : '--config'}. Correct the path, or leave it out to search the usual places.`,
      context: { file: path },
    });
  }
  const candidates = SEARCHED.map((path) => resolve(place.workingDirectory, path));
  const found = candidates.find(isFile);
  if (found !== undefined) return found;
  throw new TierdError({
    code: 'CONFIG_INVALID',
    message: `No configuration file was found; nothing was done. Searched: ${candidates.join(', ')}.`,
    hint: 'Name one with --config FILE or TIERD_CONFIG, or start from the commented config/unified_config.yaml that comes with tierd.',
    context: { searched: candidates },
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
