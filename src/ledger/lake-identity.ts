/** Which lake the ledger speaks of, and where the ledger itself lies. */
import type { LedgerPlace, RememberedLake } from '../domain/lake/lake-owner.ts';
import type { Queryable } from './queryable.ts';

interface LakeRow {
  readonly lake_id: string;
  readonly ledger_id: string;
  readonly epoch: number;
  readonly is_marked: boolean;
}

/** Null before this ledger ever meant to publish. */
export async function rememberedLake(db: Queryable): Promise<RememberedLake | null> {
  const found = await db.query<LakeRow>(
    `select lake_id, ledger_id, epoch, is_marked from tierd.lake`,
  );
  const row = found.rows[0];
  if (row === undefined) return null;
  return {
    lakeId: row.lake_id,
    ledgerId: row.ledger_id,
    epoch: row.epoch,
    isMarked: row.is_marked,
  };
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
  claim: { readonly lakeId: string; readonly epoch: number },
): Promise<void> {
  await db.query(
    `update tierd.lake set lake_id = $1, epoch = $2, is_marked = true where epoch < $2`,
    [claim.lakeId, claim.epoch],
  );
}

/** What tells this database from a copy of it, made by whatever means but a standby's. */
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
