/** One SELECT over hot and cold, answered as it comes. Each runs in a process of its own. */

import { z } from 'zod';
import { answerInFormat } from '../queries/answer-in-format.ts';
import { FORMAT_NAMES, FORMATS } from '../queries/formats.ts';
import { liveInBody, liveOf } from '../queries/live-rows.ts';
import { badSegmentsOf, onBadSegment } from '../queries/on-bad-segment.ts';
import type { QueryDesk } from '../queries/query-desk.ts';
import { readRequest } from '../read-request.ts';
import type { Route } from '../route.ts';

const MAX_PARAMETERS = 1_000;

/** Reading JSON has rounded a larger one to its neighbour, which may be the key of another row. */
const isExact = (value: unknown): boolean =>
  typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value);

const queryBody = z.strictObject({
  sql: z.string().min(1).meta({
    description:
      'One SELECT in the SQL of DuckDB; every dataset is a table of its name, and live.<source> what waits in Redis.',
  }),
  params: z
    .array(
      z
        .union([z.string(), z.number(), z.boolean(), z.null()], {
          error: 'a text, a number, true, false or null',
        })
        .refine(
          isExact,
          'an integer beyond 2^53 is not exact as a number of JSON: send it as a text',
        ),
    )
    .max(MAX_PARAMETERS)
    .default([])
    .meta({
      description:
        'The values of $1, $2 and so on. A text has the type of what it is compared with.',
    }),
  format: z
    .enum(FORMAT_NAMES)
    .optional()
    .meta({ description: 'Without it the header Accept chooses, and JSON is what is left.' }),
  on_bad_segment: onBadSegment,
  live: liveInBody,
});

export function queryRoutes(desk: QueryDesk): readonly Route[] {
  return [
    {
      method: 'POST',
      url: '/v1/query',
      scope: 'query',
      summary:
        'Run one SELECT over hot and cold rows. Headers say which snapshot it saw and what was read; where the answer is short, its rows and how long it took. An answer that breaks off has no end.',
      body: queryBody,
      success: { status: 200, types: Object.values(FORMATS) },
      answer(asked) {
        const { format, on_bad_segment, live, ...query } = readRequest(queryBody, asked.body);
        return answerInFormat(desk, asked, format, {
          ...query,
          ...badSegmentsOf(on_bad_segment),
          ...liveOf(live),
        });
      },
    },
  ];
}
