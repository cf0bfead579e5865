/**
 * The kinds of values the configuration knows. Each carries what it expects as its error message,
 * so that a problem reads "found …, expected …", and its meaning for the docs and for editors.
 */
import { z } from 'zod';
import { everComes, hasRoomForSteps, isCronSchedule } from './cron.ts';
import { DURATION_EXPECTED, DURATION_PATTERN, SIZE_EXPECTED, SIZE_PATTERN } from './units.ts';

export function text(description: string, ...examples: string[]): z.ZodString {
  return someText('some text').meta(meta(description, 'text', examples));
}

export function columnName(description: string, ...examples: string[]): z.ZodString {
  return someText('the name of a column').meta(meta(description, 'column', examples));
}

function someText(expected: string): z.ZodString {
  const error = ({ input }: { readonly input?: unknown }): string =>
    typeof input === 'number' || typeof input === 'boolean'
      ? `${expected}: put it in "quotes"`
      : expected;
  return z.string({ error }).min(1, { error });
}

/** Never echoed, printed or logged: `redact` finds these fields by their meta. */
export function secret(description: string, ...examples: string[]): z.ZodString {
  return someText('some text').meta({ ...meta(description, 'text', examples), secret: true });
}

/** As `secret`, for a URL that is one as a whole: of it not even the host is shown. */
export function hidden(description: string, ...examples: string[]): z.ZodString {
  return someText('some text').meta({
    ...meta(description, 'URL', examples),
    secret: true,
    hidden: true,
  });
}

export function flag(description: string): z.ZodBoolean {
  return z.boolean({ error: 'true or false' }).meta(meta(description, 'true or false', []));
}

export function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  description: string,
): z.ZodEnum<{ [K in T[number]]: K }> {
  const error = oneOf(values);
  return z.enum(values, { error }).meta(meta(description, error, []));
}

export function wholeNumber(
  limits: { readonly min: number; readonly max: number },
  description: string,
  what = 'a whole number',
): z.ZodInt {
  const { min, max } = limits;
  const range = `${min.toLocaleString('en')} to ${max.toLocaleString('en')}`;
  const error = `${what} from ${range}`;
  return z
    .int({ error })
    .min(min, { error })
    .max(max, { error })
    .meta(meta(description, `${what.replace(/^a /, '')}, ${range}`, []));
}

export function decimal(description: string): z.ZodNumber {
  return z.number({ error: 'a number' }).meta(meta(description, 'number', []));
}

export function notNegative(description: string): z.ZodNumber {
  const error = 'a number, 0 or more';
  return z
    .number({ error })
    .min(0, { error })
    .meta(meta(description, 'number, 0 or more', []));
}

export function share(description: string): z.ZodNumber {
  const error = 'a share between 0 and 1, such as 0.5 for half';
  return z
    .number({ error })
    .gt(0, { error })
    .max(1, { error })
    .meta(meta(description, 'share: above 0, up to 1', []));
}

export function duration(description: string): z.ZodString {
  const error = DURATION_EXPECTED;
  return z
    .string({ error })
    .regex(DURATION_PATTERN, { error })
    .meta(meta(description, 'duration', []));
}

export function size(description: string): z.ZodString {
  const error = SIZE_EXPECTED;
  return z
    .string({ error })
    .regex(SIZE_PATTERN, { error })
    .meta(meta(description, 'size', []));
}

export function cron(description: string): z.ZodString {
  const error = 'five cron fields (minute hour day month weekday), such as "0 2 * * *"';
  return z
    .string({ error })
    .refine(isCronSchedule, { error, abort: true })
    .refine(hasRoomForSteps, {
      error:
        'steps that come more than once in their field: minutes */90 begin anew with each hour, and so come once in it, not every 90 minutes. For that write `every: 90min` in place of cron, under schedules',
    })
    .refine(everComes, { error: 'a day that one of its months has: this schedule never comes' })
    .meta(meta(description, 'cron schedule', []));
}

const ZONE_EXPECTED = 'a time zone such as UTC, Europe/Berlin or America/New_York';

export function timeZoneNamed(description: string): z.ZodString {
  return z
    .string({ error: ZONE_EXPECTED })
    .refine(isTimeZone, { error: ZONE_EXPECTED })
    .meta({ description, expects: 'time zone' });
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format().length > 0;
  } catch {
    return false;
  }
}

export function textList(
  what: string,
  description: string,
  ...examples: string[][]
): z.ZodArray<z.ZodString> {
  const error = `a list of ${what}, such as [${(examples[0] ?? []).join(', ')}]`;
  return z
    .array(someText('some text'), { error })
    .meta({ ...meta(description, `list of ${what}`, []), examples });
}

function oneOf(values: readonly string[]): string {
  if (values.length <= 1) return values.join('');
  return `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`;
}

function meta(
  description: string,
  expects: string,
  examples: readonly string[],
): Record<string, unknown> {
  return { description, expects, ...(examples.length > 0 ? { examples } : {}) };
}
