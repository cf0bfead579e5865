/** Intervals as people write them, read as PostgreSQL does. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readInterval } from '../../../src/faces/postgres/translate/interval-literal.ts';
import { createTestDatabase } from '../../support/database.ts';

const WRITTEN = [
  '1.1234567 seconds',
  '0.0000005 seconds',
  '0.0000015 s',
  '-1.1234565 seconds',
  '-0.00000051 secs',
  '0.5 us',
  '1.51 us',
  '-1.5 microseconds',
  '1.0005 ms',
  '1.00051 milliseconds',
  '0.1234567891234567891234567891 h',
  '1.123456789 minutes ago',
  '-00:00:01.1234565',
  '1 day 00:00:01.9999995',
];

const digits = fc.stringMatching(/^\d{1,12}$/);
const random = fc.sample(
  fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      fc.nat(99_999),
      digits,
      fc.constantFrom('us', 'ms', 's', 'seconds', 'min', 'minutes', 'h', 'hours'),
      fc.constantFrom('', ' ago'),
    )
    .map(([sign, whole, part, unit, ago]) => `${sign}${String(whole)}.${part} ${unit}${ago}`),
  { numRuns: 2_000, seed: 20_261_201 },
);

it('rounds parts of a second, minute or hour to the microseconds that PostgreSQL has', async () => {
  const database = await createTestDatabase();
  const { rows } = await database.query(
    `select t as text, (extract(epoch from t::interval - date_trunc('day', t::interval)) * 1000000)::bigint as micros,
            extract(day from t::interval)::int as days
     from unnest($1::text[]) with ordinality u (t, n) order by n`,
    [[...WRITTEN, ...random]],
  );
  const expected = rows.map((row: { text: string; micros: string; days: number }) => [
    row.text,
    row.days,
    row.micros,
  ]);
  expect(
    [...WRITTEN, ...random].map((text) => {
      const found = readInterval(text);
      return [text, Number(found?.days), String(found?.micros)];
    }),
  ).toEqual(expected);
});
