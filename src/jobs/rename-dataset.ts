/**
 * rename: a dataset that has another name in the configuration gets it in the ledger as well.
 *
 * What the ledger has follows in one transaction. No file moves: older segments stay in the folder of the name
 * that they were written under, and the next are written into that of the new one.
 */
import type pg from 'pg';
import { LAKE_CHAIN } from '../domain/audit.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { formatTable } from '../domain/table.ts';
import { findAttachedView } from '../hot/attach/attachable.ts';
import { listInPlace } from '../hot/attach/in-place-sql.ts';
import { addAuditEntry, readAuditHead } from '../ledger/audit.ts';
import {
  isKnown,
  isNamed,
  listFormerNames,
  renameInLedger,
  whoHadName,
} from '../ledger/former-names.ts';
import { listLeftBehind } from '../ledger/left-behind.ts';
import { actorOf } from './audit/actor.ts';
import { lookWhose } from './lake-owner.ts';
import { keepManifest } from './manifest/keep-manifest.ts';
import { lakeRefusal } from './rotation/own-lake.ts';
import type { JobRooms, LookingRooms } from './rotation/rooms.ts';
import { whileLeased } from './while-leased.ts';
import { whileNobodyRotates } from './while-nobody-rotates.ts';

export interface Renaming {
  readonly from: string;
  readonly to: Pick<Dataset, 'name' | 'table'>;
  /** Names of all datasets that are configured. */
  readonly configured: readonly string[];
}

export interface RenameLook {
  /** Live ones, under the name that they have now. */
  readonly segments: number;
  /** Digits. */
  readonly rows: string;
  /** The ledger has it by its new name already, as after a run that was killed. */
  readonly isDone: boolean;
}

/** Changes nothing (I7). @throws TierdError REFUSED, LAKE_NOT_OWNED, LAKE_NOT_THE_SAME, LEDGER_OUTDATED */
export async function lookAtRenaming(
  rooms: LookingRooms,
  db: pg.Client,
  { from, to, configured }: Renaming,
): Promise<RenameLook> {
  const { ownership } = await lookWhose(rooms, db);
  const refusal = lakeRefusal({ ownership }, rooms.store.place);
  if (refusal !== null) throw refusal;
  const isDone = (await listFormerNames(db, to.name)).includes(from) && !(await isKnown(db, from));
  if (!isDone) await assertNamesFit(db, from, to.name, configured);
  const { rows } = await db.query<{ segments: number; rows: string }>(
    `select count(*)::int as segments, coalesce(sum(row_count), 0)::text as rows
     from tierd.segments where dataset = $1 and state = 'live'`,
    [isDone ? to.name : from],
  );
  return { segments: 0, rows: '0', ...rows[0], isDone };
}

/**
 * Killed anywhere, the same call goes on.
 *
 * @throws TierdError as `lookAtRenaming`; LEASE_HELD while a job works on the lake
 */
export async function renameDataset(
  rooms: JobRooms,
  db: pg.Client,
  renaming: Renaming,
): Promise<RenameLook> {
  const { from, to } = renaming;
  const look = await whileNobodyRotates(rooms, db, `renaming ${from} to ${to.name}`, async () => {
    const found = await lookAtRenaming(rooms, db, renaming);
    if (!found.isDone) await rename(rooms, db, from, to.name);
    return found;
  });
  await whileLeased(rooms, { name: to.name, db }, ({ lease }) =>
    keepManifest(rooms, db, to, lease),
  );
  return look;
}

/** Each of both chains of the audit log leads to the other. */
async function rename(rooms: JobRooms, db: pg.Client, from: string, to: string): Promise<void> {
  const [at, by] = [rooms.clock.now(), actorOf(rooms)];
  const before = await readAuditHead(db, from);
  await renameInLedger(db, from, to);
  await addAuditEntry(db, { action: 'renamed', chain: from, at, by, facts: { to } });
  const facts = { from, after_entry: before?.number ?? null, after_hash: before?.hash ?? null };
  await addAuditEntry(db, { action: 'renamed', chain: to, at, by, facts });
}

async function assertNamesFit(
  db: pg.Client,
  from: string,
  to: string,
  configured: readonly string[],
): Promise<void> {
  if (configured.includes(from)) {
    throw refused(
      from === to ? `${to} is its name already` : `${from} is still in the configuration`,
      `give the dataset its new name there, ${from === to ? 'and say which it had' : `${to} in place of ${from}`}; then run the same command again`,
    );
  }
  if (from === LAKE_CHAIN || !(await isNamed(db, from))) {
    const left = await listLeftBehind(db, { datasets: configured, sources: [] });
    const names = left.filter(({ kind }) => kind === 'segment').map(({ name }) => name);
    throw refused(
      `the ledger knows no dataset ${from}`,
      names.length === 0
        ? 'every dataset that has segments in the lake is in the configuration: look at `tierd status`'
        : `it has segments of these, which are not in the configuration: ${names.join(', ')}`,
    );
  }
  const inPlace = (await listInPlace(db)).find(({ dataset }) => dataset === from);
  const view = (await findAttachedView(db, from)) ?? inPlace?.chunk ?? null;
  if (view !== null) {
    throw refused(
      `${formatTable(view)} shows its rows by the name ${from}, and would miss what comes to the lake by another`,
      `\`tierd detach ${from}\` first; then run the same command again, and \`tierd attach ${to}\``,
    );
  }
  const formerly = await whoHadName(db, to);
  if (formerly !== null && formerly !== from) {
    throw refused(
      `${to} is the former name of ${formerly}, whose older segments lie in the folder of that name`,
      'give the dataset a name that none had before',
    );
  }
  if (await isKnown(db, to)) {
    throw refused(
      `${to} has slices of its own in the ledger, and two datasets don't become one`,
      `put ${from} back into the configuration beside it, or give it a name that none had`,
    );
  }
}

function refused(reason: string, hint: string): TierdError {
  return new TierdError({
    code: 'REFUSED',
    message: `${reason}; nothing was changed`,
    hint,
    context: {},
  });
}
