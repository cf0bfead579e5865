/** What remains of slices of the lake when rows of them are replaced, staged as slices of the move. */
import type pg from 'pg';
import { TierdError } from '../../../domain/errors.ts';
import { compareFingerprints, subtractFingerprint } from '../../../domain/fingerprint.ts';
import { comparedColumns } from '../../../domain/plan/row-identity.ts';
import { formatRange } from '../../../domain/time/time-range.ts';
import { fingerprintMatched, type Meeting, selectUnmatched } from '../../../lake/cold-matches.ts';
import { verifyBytes } from '../../../lake/segment-verifier.ts';
import type { LiveSlice } from '../../../ledger/replaced-slices.ts';
import { nextGeneration } from '../../../ledger/segments.ts';
import { writeRest } from '../../write-rest.ts';
import type { MetMove, RunContext, StagedSlice } from '../staged-move.ts';
import { type Encounter, meetingOf, type Settling } from './encounters.ts';

/** @param published of the move's slices those that the lake does not hold already */
export async function replaceSlices(
  settling: Settling,
  published: readonly StagedSlice[],
  encounters: readonly Encounter[],
): Promise<Pick<MetMove, 'remainders' | 'retiredKeys'>> {
  const byId = new Map<string, { cold: LiveSlice; late: StagedSlice[] }>();
  for (const { cold, late } of encounters) {
    if (!published.includes(late)) continue;
    const met = byId.get(cold.id) ?? { cold, late: [] };
    met.late.push(late);
    byId.set(cold.id, met);
  }
  const remainders: StagedSlice[] = [];
  const retiredKeys: string[] = [];
  for (const { cold, late } of byId.values()) {
    const taken = [...published, ...remainders];
    const remainder = await remainderOf(settling, cold, late, taken);
    if (remainder !== null) remainders.push(remainder);
    retiredKeys.push(...cold.segments.map(({ key }) => key));
  }
  return { remainders, retiredKeys };
}

/** Null when every row of the slice is replaced. */
async function remainderOf(
  settling: Settling,
  cold: LiveSlice,
  late: readonly StagedSlice[],
  taken: readonly StagedSlice[],
): Promise<StagedSlice | null> {
  const { rooms, run, db, staged, open } = settling;
  const meeting = await meetingOf(settling, late, cold);
  for (const { key, bytes, sha256 } of cold.segments) {
    const segment = { path: await open(key), bytes, sha256 };
    await verifyBytes({ fs: rooms.fileSystem, signal: run.signal }, segment);
  }
  await assertOneForOne(run, meeting, cold);
  const fingerprint = subtractFingerprint(
    cold.fingerprint,
    await fingerprintMatched(meeting, 'cold'),
  );
  return writeRest(rooms, run, {
    moveId: staged.id,
    slice: cold,
    paths: meeting.cold.paths,
    generation: await freeGeneration(db, run, cold, taken),
    fingerprint,
    selectStaying: (path) => selectUnmatched(meeting, path),
  });
}

/** Each key that is taken out is one of the late rows', and no key is in the slice twice. */
async function assertOneForOne(run: RunContext, meeting: Meeting, cold: LiveSlice): Promise<void> {
  const columns = comparedColumns(cold.columns, meeting.identity);
  const late = await fingerprintMatched(meeting, 'late', columns);
  const taken = await fingerprintMatched(meeting, 'cold', columns);
  if (compareFingerprints(late, taken).length === 0) return;
  const { name } = run.dataset;
  throw new TierdError({
    code: 'COLD_DUPLICATES',
    message: `${String(late.rows)} late rows of ${name} ${formatRange(cold.range)} have keys that ${String(taken.rows)} rows of the lake have: by ${meeting.identity.index} they can't be told apart one for one, so nothing was replaced and the late rows stay hot`,
    hint: `the lake's rows are from before the key was unique; set datasets.${name}.on_cold_duplicate to keep-both to move the late rows beside them`,
    context: { dataset: name, late: late.rows, cold: taken.rows },
  });
}

/** Beside the slices that this move publishes of the same range. */
async function freeGeneration(
  db: pg.Client,
  run: RunContext,
  { range }: LiveSlice,
  taken: readonly StagedSlice[],
): Promise<number> {
  const next = await nextGeneration(db, run.dataset.name, range);
  const same = taken.filter(
    (slice) =>
      slice.range.fromInclusive === range.fromInclusive &&
      slice.range.toExclusive === range.toExclusive,
  );
  return Math.max(next, ...same.map(({ generation }) => generation + 1));
}
