/** Values that are large against maintenance.memory_limit, while one slice is read, one written and one proven. */
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { rotateForced } from '../faults/scene.ts';

describe('three days of values that are large against the memory limit', () => {
  it.each([
    { what: '15 to 21 MiB', rows: 8, kib: '(15 + n % 7) * 1024' },
    // Sorted by symbol, the large ones lie side by side.
    {
      what: '3 MiB in a few of many rows',
      rows: 6_000,
      kib: 'case when n % 300 = 0 then 3072 else 0 end',
    },
  ])('leave at the default limit: $what', async ({ rows, kib }) => {
    const database = await createTestDatabase();
    const bench = await openBench(database);
    await database.query(
      'create table large (time timestamptz not null, symbol text, body text not null)',
    );
    for (const day of [34, 33, 32]) {
      // Text that hardly compresses; each hash is 130 characters.
      await database.query(
        `insert into large
         select $1::timestamptz + n * interval '1 second', case when n % 300 = 0 then 'rare' else 'usual' end, coalesce(body, '')
         from generate_series(0, $2::int - 1) n, lateral (
           select string_agg(sha512((n * 200000 + i)::text::bytea)::text, '') as body
           from generate_series(1, (${kib}) * 1024 / 130) i
         ) noise`,
        [daysAgo(day), rows],
      );
    }
    const { totals } = await rotateForced(bench.rooms, makeDataset('large'));
    expect(totals.failed).toEqual([]);
    expect(totals.moved.map((move) => move.rows)).toEqual([rows, rows, rows].map(BigInt));
  });
});
