/** Which lake the ledger speaks of, and where the ledger itself lies. */
import type { LedgerPlace, Promotion, RememberedLake } from '../domain/lake/lake-owner.ts';
import type { Queryable } from './queryable.ts';

interface LakeRow {
  readonly lake_id: string;
  readonly ledger_id: string;
  readonly epoch: number;
  readonly is_marked: boolean;
  readonly timeline: number | null;
  readonly follows_promotions: boolean;
  readonly timeline_now: number;
  readonly is_restored: boolean;
  readonly place: string | null;
  readonly far_place: string | null;
}

/**
 * The timeline that the server writes. The checkpoint's is the old one for some minutes after a promotion;
 * until then the other one is the new.
 */
export const TIMELINE_NOW = `(select greatest(c.timeline_id, r.min_recovery_end_timeline)
  from pg_control_checkpoint() c, pg_control_recovery() r)`;

/** The table's own oid: a dump keeps what was noted, and what is restored from it has another. */
export const HOME_NOW = `'tierd.lake'::regclass::oid`;

/** Null before this ledger ever meant to publish. */
export async function rememberedLake(db: Queryable): Promise<RememberedLake | null> {
  const found = await db.query<LakeRow>(
    `select lake_id, ledger_id, epoch, is_marked, timeline, follows_promotions, ${TIMELINE_NOW} as timeline_now,
            coalesce(home <> ${HOME_NOW}, false) as is_restored, place, far_place
     from tierd.lake`,
  );
  const row = found.rows[0];
  if (row === undefined) return null;
  return {
    lakeId: row.lake_id,
    ledgerId: row.ledger_id,
    epoch: row.epoch,
    isMarked: row.is_marked,
    promotion: promotionOf(row),
    isRestored: row.is_restored,
    usedAt: row.place,
    farPlace: row.far_place,
  };
}

function promotionOf({ timeline, timeline_now, follows_promotions }: LakeRow): Promotion | null {
  if (timeline === null || timeline === timeline_now || follows_promotions) return null;
  return { from: timeline, to: timeline_now };
}

/**
 * Call it where the lake is this ledger's: from now on a promotion shows, a ledger restored from a dump, and a
 * lake at another place than `lakePlace`.
 */
export async function noteWhereItLies(db: Queryable, lakePlace: string): Promise<void> {
  await db.query(
    `update tierd.lake set timeline = ${TIMELINE_NOW}, home = ${HOME_NOW}, place = $1
     where timeline is distinct from ${TIMELINE_NOW} or home is distinct from ${HOME_NOW} or place is distinct from $1`,
    [lakePlace],
  );
}

/**
 * Whether a promoted server goes on with the lake without a person's word.
 * @returns whether there is a lake to say that of
 */
export async function followPromotions(db: Queryable, follows: boolean): Promise<boolean> {
  const found = await db.query(
    `update tierd.lake set follows_promotions = $1, timeline = ${TIMELINE_NOW}`,
    [follows],
  );
  return (found.rowCount ?? 0) > 0;
}

/** Names the lake that is about to be claimed; where one is named already, changes nothing. */
export async function intendLake(db: Queryable, lakeId: string): Promise<RememberedLake> {
  await db.query(
    `insert into tierd.lake (lake_id, is_marked) values ($1, false) on conflict do nothing`,
    [lakeId],
  );
  const remembered = await rememberedLake(db);
  if (remembered === null) throw new Error('tierd.lake lost its row between two statements');
  return remembered;
}

/** The lake has its marker and says that it is this ledger's since `epoch`. */
export async function rememberClaim(
  db: Queryable,
  claim: { readonly lakeId: string; readonly epoch: number; readonly place: string },
): Promise<void> {
  await db.query(
    `update tierd.lake set lake_id = $1, epoch = $2, is_marked = true, timeline = ${TIMELINE_NOW}, home = ${HOME_NOW}, place = $3
     where epoch < $2`,
    [claim.lakeId, claim.epoch, claim.place],
  );
}

/** What tells this database from a copy of it, made by whatever means but a standby's: `Promotion`. */
export async function ledgerPlace(db: Queryable): Promise<LedgerPlace> {
  const found = await db.query<{ system_identifier: string; oid: string; database: string }>(
    `select (select system_identifier::text from pg_control_system()) as system_identifier,
            oid::text as oid, datname::text as database
     from pg_database where datname = current_database()`,
  );
  const row = found.rows[0];
  if (row === undefined) throw new Error('pg_database does not list the current database');
  return { systemIdentifier: row.system_identifier, databaseOid: row.oid, database: row.database };
}
