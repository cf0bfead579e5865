import type { PartitionRooms } from '../../jobs/partitioning/rooms.ts';
import type { CliContext } from '../context.ts';
import { connector, settingsOf, thisProcess } from './rooms.ts';

/** Without the lake: partitions are made while that is away. */
export function composePartitioning(context: CliContext): PartitionRooms {
  return {
    connect: connector(context, 'partitions'),
    clock: context.clock,
    settings: settingsOf(context),
    holder: thisProcess(),
    isByHand: context.sendToDaemon === undefined,
    signal: context.signal,
  };
}
