/**
 * The names of claims: what a source renamed to make it its own. A claim lies in the same slot of a
 * cluster as the key that it was, and its name says which key that was and in which order claims
 * were made, so that a later process can go on with it.
 */
import { randomBytes } from 'node:crypto';
import { type KeyPattern, parseKeyPattern } from '../domain/live/key-pattern.ts';
import type { Clock } from '../domain/time/clock.ts';
import { tagFor } from './key-slot.ts';

export interface ClaimNames {
  /** A name that nothing ever had. Sorts after those of the same process before it. */
  next(key: string): string;
}

const TIME_DIGITS = 9;
const COUNT_DIGITS = 7;

export function claimNames(source: string, clock: Clock): ClaimNames {
  // Told apart from the claims of other processes, and of this one after its clock was set back.
  const maker = randomBytes(8).toString('hex');
  let count = 0;
  return {
    next(key) {
      count += 1;
      const time = clock.now().toString(36).padStart(TIME_DIGITS, '0');
      const order = `${time}-${count.toString(36).padStart(COUNT_DIGITS, '0')}`;
      return `tierd:claim:${source}:${order}-${maker}:{${tagFor(key)}}:${key}`;
    },
  };
}

/** Finds the claims of `source`, whoever made them. */
export function claimPattern(source: string): KeyPattern {
  return parseKeyPattern(`tierd:claim:${source}:{claim*}`);
}

/** Finds the claims of all sources; its first capture is the source. */
export function anyClaim(): KeyPattern {
  return parseKeyPattern('tierd:claim:{source}:{claim*}');
}

/** The key that the claim was. */
export function claimedKey(claim: string): string {
  const tagEnd = claim.indexOf('}:', claim.indexOf(':{'));
  return claim.slice(tagEnd + 2);
}
