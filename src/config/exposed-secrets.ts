/** Secrets that every user of the machine can read: those in the configuration itself, and in files that it names. */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Check } from '../domain/check.ts';
import { type Environment, interpolate } from './interpolate.ts';
import { configJsonSchema, isHiddenAt, isSecretAt, type SchemaNode } from './json-schema.ts';
import { type ConfigPath, formatPath, isRecord } from './path.ts';
import { redactUrls } from './redact.ts';
import { parseYaml } from './yaml-text.ts';

const READ_BY_OTHERS = 0o004;

/** @param config a file that has been checked, as it is written */
export function checkExposedSecrets(
  config: { readonly file: string; readonly text: string },
  env: Environment,
): readonly Check[] {
  const { yaml } = parseYaml(config.text);
  if (yaml === undefined) return [];
  const schema = configJsonSchema();
  const written = leavesOf(yaml.value).filter(
    ({ path, text }) =>
      !text.includes('${') && isSecretAt(schema, path) && holdsSecret(schema, path, text),
  );
  const named = leavesOf(interpolate(yaml.value, env).value).flatMap(({ path, text }) => {
    const key = String(path.at(-1));
    const isFile =
      key.endsWith('_file') && isSecretAt(schema, [...path.slice(0, -1), key.slice(0, -5)]);
    return isFile ? [{ file: resolve(dirname(config.file), text), holds: formatPath(path) }] : [];
  });
  return [
    ...(written.length === 0
      ? []
      : [{ file: config.file, holds: written.map(({ path }) => formatPath(path)).join(', ') }]),
    ...named,
  ]
    .filter(({ file }) => isReadByOthers(file))
    .map(({ file, holds }) => ({
      name: 'config_permissions',
      status: 'warning',
      found: `every user of this machine can read ${file}, which holds a secret (${holds})`,
      advice: `chmod o-r ${file}, and let the user that tierd runs as own it`,
    }));
}

interface Leaf {
  readonly path: ConfigPath;
  readonly text: string;
}

function leavesOf(value: unknown, path: ConfigPath = []): readonly Leaf[] {
  if (typeof value === 'string') return [{ path, text: value }];
  const entries: readonly (readonly [PropertyKey, unknown])[] = Array.isArray(value)
    ? value.map((item: unknown, index) => [index, item] as const)
    : isRecord(value)
      ? Object.entries(value)
      : [];
  return entries.flatMap(([key, item]) => leavesOf(item, [...path, key]));
}

/** A URL is secret for its password, unless all of it is. */
function holdsSecret(schema: SchemaNode, path: ConfigPath, text: string): boolean {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  return !isUrl || isHiddenAt(schema, path) || redactUrls(text) !== text;
}

/** Of what a file descriptor or a socket stands for nobody can tell. */
function isReadByOthers(file: string): boolean {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() === true && (stats.mode & READ_BY_OTHERS) !== 0;
}
