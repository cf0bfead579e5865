/** Values around the sizes at which a COPY is cut into pieces, and far above them. */
import { expect, it } from 'vitest';
import { differingRows } from '../../support/codec/read-back.ts';
import { createTestDatabase } from '../../support/database.ts';
import { days, restore, rotateAll } from '../../support/restore.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const PIECE_BYTES = 262_144;

it('I1: brings back values of any size, among many small ones', async () => {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  const dataset = makeDataset('bars', { sortBy: [] });
  const around = Array.from({ length: 45 }, (_, index) => PIECE_BYTES - 42 + index);
  const sizes = [0, 1, 23, 24, 25, 26, 4095, 4096, ...around, 600_000, 3 * PIECE_BYTES, 1_500_000];
  await database.query(
    `create table bars (time timestamptz not null, id int not null, note text, other bytea, price float8);
     insert into bars
       select '${daysAgo(40)}'::timestamptz + n * interval '1 second', n, repeat(chr(65 + n % 26), n % 60), null, n / 7.0
       from generate_series(1, 20000) n;
     insert into bars
       select '${daysAgo(40)}'::timestamptz + n * interval '100 seconds', 100000 + n, repeat(chr(65 + (n % 26)::int), size),
              case when n % 3 = 0 then decode(repeat('f' || n % 10, size / 7), 'hex') end, null
       from unnest(array[${sizes.join(', ')}]) with ordinality as given (size, n);
     create table bars_before as table bars`,
  );
  await rotateAll(bench, dataset);
  const { totals } = await restore(bench, dataset, days(40, 39));
  expect(totals.failed).toEqual([]);
  expect(await differingRows(await database.connect(), 'bars_before', 'bars')).toEqual([]);
});
