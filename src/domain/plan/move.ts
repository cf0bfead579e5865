/**
 * A move: the slices whose rows leave the hot store in one transaction, and the states it passes
 * through. The ledger holds the state; everything that may happen to it is in the table below.
 */

export type MoveState = 'exporting' | 'publishing' | 'committed' | 'finished' | 'abandoned';

export type MoveEvent = 'staged' | 'commit' | 'vacuumed' | 'abandon';

/**
 * State × event → next state; null is an event that must not happen there. `abandon` after the
 * commit is such a one: committed rows are gone from the hot store, so their segments are the
 * only copy.
 */
export const MOVE_TRANSITIONS = {
  exporting: {
    staged: 'publishing',
    commit: null,
    vacuumed: null,
    abandon: 'abandoned',
  },
  publishing: {
    staged: null,
    commit: 'committed',
    vacuumed: null,
    abandon: 'abandoned',
  },
  committed: {
    staged: null,
    commit: null,
    vacuumed: 'finished',
    abandon: null,
  },
  finished: { staged: null, commit: null, vacuumed: null, abandon: null },
  abandoned: { staged: null, commit: null, vacuumed: null, abandon: null },
} as const satisfies Record<MoveState, Record<MoveEvent, MoveState | null>>;

/** The states from which `event` may happen. */
export function statesBefore(event: MoveEvent): readonly MoveState[] {
  return (Object.keys(MOVE_TRANSITIONS) as MoveState[]).filter(
    (state) => MOVE_TRANSITIONS[state][event] !== null,
  );
}

/** The state that `event` leads to. */
export function stateAfter(event: MoveEvent): MoveState {
  for (const row of Object.values(MOVE_TRANSITIONS)) {
    const next = row[event];
    if (next !== null) return next;
  }
  throw new RangeError(`no state accepts ${event}`);
}

/** What recovery does with a move that it finds under its own, newer lease (I4, I9). */
export type Recovery = 'abandon' | 'vacuum' | 'nothing';

export function recoveryOf(state: MoveState): Recovery {
  switch (state) {
    case 'exporting':
    case 'publishing':
      return 'abandon';
    case 'committed':
      return 'vacuum';
    case 'finished':
    case 'abandoned':
      return 'nothing';
  }
}
