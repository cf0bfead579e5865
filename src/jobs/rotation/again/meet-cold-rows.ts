/**
 * Late rows meet those that the lake has of the same time. A row whose key is there already would be
 * read twice; so what the lake holds row by row is not published again, and where rows changed, the
 * slice that had them is written anew without them. Both become true in the move's one transaction
 * (I2), so that no reader ever has to choose between two copies.
 *
 * That the rest of a slice is whole is known by fingerprints: what remains and what was taken out add
 * up to what was published, and the keys that were taken out are the keys of the late rows.
 */
import { agree, countOf } from '../../../domain/count.ts';
import type { Dataset } from '../../../domain/dataset.ts';
import { TierdError } from '../../../domain/errors.ts';
import { compareFingerprints } from '../../../domain/fingerprint.ts';
import type { HeldRows } from '../../../domain/plan/proof.ts';
import { isHeldAlike } from '../../../domain/plan/row-identity.ts';
import { NONE_AGAIN, type RowsAgain } from '../../../domain/plan/rows-again.ts';
import { formatRange, msOfUs, type TimeRange } from '../../../domain/time/time-range.ts';
import { disconnect } from '../../../hot/server/connect.ts';
import { fingerprintMatched } from '../../../lake/cold-matches.ts';
import { proveHeld } from '../../../lake/segment-verifier.ts';
import type { Rooms } from '../rooms.ts';
import type { MetMove, RunContext, StagedMove, StagedSlice } from '../staged-move.ts';
import { assertNoneHeld } from './assert-none-held.ts';
import { type Encounter, findEncounters, openerOf, type Settling } from './encounters.ts';
import { replaceSlices } from './replace-slices.ts';

/**
 * Reads the lake and writes to the move's staging directory; nothing is published. Throws COLD_DUPLICATES where a hold
 * keeps what would be replaced.
 */
export async function meetColdRows(
  rooms: Rooms,
  run: RunContext,
  staged: StagedMove,
): Promise<MetMove> {
  const { identity } = run;
  const nothing = { held: [], remainders: [], retiredKeys: [], replaced: [] };
  const untouched = { ...staged, ...nothing, again: NONE_AGAIN };
  if (identity === null) return untouched;
  const db = await rooms.connect('work');
  try {
    const open = openerOf(rooms, run, staged);
    const settling = { rooms, run, db, identity, staged, open };
    const encounters = await findEncounters(settling);
    if (encounters.length === 0) return untouched;
    const met = { ...staged, ...(await settleEncounters(settling, encounters)) };
    await assertNoneHeld(rooms, db, run.dataset.name, met);
    return met;
  } finally {
    await disconnect(db);
  }
}

/** Throws COLD_DUPLICATES where the dataset wants nothing in the lake to be replaced. */
export function refuseChanged({ name, onColdDuplicate }: Dataset, { move, again }: MetMove): void {
  if (onColdDuplicate !== 'refuse' || again.changed === 0) return;
  throw new TierdError({
    code: 'COLD_DUPLICATES',
    message: `${countOf(again.changed, 'late row')} of ${name} ${formatRange(move.range)} ${agree(again.changed, 'has a key', 'have keys')} that the lake has with other values, and on_cold_duplicate refuses to replace ${agree(again.changed, 'it', 'them')}; the move stays hot and nothing was changed`,
    hint: `delete the late rows, or set datasets.${name}.on_cold_duplicate to newest (the late row replaces) or keep-both`,
    context: { dataset: name, again: again.rows, changed: again.changed },
  });
}

/** Of a move, once its rows were held against the lake's. */
export type Settled = Pick<
  MetMove,
  'slices' | 'again' | 'held' | 'remainders' | 'retiredKeys' | 'replaced'
>;

/** What becomes of the late slices, and of those of the lake that they meet. Writes to the move's staging directory. */
export async function settleEncounters(
  settling: Settling,
  encounters: readonly Encounter[],
): Promise<Settled> {
  const { run, staged } = settling;
  const proofs = new Map<StagedSlice, HeldRows>();
  for (const late of staged.slices) {
    const proof = await holds(
      late,
      encounters.filter((encounter) => encounter.late === late),
    );
    if (proof !== null) proofs.set(late, proof);
  }
  forgetReplaced(proofs, encounters);
  const published = staged.slices.filter((late) => !proofs.has(late));
  const held = [...proofs.values()];
  const again = await countAgain(run.dataset, encounters, proofs);
  const met = { slices: published, again, held, remainders: [], retiredKeys: [], replaced: [] };
  if (run.dataset.onColdDuplicate === 'refuse' && again.changed > 0) return met;
  const replaced = await replaceSlices(settling, published, encounters);
  return { ...met, ...replaced, replaced: timesReplaced(encounters) };
}

function timesReplaced(encounters: readonly Encounter[]): readonly TimeRange[] {
  const changed = encounters.filter(({ count }) => count.changed > 0).map(({ late }) => late);
  return [...new Set(changed)].map(timeOf);
}

/** From its first row to its last. */
function timeOf({ segments, range }: StagedSlice): TimeRange {
  const times = segments.flatMap(({ minTimeUs, maxTimeUs }) => [
    msOfUs(minTimeUs),
    msOfUs(maxTimeUs) + 1,
  ]);
  if (times.length === 0) return range;
  return { fromInclusive: Math.min(...times), toExclusive: Math.max(...times) };
}

/** Whether the lake has every row of the slice as it is: then there is nothing to publish. */
async function holds(
  late: StagedSlice,
  encounters: readonly Encounter[],
): Promise<HeldRows | null> {
  const rows = encounters.reduce((sum, { count }) => sum + count.rows, 0);
  const isAlike = encounters.every(
    ({ cold, count }) => count.changed === 0 && isHeldAlike(cold.columns, late.columns),
  );
  if (rows !== late.fingerprint.rows || !isAlike) return null;
  const meetings = encounters.map(({ meeting, cold }) => ({
    meeting,
    keys: cold.segments.map(({ key }) => key),
  }));
  return proveHeld(meetings, late.fingerprint);
}

/** A slice of the lake that other late rows replace is no proof of these: they are published as well. */
function forgetReplaced(
  proofs: Map<StagedSlice, HeldRows>,
  encounters: readonly Encounter[],
): void {
  const replaced = new Set(
    encounters.filter(({ late }) => !proofs.has(late)).map(({ cold }) => cold.id),
  );
  const shared = encounters.filter(({ late, cold }) => proofs.has(late) && replaced.has(cold.id));
  for (const { late } of shared) proofs.delete(late);
  if (shared.length > 0) forgetReplaced(proofs, encounters);
}

async function countAgain(
  { onColdDuplicate }: Dataset,
  encounters: readonly Encounter[],
  proofs: ReadonlyMap<StagedSlice, HeldRows>,
): Promise<RowsAgain> {
  const changed = encounters.reduce((sum, { count }) => sum + count.changed, 0);
  const differ =
    onColdDuplicate === 'refuse' && changed === 0 && (await someDiffer(encounters, proofs));
  return {
    rows: encounters.reduce((sum, { count }) => sum + count.rows, 0),
    // At least: of rows that only bytes tell apart nobody knows how many they are.
    changed: differ ? 1 : changed,
    dropped: [...proofs.values()].reduce((sum, { rows }) => sum + rows, 0),
  };
}

/** What DuckDB takes for equal need not be it to the last bit: what is never replaced is held to the bytes. */
async function someDiffer(
  encounters: readonly Encounter[],
  proofs: ReadonlyMap<StagedSlice, HeldRows>,
): Promise<boolean> {
  for (const { late, meeting } of encounters) {
    if (proofs.has(late)) continue;
    const brought = await fingerprintMatched(meeting, 'late');
    const held = await fingerprintMatched(meeting, 'cold');
    if (compareFingerprints(brought, held).length > 0) return true;
  }
  return false;
}
