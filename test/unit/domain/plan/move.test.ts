import { describe, expect, it } from 'vitest';
import {
  MOVE_TRANSITIONS,
  type MoveEvent,
  type MoveState,
  recoveryOf,
  stateAfter,
  statesBefore,
} from '../../../../src/domain/plan/move.ts';

const STATES = Object.keys(MOVE_TRANSITIONS) as MoveState[];
const EVENTS = Object.keys(MOVE_TRANSITIONS.exporting) as MoveEvent[];

describe('the states of a move', () => {
  it('lead from exporting to finished, each by one event', () => {
    expect((['staged', 'commit', 'vacuumed'] as const).map(stateAfter)).toEqual([
      'publishing',
      'committed',
      'finished',
    ]);
  });

  it('never lead out of a committed move but to finished: its segments are the only copy (I1)', () => {
    expect(EVENTS.filter((event) => MOVE_TRANSITIONS.committed[event] !== null)).toEqual([
      'vacuumed',
    ]);
    expect(statesBefore('abandon')).toEqual(['exporting', 'publishing']);
  });

  it('are each brought to an end by recovery (I4)', () => {
    for (const state of STATES) {
      const open = EVENTS.some((event) => MOVE_TRANSITIONS[state][event] !== null);
      expect(recoveryOf(state) === 'nothing').toBe(!open);
    }
  });
});
