/** A parsed file against the schema: every problem, in words, with the line it stands on. */
import type { z } from 'zod';
import type { Problem } from '../domain/problem.ts';
import { suggest } from '../domain/suggest.ts';
import type { Interpolation } from './interpolate.ts';
import { configJsonSchema, isSecretAt, keysAt, type SchemaNode } from './json-schema.ts';
import { type ConfigPath, formatPath, isRecord, withValueAt } from './path.ts';
import { redactUrls } from './redact.ts';
import { type ConfigFile, configSchema } from './schema.ts';

export interface PlacedProblem extends Problem {
  readonly path: ConfigPath;
}

type Issue = z.core.$ZodIssue;

/** Checks shape and values; what needs several values at once is in `cross-check`. */
export function validate(interpolation: Interpolation): {
  readonly config: ConfigFile | undefined;
  readonly problems: readonly PlacedProblem[];
} {
  if (!isRecord(interpolation.value)) {
    const found = interpolation.value === null ? 'an empty file' : describe(interpolation.value);
    const expected = 'sections such as postgres:, lake: and datasets:';
    return { config: undefined, problems: [{ where: '', path: [], found, expected }] };
  }
  let value: unknown = interpolation.value;
  // Each repair takes away the issue that called for it, so this ends.
  for (;;) {
    const result = configSchema.safeParse(value, { reportInput: true });
    if (result.success) {
      return { config: result.data, problems: [] };
    }
    const repaired = repair(value, result.error.issues, interpolation.replaced);
    if (repaired === undefined) {
      const schema = configJsonSchema();
      const problems = result.error.issues
        .filter((issue) => !interpolation.failed.has(formatPath(issue.path)))
        .flatMap((issue) => explain(issue, schema, interpolation.replaced));
      return { config: undefined, problems };
    }
    value = repaired;
  }
}

/**
 * Two things a person would not call mistakes: a section whose lines are all commented out is an
 * empty section, and what a variable holds is a number where a number is wanted.
 */
function repair(
  value: unknown,
  issues: readonly Issue[],
  replaced: ReadonlyMap<string, string>,
): unknown {
  let repaired = value;
  let changed = false;
  for (const issue of issues) {
    if (issue.code !== 'invalid_type') continue;
    const better = betterInput(issue, replaced);
    if (better === undefined) continue;
    repaired = withValueAt(repaired, issue.path, better);
    changed = true;
  }
  return changed ? repaired : undefined;
}

function betterInput(
  issue: z.core.$ZodIssueInvalidType,
  replaced: ReadonlyMap<string, string>,
): unknown {
  const { input } = issue;
  const expected: string = issue.expected;
  if (input === null && (expected === 'object' || expected === 'record')) return {};
  if (typeof input !== 'string' || !replaced.has(formatPath(issue.path))) return undefined;
  const isNumber = /^-?\d+(\.\d+)?$/.test(input.trim());
  if ((expected === 'number' || expected === 'int') && isNumber) return Number(input);
  if (expected === 'boolean' && (input === 'true' || input === 'false')) return input === 'true';
  return undefined;
}

function explain(
  issue: Issue,
  schema: SchemaNode,
  replaced: ReadonlyMap<string, string>,
): PlacedProblem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], key, keysAt(schema, path)));
  }
  const wanted = expectedOf(issue);
  if (issue.input === undefined || isMissingDiscriminator(issue)) {
    return [{ where: formatPath(path), path, message: 'missing', expected: wanted }];
  }
  const shown = isSecretAt(schema, path) ? 'a value that is not shown' : describe(inputOf(issue));
  const source = replaced.get(formatPath(path));
  const found = source === undefined ? shown : `${shown}, from ${source}`;
  return [{ where: formatPath(path), path, found, expected: wanted }];
}

function unknownKey(path: ConfigPath, key: string, known: readonly string[]): PlacedProblem {
  const where = formatPath(path);
  const near = suggest(key, known);
  const what = path.length === 1 ? 'unknown section' : 'unknown key';
  return near === undefined
    ? { where, path, message: what, expected: `one of ${known.join(', ')}` }
    : { where, path, message: `${what}; did you mean ${near}?` };
}

function expectedOf(issue: Issue): string {
  if (
    issue.code === 'invalid_type' &&
    (issue.expected === 'object' || issue.expected === 'record')
  ) {
    return 'a mapping: indented lines of "key: value"';
  }
  return issue.message;
}

/** A union's issue stands at its discriminator but carries the whole mapping. */
function inputOf(issue: Issue): unknown {
  const key = issue.path.at(-1);
  if (issue.code !== 'invalid_union' || key === undefined) return issue.input;
  return isRecord(issue.input) ? issue.input[String(key)] : issue.input;
}

function isMissingDiscriminator(issue: Issue): boolean {
  return issue.code === 'invalid_union' && inputOf(issue) === undefined;
}

const MAX_SHOWN = 60;

function describe(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isRecord(value)) return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping';
  if (typeof value !== 'string') return JSON.stringify(value);
  const shown = redactUrls(value);
  return JSON.stringify(shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown);
}
