/**
 * adopt: a ledger takes up a lake that it does not know, wholly or in part.
 *
 *     look at each dataset → take the lake over → take up each dataset
 *
 * Looking changes nothing and is what a dry run prints. What can't be decided is refused before anything is
 * changed. No file is written but the owner's mark and the manifests, and none is removed.
 */
import { join } from 'node:path';
import type pg from 'pg';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { isBlocking } from '../domain/plan/adoption.ts';
import { disconnect } from '../hot/server/connect.ts';
import { removeTree } from '../lake/directories.ts';
import { listManifests, listNamed, newestHead } from '../lake/manifest.ts';
import { COPY_KEY } from '../lake/object-key.ts';
import { COPY_NOTE, readPlaceNote } from '../lake/place-note.ts';
import {
  type AdoptRequest,
  type DatasetFinding,
  lookAtDataset,
} from './adoption/look-at-dataset.ts';
import type { AdoptionRooms } from './adoption/rooms.ts';
import { noteWhereItLies, takeUp } from './adoption/take-up.ts';
import { beginRun } from './begin-run.ts';
import { asTierdError } from './job-failure.ts';
import { lookWhose, noLakeThere, takeOverLake } from './lake-owner.ts';
import { keepManifest } from './manifest/keep-manifest.ts';
import { recordEnd } from './record-end.ts';
import type { LakeStanding } from './rotation/own-lake.ts';
import { whileLeased } from './while-leased.ts';

export interface AdoptionPlan {
  readonly standing: LakeStanding;
  readonly datasets: readonly DatasetFinding[];
  /** Of which the lake has a manifest, and which nobody asked for. */
  readonly notConfigured: readonly string[];
}

/** Whether there is anything to change at all. */
export function isToDo({ standing, datasets }: AdoptionPlan): boolean {
  return standing.ownership.kind !== 'owned' || datasets.some(hasWork);
}

/** Whether anything of the dataset is to be changed in the ledger. */
function hasWork({ months, outdatedKeys }: DatasetFinding): boolean {
  return months.length + outdatedKeys.length > 0;
}

/** Whether it is for a person to say first which side counts, or to put something right. */
export function isRefused(
  { datasets }: AdoptionPlan,
  { prefer }: Pick<AdoptRequest, 'prefer'>,
): boolean {
  return datasets.some(
    ({ problems, meetings }) =>
      problems.some(isBlocking) || (prefer === null && meetings.length > 0),
  );
}

/**
 * Looks, and hands the plan to `work`, which may carry it out. What was found lies in files until `work` has ended.
 *
 * @throws TierdError LEDGER_OUTDATED, LAKE_NOT_THE_SAME where there is no lake
 */
export async function adopting<Result>(
  rooms: AdoptionRooms,
  datasets: readonly Dataset[],
  request: AdoptRequest & { readonly configured: readonly string[] },
  work: (plan: AdoptionPlan, carryOut: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const db = await rooms.connect('work');
  try {
    const standing = await lookWhose(rooms, db);
    if (standing.marker === null) throw noLakeThere(rooms.store.place);
    const isOwned = standing.ownership.kind === 'owned';
    if (!isOwned) await assertNoCopyInTheMaking(rooms);
    const found: DatasetFinding[] = [];
    for (const dataset of datasets) {
      found.push(await lookAtDataset(rooms, db, dataset, request, isOwned));
    }
    const notConfigured = await listNotConfigured(rooms, request.configured);
    const plan = { standing, datasets: found, notConfigured };
    return await work(plan, () => carryOut(rooms, db, plan));
  } catch (error) {
    throw asTierdError(error);
  } finally {
    await removeTree(rooms.fileSystem, join(rooms.tempDirectory, 'adopt'));
    await disconnect(db);
  }
}

/** It may lack most of the lake, and its manifests are as old as it is. @throws TierdError REFUSED */
async function assertNoCopyInTheMaking({ store }: AdoptionRooms): Promise<void> {
  const note = await readPlaceNote(store, COPY_NOTE);
  if (note === null) return;
  throw new TierdError({
    code: 'REFUSED',
    message: `${store.place} is a copy of the lake ${note.of}, begun at ${note.since}, that no ledger has switched to: it may lack any of it; nothing was changed`,
    hint: `point \`lake\` at the lake itself. Where that is lost, or \`tierd lake switch\` was made and killed at its very end, remove ${COPY_KEY} from this place, then run the same command again`,
    context: { place: store.place, copyOf: note.of },
  });
}

async function listNotConfigured(
  { store }: AdoptionRooms,
  configured: readonly string[],
): Promise<readonly string[]> {
  const unknown: string[] = [];
  for (const name of await listNamed(store)) {
    if (configured.includes(name)) continue;
    const head = await newestHead(store, await listManifests(store, name));
    if (!configured.includes(head?.renamedTo ?? '')) unknown.push(name);
  }
  return unknown;
}

/** Killed anywhere, the same call goes on: what a dataset's transaction has taken up is known then. */
async function carryOut(
  rooms: AdoptionRooms,
  db: pg.Client,
  { datasets }: AdoptionPlan,
): Promise<void> {
  // First of all: whoever had the lake is refused from now on, and changes nothing of what was looked at.
  await takeOverLake(rooms, db);
  for (const found of datasets) await carryOutOne(rooms, db, found);
}

async function carryOutOne(
  rooms: AdoptionRooms,
  db: pg.Client,
  found: DatasetFinding,
): Promise<void> {
  const { dataset } = found;
  await whileLeased(rooms, { name: dataset.name, db }, async ({ lease }) => {
    if (hasWork(found)) {
      const runId = await beginRun(rooms, db, 'adopt', dataset.name);
      const end = { rowsMoved: 0n, bytesWritten: 0n };
      try {
        await takeUp(rooms, db, found, { runId, lease });
      } catch (error) {
        const { code, message } = asTierdError(error);
        const failed = { ...end, state: 'failed', errorCode: code, errorMessage: message } as const;
        await recordEnd(() => rooms.connect('work'), runId, failed);
        throw error;
      }
      await recordEnd(() => rooms.connect('work'), runId, { ...end, state: 'done' });
    } else {
      await noteWhereItLies(rooms, db, found, lease);
    }
    await keepManifest(rooms, db, dataset, lease);
  });
}
