/** Questions about a dataset that are no SQL: its rows, the latest of them, bars, figures of groups. */
import { z } from 'zod';
import type { StructuredAsk } from '../../../domain/ask/structured-ask.ts';
import { answerInFormat } from '../../queries/answer-in-format.ts';
import { answerQuery } from '../../queries/answer-query.ts';
import { FORMATS, type QueryFormat } from '../../queries/formats.ts';
import { liveOf } from '../../queries/live-rows.ts';
import { badSegmentsOf } from '../../queries/on-bad-segment.ts';
import type { QueryDesk } from '../../queries/query-desk.ts';
import type { Route } from '../../route.ts';
import {
  aggregateAsk,
  aggregateQuery,
  barsAsk,
  barsQuery,
  latestAsk,
  latestQuery,
  parseQuery,
  rowsAsk,
  rowsQuery,
} from './dataset-query.ts';

const time = z.string().nullable();

const datasetsSchema = z.object({
  datasets: z.array(
    z.object({
      dataset: z.string(),
      table: z.string(),
      error: z.string().nullable().meta({ description: 'Why it can not be asked, if so.' }),
      columns: z.array(
        z.object({
          name: z.string(),
          postgres_type: z.string(),
          type: z.string().meta({ description: 'In an answer, in the words of DuckDB.' }),
        }),
      ),
      time_column: z.string(),
      time_kind: z.enum(['timestamptz', 'timestamp', 'date', 'integer']).nullable(),
      time_unit: z.enum(['s', 'ms', 'us', 'ns']).nullable(),
      unique_key: z.array(z.string()),
      hot: z.object({
        rows: z.number().nullable(),
        rows_are_estimated: z.boolean(),
        oldest: time,
        newest: time,
      }),
      cold: z.object({
        rows: z.number(),
        segments: z.number(),
        bytes: z.number(),
        oldest: time,
        newest: time,
      }),
    }),
  ),
});

export function datasetRoutes(desk: QueryDesk): readonly Route[] {
  return [
    {
      method: 'GET',
      url: '/v1/datasets',
      scope: 'query',
      summary: 'What can be asked: columns with both their types, the key, and where the rows are.',
      response: datasetsSchema,
      answer: (asked) =>
        answerQuery(desk, asked, { structured: { kind: 'datasets' }, format: 'json' }),
    },
    question(desk, {
      kind: 'rows',
      summary:
        'A page of rows by time and key, of half-open times. A parameter that is none of these is a column and the value that it must have; eq.limit is the column limit.',
      query: rowsQuery,
      ask: rowsAsk,
    }),
    question(desk, {
      kind: 'latest',
      summary: 'The latest rows, the newest first. Other parameters are columns, as of rows.',
      query: latestQuery,
      ask: latestAsk,
    }),
    question(desk, {
      kind: 'bars',
      summary:
        'The first, largest, smallest and last price and the sum of the volume of each stretch of half-open times. Other parameters are columns, as of rows.',
      query: barsQuery,
      ask: barsAsk,
    }),
    question(desk, {
      kind: 'aggregate',
      summary: 'Figures of groups of rows. Other parameters are columns, as of rows.',
      query: aggregateQuery,
      ask: aggregateAsk,
    }),
  ];
}

interface Question<Given> {
  readonly kind: string;
  readonly summary: string;
  readonly query: z.ZodObject & z.ZodType<Given>;
  readonly ask: (dataset: string, given: Given) => StructuredAsk;
}

interface Chosen {
  readonly format?: QueryFormat | undefined;
  readonly on_bad_segment?: 'fail' | 'skip' | undefined;
  readonly live?: 'true' | 'false' | undefined;
}

function question<Given extends Chosen>(
  desk: QueryDesk,
  { kind, summary, query, ask }: Question<Given>,
): Route {
  return {
    method: 'GET',
    url: `/v1/datasets/:dataset/${kind}`,
    scope: 'query',
    summary,
    query,
    success: { status: 200, types: Object.values(FORMATS) },
    answer: (asked) => {
      const given = parseQuery(query, asked.query);
      const structured = ask(asked.params['dataset'] ?? '', given);
      return answerInFormat(desk, asked, given.format, {
        structured,
        ...badSegmentsOf(given.on_bad_segment),
        ...liveOf(given.live),
      });
    },
  };
}
