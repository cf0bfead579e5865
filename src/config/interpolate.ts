/**
 * `${VAR}` and `${VAR:-default}` in the values of a parsed configuration; `$${` stands for `${`.
 * It runs after YAML has been parsed, so that no character of a secret can change the structure.
 */
import type { Problem } from '../domain/problem.ts';
import { type ConfigPath, formatPath, isRecord } from './path.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Interpolation {
  readonly value: unknown;
  /** Paths of the values that came, wholly or partly, from the environment → what is written there. */
  readonly replaced: ReadonlyMap<string, string>;
  /** Paths of the values that could not be made; they are undefined in `value`. */
  readonly failed: ReadonlySet<string>;
  readonly problems: readonly (Problem & { readonly path: ConfigPath })[];
}

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

export function interpolate(root: unknown, env: Environment): Interpolation {
  const replaced = new Map<string, string>();
  const failed = new Set<string>();
  const problems: (Problem & { path: ConfigPath })[] = [];

  function walk(value: unknown, path: ConfigPath): unknown {
    if (typeof value === 'string') return text(value, path);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]),
    );
  }

  function text(value: string, path: ConfigPath): string | undefined {
    const faults: string[] = [];
    const result = value.replace(REFERENCE, (whole: string, inside?: string, close?: string) => {
      if (inside === undefined) return '${';
      replaced.set(formatPath(path), value);
      const answer = lookUp(inside, close === '}', env);
      if ('fault' in answer) {
        faults.push(answer.fault);
        return whole;
      }
      return answer.value;
    });
    if (faults.length === 0) return result;
    failed.add(formatPath(path));
    for (const message of faults) problems.push({ where: formatPath(path), path, message });
    return undefined;
  }

  return { value: walk(root, []), replaced, failed, problems };
}

function lookUp(
  inside: string,
  closed: boolean,
  env: Environment,
): { readonly value: string } | { readonly fault: string } {
  const match = INSIDE.exec(inside);
  const name = match?.[1];
  if (!closed || name === undefined) {
    return {
      fault: `"\${${inside}${closed ? '}' : ''}" is not a reference to a variable; write \${NAME} or \${NAME:-default}, or $\${ for a plain \${`,
    };
  }
  const found = env[name];
  const fallback = match?.[2];
  // As in a shell, `:-` also stands in for a variable that is set but empty.
  if (fallback !== undefined)
    return { value: found === undefined || found === '' ? fallback : found };
  if (found === undefined) return { fault: `the environment variable ${name} is not set` };
  return { value: found };
}
