/** Rows of a hypertable that has a foreign chunk, deleted chunk by chunk. */
import { expect, it } from 'vitest';
import { deleteRows } from '../../../src/hot/delete/delete-rows.ts';
import { digestSlice, formatDigest } from '../../../src/hot/measure/digest.ts';
import { createTestDatabase } from '../../support/database.ts';
import { describePublic, reading, writing } from '../../support/hot.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('timescale', 'deleting rows beside a foreign chunk', () => {
  it('asks for each part of the time the chunks alone that may hold rows of it', async () => {
    const database = await createTestDatabase({ timescale: true });
    await database.query(`
      create table ticks (ts timestamptz not null, id int not null);
      select create_hypertable('ticks', 'ts', chunk_time_interval => interval '1 day');
      insert into ticks select '2024-01-01+00'::timestamptz + i * interval '1 hour', i from generate_series(0, 239) i;
      create extension postgres_fdw;
      create server nobody foreign data wrapper postgres_fdw;
      create foreign table ticks_chunk (ts timestamptz not null, id int not null) server nobody;
      select _timescaledb_functions.attach_osm_table_chunk('ticks', 'ticks_chunk')`);
    const client = await database.connect();
    await client.query('set timescaledb.enable_tiered_reads = off');
    const table = await describePublic(client, 'ticks');
    const range = {
      fromInclusive: Date.parse('2024-01-02Z'),
      toExclusive: Date.parse('2024-01-10Z'),
    };
    const before = await reading(client, () => digestSlice(client, table, range, null, 'versions'));
    await client.query('set timescaledb.enable_tiered_reads = on');
    let deletes = 0;
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    Object.assign(client, {
      query: (...args: unknown[]) => {
        if (JSON.stringify(args[0]).includes('delete from')) deletes += 1;
        return query(...args);
      },
    });
    const gone = await writing(client, () =>
      deleteRows(client, table, {
        range,
        filter: null,
        mode: 'versions',
        maxRowsPerStatement: 24,
        lockTimeoutMs: 5_000,
      }),
    );
    expect(formatDigest(gone)).toBe(formatDigest(before));
    expect(gone.rows).toBe(192n);
    // Eight parts of a day each, and the look whether the foreign chunk is planned into.
    expect(deletes).toBeLessThanOrEqual(2 * 8 + 1);
  });
});
