import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  encodeTable,
  openWorkshop,
  verifySlice,
  type Workshop,
} from '../../support/codec/slice.ts';
import { createTestDatabase } from '../../support/database.ts';

let client: pg.Client;
let workshop: Workshop;

beforeAll(async () => {
  const database = await createTestDatabase();
  client = await database.connect();
  workshop = await openWorkshop(256 * 1024 * 1024);
});

afterAll(() => workshop.close());

/** Bytes that hardly compress, `megabytes` of them. */
const noise = (megabytes: number) =>
  `(select string_agg(sha512((n * 16384 + i)::text::bytea), '') from generate_series(1, ${megabytes * 16384}) i)`;

describe('values that are large against maintenance.memory_limit', () => {
  it('are written and proven by either reader: ten of 20 MB, at the default limit', async () => {
    await client.query('create table large (at timestamptz, n int, body bytea)');
    await client.query(
      `insert into large select '2024-01-15'::timestamptz + n * interval '1 s', n, ${noise(20)} from generate_series(1, 10) n`,
    );
    const slice = await encodeTable({ client, workshop, table: 'large' });
    expect(slice.segments.reduce((sum, { rows }) => sum + rows, 0)).toBe(10);
    for (const level of ['standard', 'independent'] as const) {
      expect((await verifySlice(workshop, slice, level)).rows).toBe(10);
    }
  });

  it('leave the small rows between them in files of their own, sorted', async () => {
    await client.query('create table mixed (at timestamptz, n int, body text)');
    await client.query(
      `insert into mixed select '2024-01-15'::timestamptz + n * interval '1 s', n,
         case when n % 5000 = 0 then repeat('x', 20000000) else 'small' end
       from generate_series(1, 20000) n`,
    );
    const slice = await encodeTable({ client, workshop, table: 'mixed' });
    const rows = slice.segments.map((segment) => segment.rows);
    expect(rows.reduce((sum, count) => sum + count, 0)).toBe(20_000);
    expect(rows[0]).toBeGreaterThan(10_000);
    expect((await verifySlice(workshop, slice, 'standard')).rows).toBe(20_000);
  });

  it('that are too large are told with the key to change, and without DuckDB’s own advice', async () => {
    const small = await openWorkshop(40_000_000);
    try {
      await client.query('create table huge (at timestamptz, body bytea)');
      await client.query(
        `insert into huge select '2024-01-15', ${noise(60).replaceAll('n *', '1 *')}`,
      );
      await expect(encodeTable({ client, workshop: small, table: 'huge' })).rejects.toMatchObject({
        code: 'SEGMENT_WRITE_FAILED',
        message: expect.not.stringMatching(/set (threads|memory_limit|preserve)/iu),
        hint: expect.stringContaining('maintenance.memory_limit'),
      });
    } finally {
      await small.close();
    }
  });
});
