/** Where a dataset's rows are, day by day, and how they flow. */
import { z } from 'zod';
import type { DaemonView } from '../../daemon/view.ts';
import { MAX_CALENDAR_DAYS } from '../../domain/survey/calendar.ts';
import { flowOf, flowWindow } from '../../domain/survey/flow.ts';
import { sourceGapsOf } from '../../domain/survey/survey-totals.ts';
import type { Clock } from '../../domain/time/clock.ts';
import { DAY_MS, type EpochMs, floorToUnit, type TimeRange } from '../../domain/time/time-range.ts';
import { readRequest } from '../read-request.ts';
import type { Answer, Route } from '../route.ts';
import { iso } from '../time.ts';

const DEFAULT_DAYS = 366;
const MAX_HOURS = 24 * 31;

const day = z.iso.date();

const calendarQuery = z.strictObject({
  dataset: z.string().max(200).meta({ description: 'As it is configured.' }),
  from: day
    .optional()
    .meta({ description: 'The first day, UTC; a year before `to` unless given.' }),
  to: day.optional().meta({ description: 'The last day, included; today unless given.' }),
});

/** Whom an answer knows nothing, or nothing new, of. */
const gaps = {
  as_of: z
    .string()
    .nullable()
    .meta({ description: 'When the stores were looked at; null before the first look.' }),
  missing: z
    .array(z.string())
    .meta({ description: 'Sources whose backlog nobody has seen: nothing here tells of them.' }),
  stale: z
    .array(z.string())
    .meta({ description: 'Sources that could not be looked at: their figures are of before.' }),
};

export const calendarSchema = z.object({
  ...gaps,
  dataset: z.string(),
  from: z.string(),
  to: z.string(),
  hot_rows_are_estimated: z.boolean(),
  days: z.array(
    z.object({
      day: z.string(),
      state: z.enum(['live', 'hot', 'moving', 'cold', 'gap', 'bad', 'empty']),
      hot_rows: z.number().nullable(),
      cold_rows: z.number(),
      segments: z.number(),
      is_pinned: z.boolean().meta({
        description: 'Some of it was restored, and stays hot until its pin ends.',
      }),
      is_held: z.boolean().meta({ description: 'A hold keeps what is cold of it in the lake.' }),
    }),
  ),
});

const flowQuery = z.strictObject({
  hours: z.coerce.number().int().min(1).max(MAX_HOURS).default(24),
});

export const flowSchema = z.object({
  ...gaps,
  from: z.string(),
  to: z.string(),
  bucket_seconds: z.number(),
  moved: z.array(z.object({ at: z.string(), rows: z.number(), bytes: z.number() })),
  drained: z.array(z.object({ at: z.string(), rows: z.number() })),
  lag: z.array(
    z.object({
      at: z.string(),
      source: z.string(),
      seconds: z.number().nullable(),
      backlog: z.number().nullable(),
    }),
  ),
});

export function surveyRoutes(view: DaemonView, clock: Clock): readonly Route[] {
  return [
    {
      method: 'GET',
      url: '/v1/calendar',
      scope: 'status',
      summary: 'In which store the rows of each day of a dataset are, at most three years of days.',
      query: calendarQuery,
      response: calendarSchema,
      answer: ({ query }) => answerCalendar(view, clock, readRequest(calendarQuery, query)),
    },
    {
      method: 'GET',
      url: '/v1/flow',
      scope: 'status',
      summary:
        'Rows rotated, by the ledger; rows drained and lag, as seen since the daemon started.',
      query: flowQuery,
      response: flowSchema,
      answer: ({ query }) => answerFlow(view, clock, readRequest(flowQuery, query).hours),
    },
  ];
}

async function answerCalendar(
  view: DaemonView,
  clock: Clock,
  query: z.output<typeof calendarQuery>,
): Promise<Answer> {
  const range = rangeOf(query, clock.now());
  const count = (range.toExclusive - range.fromInclusive) / DAY_MS;
  if (count < 1) return { status: 400, problem: 'from: it lies after to' };
  if (count > MAX_CALENDAR_DAYS) {
    return { status: 400, problem: `from: at most ${String(MAX_CALENDAR_DAYS)} days at a time` };
  }
  const found = await view.readCalendar(query.dataset, range);
  if (found === null) {
    return { status: 404, problem: `There is no dataset ${query.dataset} in this configuration.` };
  }
  const body: z.output<typeof calendarSchema> = {
    ...gapsOf(view, found.dataset),
    dataset: found.dataset,
    from: found.from,
    to: found.to,
    hot_rows_are_estimated: found.hotRowsAreEstimated,
    days: found.days.map(({ hotRows, coldRows, isPinned, isHeld, ...rest }) => ({
      ...rest,
      hot_rows: hotRows,
      cold_rows: coldRows,
      is_pinned: isPinned,
      is_held: isHeld,
    })),
  };
  return { status: 200, body };
}

function rangeOf({ from, to }: z.output<typeof calendarQuery>, now: EpochMs): TimeRange {
  const last = to === undefined ? floorToUnit(now, 'day') : Date.parse(`${to}T00:00:00Z`);
  const toExclusive = last + DAY_MS;
  const fromInclusive =
    from === undefined ? toExclusive - DEFAULT_DAYS * DAY_MS : Date.parse(`${from}T00:00:00Z`);
  return { fromInclusive, toExclusive };
}

function gapsOf(
  view: DaemonView,
  dataset: string | null,
): { as_of: string | null; missing: string[]; stale: string[] } {
  const { survey } = view.state();
  if (survey === null) return { as_of: null, missing: [], stale: [] };
  const { missing, stale } = sourceGapsOf(survey, dataset);
  return { as_of: iso(survey.takenAt), missing: [...missing], stale: [...stale] };
}

async function answerFlow(view: DaemonView, clock: Clock, hours: number): Promise<Answer> {
  const window = flowWindow(clock.now(), hours);
  const found = flowOf(window, await view.readMoved(window.fromMs), view.state().samples);
  const body: z.output<typeof flowSchema> = {
    ...gapsOf(view, null),
    from: iso(found.fromMs),
    to: iso(found.toMs),
    bucket_seconds: found.bucketSeconds,
    moved: found.moved.map(({ atMs, ...rest }) => ({ at: iso(atMs), ...rest })),
    drained: found.drained.map(({ atMs, ...rest }) => ({ at: iso(atMs), ...rest })),
    lag: found.lag.map(({ atMs, ...rest }) => ({ at: iso(atMs), ...rest })),
  };
  return { status: 200, body };
}
