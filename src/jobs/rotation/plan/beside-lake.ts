import type { PlanningRooms } from '../rooms.ts';

/**
 * Rooms for a look alone: of a lake that is away nobody knows what is free, which hides no hot rows. Why it
 * is away is told once, of the lake.
 */
export function besideLake<Looking extends PlanningRooms>(
  rooms: Looking,
): Omit<Looking, 'store'> & Pick<PlanningRooms, 'store'> {
  const { store } = rooms;
  const freeBytes = (): Promise<number | null> => store.freeBytes().catch(() => null);
  return { ...rooms, store: { readable: store.readable.bind(store), freeBytes } };
}
