/**
 * Three questions about rows that are going to leave, put to PostgreSQL before the move and to tierd
 * after it. They are written so that both read them the same way.
 */
import type pg from 'pg';
import type { EpochMs } from '../../src/domain/time/time-range.ts';
import type { Tierd } from './run-tierd.ts';

export interface Question {
  readonly title: string;
  readonly sql: string;
}

/** Every value as the text that stands for it: nothing is rounded on the way to the comparison. */
export type Answer = readonly (readonly string[])[];

/** `before` is a boundary that all rows asked about lie behind. */
export function questionsAbout(before: EpochMs): readonly Question[] {
  const boundary = `timestamptz '${new Date(before).toISOString().slice(0, 10)} 00:00:00+00'`;
  return [
    {
      title: 'How late were flights from the four busiest airports, month by month?',
      sql: `
select extract(year from departed_at at time zone 'UTC') as year,
       extract(month from departed_at at time zone 'UTC') as month,
       origin, count(*) as flights, sum(delay_minutes) as minutes_late
from flights
where departed_at < ${boundary} and origin in ('ATL', 'DFW', 'LAX', 'ORD')
group by year, month, origin
order by year, month, origin`,
    },
    {
      title: 'Between which marks did the S&P 500 move, year by year?',
      sql: `
select extract(year from timestamp at time zone 'UTC') as year,
       min(low) as lowest, max(high) as highest, count(*) as days
from market_data
where timestamp < ${boundary}
group by year
order by year`,
    },
    {
      title: 'What do two decades of the S&P 500 add up to, to the last decimal?',
      sql: `
select count(*) as days, sum(open) as opens, sum(close) as closes, sum(volume) as volume
from market_data
where timestamp < ${boundary}`,
    },
  ];
}

export async function askPostgres(client: pg.Client, question: Question): Promise<Answer> {
  const result = await client.query<string[]>({
    text: question.sql,
    rowMode: 'array',
    types: { getTypeParser: () => (text: string) => text },
  });
  return result.rows;
}

/** As CSV, where every value is its exact text; none of these holds a comma or a quote. */
export async function askTierd(tierd: Tierd, question: Question): Promise<Answer> {
  const [, ...lines] = (
    await tierd.read('--quiet', 'query', '--format', 'csv', question.sql)
  ).split('\r\n');
  return lines.filter((line) => line !== '').map((line) => line.split(','));
}

export function sameAnswer(a: Answer, b: Answer): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
