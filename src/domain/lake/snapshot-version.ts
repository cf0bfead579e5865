/**
 * Which state of the lake an answer was read at (I11). What left the hot store is the same in two
 * answers of one version; rows that are inserted or changed in PostgreSQL do not change it.
 */
export interface SnapshotVersion {
  /** Of the lake's owner; it rises when another ledger takes the lake over. 0 before the first claim. */
  readonly epoch: number;
  /**
   * How many moves were committed. Committed moves stay, so of one ledger the number tells the set:
   * the newest alone would not, for two moves that commit at a time may do so in either order.
   */
  readonly moves: number;
  /** Id of the move that published last; null before the first. Tells one ledger from the next. */
  readonly newestMove: string | null;
}

/** `1.42.3f2a91c0`: the epoch, the moves, the beginning of the newest one's id. */
export function formatSnapshotVersion({ epoch, moves, newestMove }: SnapshotVersion): string {
  return [
    String(epoch),
    String(moves),
    ...(newestMove === null ? [] : [newestMove.slice(0, 8)]),
  ].join('.');
}
