/** A bench whose connections to PostgreSQL somebody else has a hand on. */
import type pg from 'pg';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';

/** What is thrown by a query whose connection went. */
export const LOST = new Error('Connection terminated unexpectedly');

/** `disturb` gets each query of each connection, and may send it, wait, or break. */
export function disturbed(
  bench: { readonly rooms: Rooms },
  disturb: (text: string, send: () => Promise<unknown>, client: pg.Client) => Promise<unknown>,
): { readonly rooms: Rooms } {
  return {
    rooms: {
      ...bench.rooms,
      connect: async (purpose) => {
        const client = await bench.rooms.connect(purpose);
        const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
        return Object.assign(client, {
          // An object is a query with an interface of its own, which returns no promise.
          query: (...args: unknown[]): unknown =>
            typeof args[0] === 'string'
              ? disturb(args[0], () => query(...args), client)
              : query(...args),
        });
      },
    },
  };
}
