/**
 * After each run that changed something, what the ledger knows of the dataset is written beside its segments.
 * Only the months that changed are written anew. A lake that can't take it now takes it after the next job:
 * nothing depends on it but `tierd adopt`.
 */
import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import type {
  DatasetRecord,
  ManifestHead,
  ManifestPart,
  PartSummary,
} from '../../domain/lake/lake-manifest.ts';
import { formatTable } from '../../domain/table.ts';
import { inTransaction } from '../../hot/transaction.ts';
import {
  listManifests,
  type ManifestFolder,
  newestHead,
  numberOf,
  readPart,
  writeHead,
  writePart,
} from '../../lake/manifest.ts';
import { statesOfKeys } from '../../ledger/adoption.ts';
import { listAuditHeads } from '../../ledger/audit.ts';
import { listColumns } from '../../ledger/columns.ts';
import { listFormerNames } from '../../ledger/former-names.ts';
import { listHolds } from '../../ledger/holds.ts';
import { rememberedLake } from '../../ledger/lake-identity.ts';
import { assertLease, type Lease } from '../../ledger/lease.ts';
import { listKeptSlices, summarizeMonths } from '../../ledger/manifest.ts';
import { listPins } from '../../ledger/pins.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import { isOfMonths } from './is-of-months.ts';
import { type Putting, putRecord } from './put-record.ts';
import { sweepManifests } from './sweep-manifests.ts';

interface Keeping extends Putting {
  readonly dataset: Pick<Dataset, 'name' | 'table'>;
}

/** Under the dataset's lease. */
export async function keepManifest(
  rooms: JobRooms,
  db: pg.Client,
  dataset: Pick<Dataset, 'name' | 'table'>,
  lease: Lease,
): Promise<void> {
  const lake = await rememberedLake(db);
  if (lake?.isMarked !== true) return;
  const keeping = { rooms, db, dataset, lease };
  try {
    const folder = await listManifests(rooms.store, dataset.name);
    const before = await newestHead(rooms.store, folder);
    // What a ledger before this one had, and this one does not know, is for `tierd adopt` to take up.
    if (before !== null && before.epoch !== lake.epoch && !(await knowsAll(keeping, before)))
      return;
    const now = await readNow(keeping);
    const { lakeId, ledgerId, epoch } = lake;
    const identity = { lakeId, ledgerId, epoch, at: rooms.clock.now() };
    if (before === null ? now.months.length > 0 : !isSame(before, now, ledgerId)) {
      await writeManifest(keeping, folder, { before, now, identity });
    }
    await leaveWord(keeping, now, identity);
    await sweepManifests(rooms, db, dataset.name);
  } catch (error) {
    if (!(error instanceof TierdError)) throw error;
  }
}

async function knowsAll({ rooms, db }: Keeping, { parts }: ManifestHead): Promise<boolean> {
  for (const part of parts) {
    const keys = ((await readPart(rooms.store, part)) ?? []).flatMap(({ segments }) =>
      segments.filter(({ state }) => state === 'live').map(({ key }) => key),
    );
    if ((await statesOfKeys(db, keys)).size < keys.length) return false;
  }
  return true;
}

type HeadIdentity = Pick<ManifestHead, 'lakeId' | 'ledgerId' | 'epoch' | 'at'>;

interface DatasetNow {
  readonly record: DatasetRecord;
  readonly months: readonly PartSummary[];
}

async function readNow({ rooms, db, dataset, lease }: Keeping): Promise<DatasetNow> {
  return inTransaction(
    db,
    {
      doing: `reading the ledger of ${dataset.name}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      const heads = await listAuditHeads(db);
      const head = heads.find(({ chain }) => chain === dataset.name);
      const record = {
        table: formatTable(dataset.table),
        columns: await listColumns(db, dataset.name),
        holds: await listHolds(db, dataset.name),
        pins: await listPins(db, dataset.name),
        formerNames: await listFormerNames(db, dataset.name),
        audit: head === undefined ? null : { number: head.number, hash: head.hash },
      };
      const months = await summarizeMonths(db, dataset.name);
      // Nobody but who holds the lease changes segments; who has lost it would write down what is no longer so.
      await assertLease(db, lease);
      return { record, months };
    },
  );
}

function isSame(before: ManifestHead, { record, months }: DatasetNow, ledgerId: string): boolean {
  const { table, columns, holds, pins, formerNames, audit } = before;
  return (
    before.ledgerId === ledgerId &&
    before.renamedTo === null &&
    isDeepStrictEqual({ table, columns, holds, pins, formerNames, audit }, record) &&
    isOfMonths(before, months)
  );
}

async function writeManifest(
  keeping: Keeping,
  folder: ManifestFolder,
  {
    before,
    now,
    identity,
  }: {
    readonly before: ManifestHead | null;
    readonly now: DatasetNow;
    readonly identity: HeadIdentity;
  },
): Promise<void> {
  const { dataset } = keeping;
  const written = new Map(before?.parts.map((part) => [`${part.month} ${part.digest}`, part]));
  const parts: ManifestPart[] = [];
  for (const summary of now.months) {
    const same = written.get(`${summary.month} ${summary.digest}`);
    parts.push(same ?? (await putPart(keeping, summary)));
  }
  const number = nextNumber(folder);
  const named = { dataset: dataset.name, renamedTo: null };
  const { key, text } = writeHead({ ...now.record, ...identity, ...named, number, parts });
  await putRecord(keeping, key, new TextEncoder().encode(text));
}

/** Who finds the lake without its database is told under each former name what the dataset is called now. */
async function leaveWord(
  keeping: Keeping,
  { record }: DatasetNow,
  identity: HeadIdentity,
): Promise<void> {
  const { store } = keeping.rooms;
  for (const dataset of record.formerNames) {
    const folder = await listManifests(store, dataset);
    const renamedTo = keeping.dataset.name;
    if ((await newestHead(store, folder))?.renamedTo === renamedTo) continue;
    const number = nextNumber(folder);
    const { key, text } = writeHead({
      ...{ ...record, ...identity, dataset, renamedTo, number, formerNames: [], parts: [] },
    });
    await putRecord(keeping, key, new TextEncoder().encode(text));
  }
}

const nextNumber = ({ heads }: ManifestFolder): number => Math.max(0, ...heads.map(numberOf)) + 1;

async function putPart(keeping: Keeping, summary: PartSummary): Promise<ManifestPart> {
  const { db, dataset } = keeping;
  const slices = await listKeptSlices(db, dataset.name, summary.month);
  const { key, sha256, bytes } = await writePart(dataset.name, summary.month, slices);
  await putRecord(keeping, key, bytes);
  return { ...summary, key, sha256 };
}
