/** Floats have PostgreSQL's own text: the shortest that reads back the same, and none halfway to the next float (I6). */
import { expect, it } from 'vitest';
import { doubleText, realText } from '../../../src/query/answer/postgres/number-text.ts';
import { randomFrom, SEED } from '../../crash/choose-effects.ts';
import { createTestDatabase } from '../../support/database.ts';

const COUNT = 20_000;

it(`is written of ${String(COUNT)} floats as PostgreSQL writes it (seed ${String(SEED)})`, async () => {
  const client = await (await createTestDatabase()).connect();
  await client.query('set extra_float_digits = 1');
  const random = randomFrom(SEED);
  const bits = new DataView(new ArrayBuffer(8));
  const any = Array.from({ length: COUNT }, (_, index) => {
    if (index % 2 === 0) return (random() - 0.5) * 10 ** (random() * 40 - 10);
    bits.setUint32(0, random() * 2 ** 32);
    bits.setUint32(4, random() * 2 ** 32);
    const value = bits.getFloat64(0);
    return Number.isNaN(value) ? -0 : value;
  });
  const doubles = [...any, 2 ** 53, 2 ** 63, -1840062721352527872, 5e-324, 1.7976931348623157e308];
  const reals = any
    .map(Math.fround)
    .concat([2 ** 24, 2 ** 31, 1.401298464324817e-45, 3.4028234663852886e38].map(Math.fround));
  for (const [type, values, textOf] of [
    ['float8', doubles, doubleText],
    ['float4', reals, realText],
  ] as const) {
    const { rows } = await client.query<{ text: string }>(
      `select x::text as text from unnest($1::${type}[]) with ordinality as t (x, n) order by n`,
      [values.map((value) => (Object.is(value, -0) ? '-0' : String(value)))],
    );
    expect(values.map(textOf)).toEqual(
      (rows as { readonly text: string }[]).map(({ text }) => text),
    );
  }
});
