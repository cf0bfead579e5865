/** What a request says, against its schema: every problem at once, in words of our own. */
import { z } from 'zod';
import { formatProblem, type Problem } from '../domain/problem.ts';
import { suggest } from '../domain/suggest.ts';

/** What a request said that can't be meant. Nothing was done. */
export class RequestRefused extends Error {}

/** Of a route that takes none. */
const NO_PARAMETERS = z.strictObject({});

/**
 * @throws RequestRefused with every problem: where, what was found, what was expected
 */
export function readRequest<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
): z.output<Schema> {
  const result = schema.safeParse(given, { error: expectedOf });
  if (result.success) return result.data;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const problems = result.error.issues.flatMap((issue) => explain(issue, given, known));
  throw new RequestRefused(problems.map(formatProblem).join('; '));
}

/** Before what changes something: a misspelt `dry_run` must not begin what it was to try out. */
export function refuseParameters(given: unknown): void {
  readRequest(NO_PARAMETERS, given);
}

function explain(issue: z.core.$ZodIssue, given: unknown, known: readonly string[]): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownParameter(key, known));
  }
  const where = issue.path.join('.');
  const found = at(given, issue.path);
  const { message: expected } = issue;
  if (found === undefined) return [{ where, message: 'missing', expected }];
  return [{ where, found: describe(found), expected }];
}

function unknownParameter(where: string, known: readonly string[]): Problem {
  const near = suggest(where, known);
  if (near !== undefined) return { where, message: `unknown; did you mean ${near}?` };
  return { where, message: 'unknown', expected: known.length === 0 ? 'none' : known.join(', ') };
}

/** Where a schema has no words of its own. */
function expectedOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.join(', ')}`;
    case 'invalid_union':
      return 'a text, or several';
    case 'invalid_format':
      return issue.format === 'date' ? 'a day such as 2024-01-15' : undefined;
    case 'too_small':
      return issue.minimum === 1 && issue.origin === 'string'
        ? 'a text that is not empty'
        : `at least ${String(issue.minimum)}${UNITS[issue.origin] ?? ''}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}${UNITS[issue.origin] ?? ''}`;
    default:
      return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' values' };

function at(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Readonly<Record<PropertyKey, unknown>>)[key]
        : undefined,
    given,
  );
}

const MAX_SHOWN = 60;

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
