/** What making partitions ahead is given: it knows nothing of the lake, and works while that is away. */
import type { JobRooms } from '../rotation/rooms.ts';

export type PartitionLookingRooms = Pick<JobRooms, 'connect' | 'clock' | 'settings'>;

export type PartitionRooms = PartitionLookingRooms &
  Pick<JobRooms, 'holder' | 'isByHand' | 'signal'>;

/** A lease beside the dataset's own, so that a rotation of hours holds up no partition; its runs go by it too. */
export function partitionLeaseOf(dataset: string): string {
  return `partitions:${dataset}`;
}
