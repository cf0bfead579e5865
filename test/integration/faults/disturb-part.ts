/** Something that somebody else does to the part that is read, or that was. `disturb.ts` has the steps of the move. */
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import type { Bench } from '../../support/rotation.ts';
import { boundTo } from './disturb.ts';

/** Before anything of the move is read, and when all of it is in the lake, but for the proof. */
export const MOMENTS = ['exporting', 'verifying'] as const;
export type Moment = (typeof MOMENTS)[number];

/** Only what comes next waits: the export of the next part goes on, and gives its locks back. */
export function partDisturbed(
  { rooms, events }: Pick<Bench, 'rooms' | 'events'>,
  moment: Moment,
  disturb: () => Promise<unknown>,
): Rooms {
  const store = boundTo(rooms.store);
  switch (moment) {
    case 'exporting':
      return {
        ...rooms,
        connect: async (purpose) => {
          if (events.some(({ kind }) => kind === 'planned')) await disturb();
          return rooms.connect(purpose);
        },
      };
    case 'verifying':
      return {
        ...rooms,
        store: {
          ...store,
          putIfAbsent: async (...given) => {
            const put = await store.putIfAbsent(...given);
            await disturb();
            return put;
          },
        },
      };
  }
}
