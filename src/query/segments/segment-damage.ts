/** A segment that is not what the ledger says. */
import { TierdError } from '../../domain/errors.ts';

export interface SegmentDamage {
  readonly key: string;
  /** `missing`, `100 bytes long instead of 2000`: what follows `is`. */
  readonly what: string;
}

/** More would not help to see what has happened. */
const MAX_NAMED = 3;

/** `what` of one that is not there. */
const MISSING = 'missing';

/** Who put it back would undo a deletion; a scrub goes by what is live now, and names none of these. */
const MAY_BE_REPLACED =
  'Ask again first, in a new transaction: a file that was replaced is removed at once by `tierd delete --now`, and else after maintenance.grace_period, whoever still reads by an older snapshot. Where it stays so: ';

/** @param engineSays the engine's own first line, where it came upon it */
export function segmentUnreadable(
  damage: readonly SegmentDamage[],
  engineSays: string | null,
  cause?: Error,
): TierdError {
  const said = engineSays === null ? '' : ` The engine says: ${engineSays}`;
  return new TierdError({
    code: 'SEGMENT_UNREADABLE',
    message: `A segment can't be read: ${namedDamage(damage)}.${said}`,
    hint: `${damage.some(({ what }) => what === MISSING) ? MAY_BE_REPLACED : ''}Run \`tierd scrub\`: it tells every segment that is missing or altered. Restore these from a backup of the lake; tierd changes none of them. Until then \`--on-bad-segment skip\` answers without them.`,
    context: { segments: damage.slice(0, MAX_NAMED) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What an error of this kind names. */
export function damageIn(error: unknown): readonly SegmentDamage[] {
  if (!(error instanceof TierdError) || error.code !== 'SEGMENT_UNREADABLE') return [];
  const named = error.context['segments'];
  return Array.isArray(named) ? (named as readonly SegmentDamage[]) : [];
}

/** What an answer says that has been made without some. */
export function skippedNote(damage: readonly SegmentDamage[], rows: bigint): string {
  return `this is not the whole answer: ${String(damage.length)} damaged ${damage.length === 1 ? 'segment was' : 'segments were'} left out, with ${String(rows)} ${rows === 1n ? 'row' : 'rows'}: ${namedDamage(damage)}`;
}

function namedDamage(damage: readonly SegmentDamage[]): string {
  const named = damage.slice(0, MAX_NAMED).map(({ key, what }) => `${key} is ${what}`);
  const more = damage.length - named.length;
  return [...named, ...(more === 0 ? [] : [`and ${String(more)} more`])].join('; ');
}
