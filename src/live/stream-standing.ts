/**
 * Whether a stream is the one that was drained, and where a group that isn't there begins: an entry
 * that has the id and the content of the mark is proof, for ids are given once in a stream's life.
 */
import { digestOf } from '../domain/drain/dead-letter.ts';
import { fieldValues, type LiveSourceSpec, type StreamMark } from '../domain/live/live-entry.ts';
import type { LiveStore } from './connect.ts';

export interface StreamStanding {
  /** Null when nothing of it was ever drained. */
  readonly mark: StreamMark | null;
  readonly isSame: boolean;
}

export async function standingOf(
  { client }: LiveStore,
  key: string,
  mark: StreamMark | null,
): Promise<StreamStanding> {
  if (mark === null) return { mark, isSame: true };
  const [entry] = await client.xrangeBuffer(key, mark.id, mark.id);
  if (entry === undefined) return { mark, isSame: false };
  const [, flat] = entry;
  const names = flat.filter((_, index) => index % 2 === 0).map((name) => name.toString());
  const values = fieldValues(flat.filter((_, index) => index % 2 === 1));
  const digest = digestOf({ kind: 'fields', names, values });
  return { mark, isSame: mark.digest === null || digest.equals(mark.digest) };
}

/** Behind the mark where it is proven; else nothing may be passed over. */
export function startOf(
  { mark, isSame }: StreamStanding,
  { startAt, cameAgain }: LiveSourceSpec & { readonly kind: 'stream' },
): string {
  if (mark === null || cameAgain === 'take') return startAt;
  return isSame ? mark.id : '0';
}

export function describeMade(
  key: string,
  group: string,
  { mark, isSame }: StreamStanding,
  start: string,
): string {
  const before = mark?.group ?? group;
  const why =
    before === group
      ? 'was gone and is made anew'
      : `is new (${before} read it before; while that group is there, nothing that it has not read is trimmed)`;
  const proof = isSame ? 'up to where it was drained' : 'up to where it was drained, is not there';
  return isSame && start === mark?.id
    ? `the group ${group} of "${key}" ${why}; it begins behind ${start}, ${proof}`
    : `the group ${group} of "${key}" ${why}; it begins at ${start}, for ${isSame ? 'came_again says so' : `the entry at ${mark?.id ?? ''}, ${proof}`}`;
}
