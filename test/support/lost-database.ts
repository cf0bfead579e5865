/** A lake whose database is another: lost and made anew, or restored from a copy. */
import { connect } from '../../src/hot/server/connect.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import type { Bench } from './rotation.ts';

/** The same lake, worked on from another database; with a ledger, empty unless the database has one. */
export async function benchOn(bench: Bench, database: TestDatabase): Promise<Bench> {
  const client = await database.connect();
  await migrate(client);
  await client.end();
  const rooms: Rooms = {
    ...bench.rooms,
    connect: () => connect({ url: database.url, job: 'test' }),
    holder: 'test2',
  };
  return { ...bench, rooms };
}

/** As if the database were lost: one that is empty, and the lake. */
export async function loseDatabase(
  bench: Bench,
): Promise<{ readonly bench: Bench; readonly database: TestDatabase }> {
  const database = await createTestDatabase();
  return { bench: await benchOn(bench, database), database };
}
