/** Who reads a hypertable in place waits for the end of a move that deletes, and for nothing of the lake's. */
import { expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('timescale', 'a move that deletes rows of a hypertable in place', () => {
  it('asks the lake nothing while readers are kept out', async () => {
    const database = await createTestDatabase({ timescale: true });
    const { rooms } = await openBench(database);
    await database.query(`
      create table ticks (time timestamptz not null, symbol text not null);
      select create_hypertable('ticks', 'time', chunk_time_interval => interval '10000 days');
      insert into ticks select '${daysAgo(40)}'::timestamptz + i * interval '1 minute', 's' from generate_series(1, 100) i;
      create extension postgres_fdw;
      create server nobody foreign data wrapper postgres_fdw;
      create foreign table ticks_chunk (time timestamptz not null, symbol text not null)
        server nobody options (schema_name 'in_place', table_name 'ticks');
      select _timescaledb_functions.attach_osm_table_chunk('ticks', 'ticks_chunk');
      alter foreign table ticks_chunk add constraint tierd_until check (time < '1990-01-01 00:00:00+00');
      insert into tierd.in_place values ('ticks', 'public', 'ticks', 'public', 'ticks_chunk', 'time', 'timestamptz', '', '', ${String(2n ** 62n)}, 0)`);
    let asked = 0;
    const locked: string[] = [];
    const read: ObjectStore['read'] = async function* (...args) {
      asked += 1;
      const { rows } = await database.query(
        `select from pg_locks where relation = 'ticks_chunk'::regclass and mode = 'AccessExclusiveLock'`,
      );
      if (rows.length > 0) locked.push(args[0]);
      yield* rooms.store.read(...args);
    };
    const store = new Proxy(rooms.store, {
      get(target, name) {
        if (name === 'read') return read;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    await rotateDataset(
      { ...rooms, store },
      makeDataset('ticks', { intervalColumn: 'symbol', hotIntervals: ['keep'] }),
      { force: true },
    );
    const moves = await database.query('select state, removal from tierd.moves');
    expect(moves.rows).toEqual([{ state: 'finished', removal: 'delete' }]);
    expect(asked).toBeGreaterThan(0);
    expect(locked).toEqual([]);
  });
});
