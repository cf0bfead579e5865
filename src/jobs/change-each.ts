/** Changes of the lake one after the other, each wholly done or wholly undone: what concerns one alone holds up no other. */
import type { ErrorCode, TierdError } from '../domain/errors.ts';
import { removeStaging } from '../lake/staging.ts';
import { asTierdError, stopIfAborted } from './job-failure.ts';
import { settleMove } from './rotation/move/settle-move.ts';
import type { JobRooms } from './rotation/rooms.ts';
import type { RunContext } from './rotation/staged-move.ts';

export interface Change<Planned, Staged> {
  /** Writes what is to be, under a move of this id. */
  readonly stage: (planned: Planned, id: string) => Promise<Staged>;
  /** Publishes, proves and commits it. */
  readonly finish: (staged: Staged) => Promise<void>;
  readonly done: (planned: Planned, staged: Staged) => void;
  /** It was left alone, and its slices are as they were. */
  readonly failed: (planned: Planned, error: TierdError) => void;
}

/** What concerns these slices alone: the others go on, and the run ends as partly done. */
const SKIPPABLE: ReadonlySet<ErrorCode> = new Set([
  'VERIFY_MISMATCH',
  'OBJECT_MISSING',
  'LAKE_UNREADABLE',
  'SEGMENT_UNREADABLE',
]);

/** `done` is told as changes commit, so that what it counts is right whenever this throws. */
export async function changeEach<Planned, Staged>(
  rooms: JobRooms,
  run: RunContext,
  all: readonly Planned[],
  change: Change<Planned, Staged>,
): Promise<void> {
  for (const planned of all) {
    stopIfAborted(run.signal);
    const error = await tryOne(rooms, run, planned, change);
    if (error === null) continue;
    stopIfAborted(run.signal);
    if (!SKIPPABLE.has(error.code)) throw error;
    change.failed(planned, error);
  }
}

/** Null when it is done, else why it is not. */
async function tryOne<Planned, Staged>(
  rooms: JobRooms,
  run: RunContext,
  planned: Planned,
  { stage, finish, done }: Change<Planned, Staged>,
): Promise<TierdError | null> {
  const id = rooms.newId();
  let staged: Staged | null = null;
  let afterwards: TierdError | null = null;
  try {
    staged = await stage(planned, id);
    await finish(staged);
    await removeStaging(rooms.fileSystem, rooms.store.stagingRoot, id);
  } catch (error) {
    const failure = asTierdError(error);
    // Committed after all: the reply to COMMIT was lost, and the ledger says it took effect (I9).
    const settled = await settleMove(rooms, run, id);
    if (settled !== 'committed' || staged === null) return failure;
    if (failure.code === 'STANDBY_SILENT') afterwards = failure;
  }
  done(planned, staged);
  // The next one would wait as long, for nothing.
  if (afterwards !== null) throw afterwards;
  return null;
}
