/** The ledger takes up what was found of a dataset: in one transaction, with an entry of the audit log. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import type { KeptSlice } from '../../domain/lake/lake-manifest.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { inTransaction } from '../../hot/transaction.ts';
import {
  enterColumns,
  enterHolds,
  enterMove,
  enterPins,
  enterSlices,
  rangesOfSegments,
  takenGenerations,
} from '../../ledger/adoption.ts';
import { addAuditEntry } from '../../ledger/audit.ts';
import { enterFormerNames } from '../../ledger/former-names.ts';
import { assertLease, type Lease } from '../../ledger/lease.ts';
import { retireSegments } from '../../ledger/replaced-slices.ts';
import { actorOf } from '../audit/actor.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import { assertStillOwnLake } from '../rotation/own-lake.ts';
import { findFar, noteFar } from './found-far.ts';
import { digestOfLake } from './list-lake.ts';
import { type DatasetFinding, namesOf } from './look-at-dataset.ts';
import type { AdoptionRooms } from './rooms.ts';
import { readSpooled } from './spool.ts';

export interface TakeUp {
  readonly runId: bigint;
  readonly lease: Lease;
}

/** Under the dataset's lease, of a lake that is this ledger's. @throws TierdError REFUSED where the lake is another than was looked at */
export async function takeUp(
  rooms: AdoptionRooms,
  db: pg.Client,
  found: DatasetFinding,
  { runId, lease }: TakeUp,
): Promise<void> {
  const { dataset, manifest, outdatedKeys } = found;
  await assertAsListed(rooms, found);
  const id = rooms.newId();
  const far = await findFar(rooms.store, namesOf(dataset, manifest), rooms.signal);
  await inTransaction(
    db,
    {
      doing: `adopting ${dataset.name}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      const [range, digest] = [await rangeOf(rooms, db, found), createHash('sha256')];
      await enterMove(db, lease, { id, runId, range, rows: found.taken.rows });
      await retireSegments(db, dataset.name, outdatedKeys);
      for (const month of found.months) {
        for (const what of ['taken', 'setAside'] as const) {
          const slices = await slicesOf(rooms, found, month, what);
          await enterSlices(db, dataset.name, id, await numbered(db, dataset.name, slices));
          for (const { key, state, sha256 } of slices.flatMap(({ segments }) => segments)) {
            digest.update(`${key} ${sha256} ${state}\n`);
          }
        }
      }
      if (far !== null) await noteFar(db, dataset.name, far);
      await enterColumns(db, dataset.name, found.columns, found.isManifestNewer);
      if (manifest !== null) {
        await enterHolds(db, manifest.holds);
        await enterPins(db, dataset.name, manifest.pins);
        await enterFormerNames(db, dataset.name, manifest.formerNames);
      }
      await addAuditEntry(db, {
        action: 'adopted',
        chain: dataset.name,
        ...{ at: rooms.clock.now(), by: actorOf(rooms), runId, id },
        ranges: [range],
        rows: found.taken.rows,
        retired: outdatedKeys,
        facts: factsOf(found, digest.digest('hex')),
      });
      await assertStillOwnLake(rooms, db);
      await assertLease(db, lease);
    },
  );
}

/** With where the chain of the ledger before ended, which the lake remembers. */
function factsOf(
  { manifest, taken, setAside }: DatasetFinding,
  segments: string,
): Readonly<Record<string, string | number | null>> {
  return {
    segments: taken.segments,
    set_aside: setAside.segments,
    segments_sha256: segments,
    manifest: manifest?.number ?? null,
    from_ledger: manifest?.ledgerId ?? null,
    after_entry: manifest?.audit?.number.toString() ?? null,
    after_hash: manifest?.audit?.hash ?? null,
  };
}

/** Of a dataset of which nothing is to be taken up: its ledger, set back, may know less of where segments lie. */
export async function noteWhereItLies(
  { store, signal, settings }: AdoptionRooms,
  db: pg.Client,
  { dataset, manifest }: DatasetFinding,
  lease: Lease,
): Promise<void> {
  const far = await findFar(store, namesOf(dataset, manifest), signal);
  if (far === null) return;
  const limits = limitsUnderLease(settings);
  const doing = `noting where segments of ${dataset.name} lie`;
  const options = { doing, isolation: 'read committed', readOnly: false, limits } as const;
  await inTransaction(db, options, async () => {
    await noteFar(db, dataset.name, far);
    await assertStillOwnLake({ store }, db);
    await assertLease(db, lease);
  });
}

async function assertAsListed(rooms: AdoptionRooms, found: DatasetFinding): Promise<void> {
  const { name } = found.dataset;
  const names = namesOf(found.dataset, found.manifest);
  const { store, signal } = rooms;
  if ((await digestOfLake({ store, names, signal })) === found.listing) return;
  throw new TierdError({
    code: 'REFUSED',
    message: `files of ${name} in the lake came or went while it was looked at, so nothing of it was adopted`,
    hint: 'run the same command again: the lake is this ledger’s now, and nobody else changes it',
    context: { dataset: name },
  });
}

/** A generation that was given to another slice of the same time is no longer free. */
async function numbered(
  db: pg.Client,
  dataset: string,
  slices: readonly KeptSlice[],
): Promise<readonly KeptSlice[]> {
  const taken = new Set(
    await takenGenerations(
      db,
      dataset,
      slices.map(({ range }) => range),
    ),
  );
  return slices.map((slice) => {
    const { fromInclusive, toExclusive } = slice.range;
    const nameOf = (n: number): string =>
      `${String(fromInclusive)}/${String(toExclusive)}/${String(n)}`;
    let { generation } = slice;
    while (taken.has(nameOf(generation))) generation += 1;
    taken.add(nameOf(generation));
    return { ...slice, generation };
  });
}

/** From the first to the last of what is taken up, set aside or no longer live. */
async function rangeOf(
  rooms: AdoptionRooms,
  db: pg.Client,
  found: DatasetFinding,
): Promise<TimeRange> {
  const ranges = [...(await rangesOfSegments(db, found.dataset.name, found.outdatedKeys))];
  for (const month of [found.months.at(0), found.months.at(-1)]) {
    if (month === undefined) continue;
    for (const what of ['taken', 'setAside'] as const) {
      ranges.push(...(await slicesOf(rooms, found, month, what)).map(({ range }) => range));
    }
  }
  return ranges.reduce((all, range) => ({
    fromInclusive: Math.min(all.fromInclusive, range.fromInclusive),
    toExclusive: Math.max(all.toExclusive, range.toExclusive),
  }));
}

function slicesOf(
  { fileSystem, tempDirectory }: AdoptionRooms,
  { dataset }: DatasetFinding,
  month: string,
  what: 'taken' | 'setAside',
): Promise<readonly KeptSlice[]> {
  return readSpooled(fileSystem, join(tempDirectory, 'adopt'), dataset.name, month, what);
}
