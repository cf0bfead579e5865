/** What stands behind the `?` of a question about a dataset. */
import { z } from 'zod';
import {
  type AggregateAsk,
  type BarsAsk,
  type ColumnFilter,
  type RowsAsk,
  TIMEFRAMES,
} from '../../../domain/ask/structured-ask.ts';
import { FORMAT_NAMES } from '../../queries/formats.ts';
import { liveInQuery } from '../../queries/live-rows.ts';
import { onBadSegment } from '../../queries/on-bad-segment.ts';
import { readRequest } from '../../read-request.ts';

const MAX_LIMIT = 100_000;
const MAX_LATEST = 10_000;

const text = z.string().min(1).max(4_096);
const texts = z.union([text, z.array(text).max(200)]);

/** Of a column: an empty text is one, too. */
const value = z.string().max(4_096);
const values = z.union([value, z.array(value).max(200)]);

const format = z
  .enum(FORMAT_NAMES)
  .optional()
  .meta({ description: 'In place of the header Accept.' });
const from = text
  .optional()
  .meta({ description: 'The first instant, ISO 8601; UTC where it has no offset.' });
const to = text.optional().meta({ description: 'The first instant that is not meant any more.' });
const by = texts.optional().meta({
  description: 'Columns that make a group, by commas; with a comma in a name, one by one.',
});
const timeframe = z.enum(TIMEFRAMES);
const tz = text
  .optional()
  .meta({ description: 'Whose days, with timeframe=1d: Europe/Berlin. UTC unless given.' });

/** What is not named here is a column and the value that it must have, or one of several. */
export const rowsQuery = z
  .object({
    from,
    to,
    columns: texts
      .optional()
      .meta({ description: 'By commas; with a comma in a name, one by one. All unless given.' }),
    order: z.enum(['asc', 'desc']).default('asc').meta({ description: 'By time.' }),
    limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(1_000),
    cursor: z
      .string()
      .optional()
      .meta({ description: 'The header Tierd-Next-Cursor of the page before.' }),
    format,
    on_bad_segment: onBadSegment,
    live: liveInQuery,
  })
  .catchall(values);

export const latestQuery = z
  .object({
    columns: texts.optional(),
    limit: z.coerce.number().int().min(1).max(MAX_LATEST).default(100),
    format,
    on_bad_segment: onBadSegment,
    live: liveInQuery,
  })
  .catchall(values);

export const barsQuery = z
  .object({
    timeframe: timeframe.default('1m'),
    from,
    to,
    tz,
    price: text.optional().meta({
      description: 'A column in place of open, high, low and close.',
    }),
    volume: text
      .optional()
      .meta({ description: 'The column that is summed; volume unless given.' }),
    by,
    format,
    on_bad_segment: onBadSegment,
    live: liveInQuery,
  })
  .catchall(values);

export const aggregateQuery = z
  .object({
    by,
    fn: texts.meta({
      description:
        'count, count(c), count_distinct(c), sum(c), avg(c), min(c), max(c), first(c), last(c); by commas.',
    }),
    timeframe: timeframe.optional().meta({ description: 'Groups by time as well.' }),
    from,
    to,
    tz,
    format,
    on_bad_segment: onBadSegment,
    live: liveInQuery,
  })
  .catchall(values);

export function rowsAsk(
  dataset: string,
  {
    from: first,
    to: end,
    columns,
    order,
    limit,
    cursor,
    format: _,
    on_bad_segment: __,
    live: ___,
    ...rest
  }: z.output<typeof rowsQuery>,
): RowsAsk {
  return {
    kind: 'rows',
    dataset,
    filters: filtersOf(rest),
    from: first ?? null,
    to: end ?? null,
    columns: columns === undefined ? null : listOf(columns),
    order,
    limit,
    cursor: cursor ?? null,
  };
}

export function latestAsk(
  dataset: string,
  {
    columns,
    limit,
    format: _,
    on_bad_segment: __,
    live: ___,
    ...rest
  }: z.output<typeof latestQuery>,
): RowsAsk {
  return {
    kind: 'rows',
    dataset,
    filters: filtersOf(rest),
    from: null,
    to: null,
    columns: columns === undefined ? null : listOf(columns),
    order: 'desc',
    limit,
    cursor: null,
  };
}

export function barsAsk(
  dataset: string,
  {
    timeframe: frame,
    from: first,
    to: end,
    tz: zone,
    price,
    volume,
    by: groups,
    format: _,
    on_bad_segment: __,
    live: ___,
    ...rest
  }: z.output<typeof barsQuery>,
): BarsAsk {
  return {
    kind: 'bars',
    dataset,
    filters: filtersOf(rest),
    timeframe: frame,
    from: first ?? null,
    to: end ?? null,
    timeZone: zone ?? null,
    price: price ?? null,
    volume: volume ?? null,
    by: groups === undefined ? [] : listOf(groups),
  };
}

export function aggregateAsk(
  dataset: string,
  {
    by: groups,
    fn,
    timeframe: frame,
    from: first,
    to: end,
    tz: zone,
    format: _,
    on_bad_segment: __,
    live: ___,
    ...rest
  }: z.output<typeof aggregateQuery>,
): AggregateAsk {
  return {
    kind: 'aggregate',
    dataset,
    filters: filtersOf(rest),
    by: groups === undefined ? [] : listOf(groups),
    functions: listOf(fn),
    timeframe: frame ?? null,
    from: first ?? null,
    to: end ?? null,
    timeZone: zone ?? null,
  };
}

/** A column that is called as a parameter is: `eq.limit=5`. */
const ESCAPE = 'eq.';

/** What objects lose on their way is no condition that may be left out unseen. */
export function parseQuery<Schema extends z.ZodType>(
  schema: Schema,
  query: unknown,
): z.output<Schema> {
  const given = Object.entries(query as Readonly<Record<string, unknown>>);
  return readRequest(
    schema,
    Object.fromEntries(
      given.map(([name, found]) => [name === '__proto__' ? `${ESCAPE}${name}` : name, found]),
    ),
  );
}

function filtersOf(rest: Readonly<Record<string, string | string[]>>): readonly ColumnFilter[] {
  return Object.entries(rest).map(([name, value]) => ({
    column: name.startsWith(ESCAPE) ? name.slice(ESCAPE.length) : name,
    values: typeof value === 'string' ? [value] : value,
  }));
}

/** Given one by one, each is taken as it stands. */
function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? value.split(',') : value;
}
