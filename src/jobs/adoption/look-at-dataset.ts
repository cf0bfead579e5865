/** What adopting a lake would do with one dataset. Reads month by month, and keeps what it found in files of its own. */
import { join } from 'node:path';
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import type { KnownColumn } from '../../domain/lake/field-ids.ts';
import type { KeptSlice, ManifestHead } from '../../domain/lake/lake-manifest.ts';
import type { AdoptionProblem, HotMeeting, Preference } from '../../domain/plan/adoption.ts';
import { makeUnlessThere } from '../../lake/directories.ts';
import {
  listManifests,
  type ManifestFolder,
  newestHead,
  numberOf,
  readPart,
} from '../../lake/manifest.ts';
import { listAuditHeads } from '../../ledger/audit.ts';
import { isKnown } from '../../ledger/former-names.ts';
import { rememberedLake } from '../../ledger/lake-identity.ts';
import { inPlanningSnapshot } from '../planning-snapshot.ts';
import { ColumnsOfFiles } from './columns-of-files.ts';
import { describeHot } from './hot-side.ts';
import { type LakeListing, listLake } from './list-lake.ts';
import { lookAtMonth, type MonthLook } from './look-at-month.ts';
import type { AdoptionRooms } from './rooms.ts';
import { writeSpooled } from './spool.ts';

export interface Sum {
  readonly slices: number;
  readonly segments: number;
  readonly rows: bigint;
  readonly bytes: bigint;
}

export interface DatasetFinding {
  readonly dataset: Dataset;
  /** The newest that can be read; null where there is none. */
  readonly manifest: ManifestHead | null;
  readonly isManifestNewer: boolean;
  /** What becomes live. */
  readonly taken: Sum;
  /** What waits to be removed. */
  readonly setAside: Sum;
  /** Live by the ledger, and replaced by what is taken. */
  readonly outdatedKeys: readonly string[];
  readonly meetings: readonly HotMeeting[];
  readonly problems: readonly AdoptionProblem[];
  /** `2024-01`, of those with anything to take or to set aside. */
  readonly months: readonly string[];
  readonly columns: readonly KnownColumn[];
  /** Of what lay there, name by name. */
  readonly listing: string;
}

export interface AdoptRequest {
  readonly prefer: Preference | null;
  readonly verify: boolean;
}

/** @param isOwned the lake is this ledger's already */
export async function lookAtDataset(
  rooms: AdoptionRooms,
  db: pg.Client,
  dataset: Dataset,
  { prefer, verify }: AdoptRequest,
  isOwned: boolean,
): Promise<DatasetFinding> {
  const { store, fileSystem, tempDirectory, signal, settings } = rooms;
  const directory = join(tempDirectory, 'adopt');
  await makeUnlessThere(fileSystem, directory);
  const manifests = await listManifests(store, dataset.name);
  const manifest = await newestHead(store, manifests);
  const names = namesOf(dataset, manifest);
  const lake = await listLake({ store, names, signal }, fileSystem, directory);
  const problems: AdoptionProblem[] = [
    ...lake.problems,
    // After the newest that can be read.
    ...manifests.heads
      .filter((key) => numberOf(key) > (manifest?.number ?? 0))
      .map((key) => unread(key, dataset.name)),
    ...renamings(manifests, manifest),
    ...(await olderNames(db, manifests, manifest)),
  ];
  const isManifestNewer = manifest !== null && (await isBehind(db, manifest));
  const columns = new ColumnsOfFiles(manifest?.columns ?? []);
  let [taken, setAside] = [NOTHING, NOTHING];
  const outdatedKeys: string[] = [];
  const meetings: HotMeeting[] = [];
  const months: string[] = [];
  let done = 0;
  for (const month of monthsOf(lake, manifest)) {
    const objects = await lake.objectsOf(month);
    const part = manifest?.parts.find((one) => one.month === month);
    const kept = part === undefined ? [] : await readPart(store, part);
    if (kept === null) {
      problems.push(unread(part?.key ?? '', dataset.name));
    }
    const found = await inPlanningSnapshot(
      settings,
      db,
      `looking at ${dataset.name} ${month}`,
      async () => {
        const hot = await describeHot(db, dataset);
        const look: MonthLook = {
          ...{ rooms, dataset, hot, isOwned, prefer, verify, directory },
          names,
          // A month that can't be read is one that nothing is known of.
          isManifestNewer: isManifestNewer && kept !== null,
        };
        return lookAtMonth(look, db, month, objects, kept ?? []);
      },
    );
    if (found.taken.length + found.setAside.length > 0) {
      months.push(month);
      await writeSpooled(fileSystem, directory, dataset.name, found);
    }
    taken = found.taken.reduce(add, taken);
    setAside = found.setAside.reduce(add, setAside);
    for (const slice of found.taken) columns.add(slice);
    outdatedKeys.push(...found.outdatedKeys);
    meetings.push(...found.meetings);
    problems.push(...found.problems);
    done += objects.length;
    rooms.onProgress(done, lake.files);
  }
  return {
    ...{ dataset, manifest, isManifestNewer, taken, setAside, outdatedKeys, meetings, problems },
    months,
    columns: columns.list(),
    listing: lake.digest,
  };
}

const NOTHING: Sum = { slices: 0, segments: 0, rows: 0n, bytes: 0n };

function add(sum: Sum, { segments }: KeptSlice): Sum {
  return segments.reduce(
    (all, { rows, bytes }) => ({
      ...all,
      segments: all.segments + 1,
      rows: all.rows + rows,
      bytes: all.bytes + bytes,
    }),
    { ...sum, slices: sum.slices + 1 },
  );
}

function monthsOf(lake: LakeListing, manifest: ManifestHead | null): readonly string[] {
  const named = manifest?.parts.map(({ month }) => month) ?? [];
  return [...new Set([...lake.months, ...named])].sort();
}

/** Whose folders in the lake hold segments of the dataset; none where these are another's by now. */
export function namesOf(
  { name }: Pick<Dataset, 'name'>,
  manifest: ManifestHead | null,
): readonly string[] {
  if (manifest === null) return [name];
  return manifest.renamedTo === null ? [name, ...manifest.formerNames] : [];
}

function renamings(
  { heads }: ManifestFolder,
  manifest: ManifestHead | null,
): readonly AdoptionProblem[] {
  const to = manifest?.renamedTo ?? null;
  if (manifest === null || to === null) return [];
  const reason = `${manifest.dataset} was renamed to ${to}: call it so in the configuration, and adopt ${to}`;
  return [{ kind: 'renamed', key: heads[0] ?? '', reason }];
}

/** Taken up under the new name alone, the dataset would be two: nothing it had before would be found by it. */
async function olderNames(
  db: pg.Client,
  { heads }: ManifestFolder,
  manifest: ManifestHead | null,
): Promise<readonly AdoptionProblem[]> {
  const problems: AdoptionProblem[] = [];
  for (const name of manifest?.formerNames ?? []) {
    if (manifest === null || !(await isKnown(db, name))) continue;
    const reason = `this ledger is from before ${name} was renamed to ${manifest.dataset}, and knows its segments by that name: \`tierd lake take-over\`, where the lake is not this ledger’s yet, then \`tierd lake rename ${name} ${manifest.dataset}\`, then this again`;
    problems.push({ kind: 'renamed', key: heads[0] ?? '', reason });
  }
  return problems;
}

function unread(key: string, dataset: string): AdoptionProblem {
  const reason = `it can’t be read as what tierd wrote there, and without it what was deleted, expired or restored might come back; put it back from a copy of the lake, or move _tierd_manifest/${dataset} out of the lake, if its files alone are to tell`;
  return { kind: 'unread', key, reason };
}

/** Whether the ledger is one of an earlier time than the manifest: set back, as by a restored backup. */
async function isBehind(db: pg.Client, manifest: ManifestHead): Promise<boolean> {
  const lake = await rememberedLake(db);
  if (lake?.ledgerId !== manifest.ledgerId || manifest.audit === null) return false;
  const heads = await listAuditHeads(db);
  const own = heads.find(({ chain }) => chain === manifest.dataset);
  return (own?.number ?? 0n) < manifest.audit.number;
}
