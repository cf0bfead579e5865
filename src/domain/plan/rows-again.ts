/** How many late rows have a key that the lake had before. */
export interface RowsAgain {
  readonly rows: number;
  /** Of these, those that are not equal in every value. */
  readonly changed: number;
  /** Of these, those of which nothing was published: the lake holds them as they are. */
  readonly dropped: number;
}

export const NONE_AGAIN: RowsAgain = { rows: 0, changed: 0, dropped: 0 };

export function sumAgain(all: Iterable<RowsAgain>): RowsAgain {
  let { rows, changed, dropped } = NONE_AGAIN;
  for (const again of all) {
    rows += again.rows;
    changed += again.changed;
    dropped += again.dropped;
  }
  return { rows, changed, dropped };
}
