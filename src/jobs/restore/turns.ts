/** What slices that come back side by side wait for. */
import type { TableDescription } from '../../domain/table.ts';

/** Begins `work` when its turn has come, and gives what it gave. */
type Turn = <Result>(work: () => Promise<Result>) => Promise<Result>;

export interface Turns {
  /** To make partitions: two slices may lack the same one. */
  readonly making: Turn;
  /** To bring the rows in. */
  readonly bringing: Turn;
}

/**
 * Rows of a hypertable come one slice after the other: whoever makes a chunk keeps others from making one until
 * COMMIT, and the next would run into its lock_timeout.
 */
export function turnsOf({ kind }: Pick<TableDescription, 'kind'>): Turns {
  return {
    making: oneAfterTheOther(),
    bringing: kind === 'hypertable' ? oneAfterTheOther() : (work) => work(),
  };
}

function oneAfterTheOther(): Turn {
  let before: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = before.then(work);
    before = mine.catch(() => undefined);
    return mine;
  };
}
