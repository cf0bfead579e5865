/** A session in another time zone than the engine's is refused what would be another value there. */
import { describe, expect, test } from 'vitest';
import { classifyStatement } from '../../../src/faces/postgres/translate/classify-statement.ts';
import { loadParser } from '../../../src/faces/postgres/translate/parse-statements.ts';
import { translate } from '../../../src/faces/postgres/translate/translate.ts';
import { assertZoneFits } from '../../../src/faces/postgres/translate/zone-bound.ts';
import { catalogueOf } from '../../support/both-engines.ts';
import { TABLES } from '../../support/fragments-of-sql.ts';

const parser = await loadParser();
const catalogue = catalogueOf(TABLES);

function askIn(timeZone: string, sql: string): void {
  const [statement] = parser.statements(sql);
  if (statement === undefined) throw new Error('no statement');
  const found = classifyStatement(statement, parser, () => true);
  if (found.kind !== 'select') throw new Error('no question');
  assertZoneFits(translate(found.question, { catalogue }).sql, timeZone);
}

/** Of `md` and its instants `timestamp`. */
const BOUND = [
  `select date_trunc('day', "timestamp") from md`,
  `select "timestamp"::date from md`,
  `select "timestamp"::timestamp from md`,
  `select "timestamp"::text from md`,
  `select 'at ' || "timestamp" from md`,
  `select extract(hour from "timestamp") from md`,
  `select date_part('dow', "timestamp") from md`,
  `select to_char("timestamp", 'YYYY-MM-DD') from md`,
  `select count(*) from md where "timestamp" >= '2024-03-01'`,
  `select count(*) from md where "timestamp" >= '2024-03-01 00:00'`,
  `select count(*) from md where "timestamp" >= date '2024-03-01'`,
  `select count(*) from md where "timestamp" >= timestamp '2024-03-01 00:00'`,
  `select count(*) from md where "timestamp" >= 'today'`,
  `select count(*) from md where "timestamp" >= current_date`,
  `select "timestamp" + interval '1 day' from md`,
  `select "timestamp" - interval '1 month' from md`,
  `select now()::date`,
  `select localtimestamp`,
];

const FREE = [
  'select symbol, count(*), avg(close), min("timestamp"), max("timestamp") from md group by 1 order by 2 desc',
  `select * from md where "timestamp" >= '2024-03-01T00:00:00Z' and "timestamp" < '2024-03-02 00:00:00+01'`,
  `select floor(extract(epoch from "timestamp") / 300) * 300 as time, count(*) from md group by 1`,
  `select "timestamp" - '2024-03-01 00:00:00+00' from md`,
  `select "timestamp" < now() from md`,
  "select round(close, 2), volume / 7, symbol like 'a%' from md",
];

describe('a session in another zone', () => {
  test.each(BOUND)('is refused %s', (sql) => {
    expect(() => askIn('Europe/Berlin', sql)).toThrow(/TimeZone is Europe\/Berlin/u);
    for (const zone of ['UTC', 'Etc/UTC', 'GMT', 'utc']) askIn(zone, sql);
  });

  test.each(FREE)('is answered %s', (sql) => {
    askIn('Europe/Berlin', sql);
  });
});
