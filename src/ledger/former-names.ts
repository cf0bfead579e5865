/** Under which names a dataset was known before, and what of the ledger follows it to another one. */
import { datasetRenamed, type NamesInLake } from '../domain/plan/renamed-dataset.ts';
import type { Queryable } from './queryable.ts';

/** Names whose folders in the lake may hold segments of the dataset too; oldest first. */
export async function listFormerNames(db: Queryable, dataset: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select name from tierd.former_names where dataset = $1 order by renamed_at, name`,
    [dataset],
  );
  return rows.map(({ name }) => name);
}

export async function enterFormerNames(
  db: Queryable,
  dataset: string,
  names: readonly string[],
): Promise<void> {
  await db.query(
    `insert into tierd.former_names (name, dataset) select name, $1 from unnest($2::text[]) as name
     on conflict (name) do nothing`,
    [dataset, names],
  );
}

const NOBODY: NamesInLake = { ofSameTable: null, formerly: null };

/** Who else has to do with a dataset that has nothing in the lake. @param tableIdentity as the ledger's columns have it */
export async function findNamesInLake(
  db: Queryable,
  dataset: string,
  tableIdentity: string,
): Promise<NamesInLake> {
  if (await isKnown(db, dataset)) return NOBODY;
  const same = await db.query<{ dataset: string; segments: number }>(
    `select s.dataset, sum(s.segments)::int as segments from tierd.live_schemas s
     where s.segments > 0 and s.dataset <> $1
       and exists (select from tierd.columns c where c.dataset = s.dataset and c.table_identity = $2)
     group by s.dataset order by s.dataset limit 1`,
    [dataset, tableIdentity],
  );
  return { ofSameTable: same.rows[0] ?? null, formerly: await whoHadName(db, dataset) };
}

/** The dataset that had the name before it got the one that it has now; null where none had. */
export async function whoHadName(db: Queryable, name: string): Promise<string | null> {
  const { rows } = await db.query<{ dataset: string }>(
    `select dataset from tierd.former_names where name = $1`,
    [name],
  );
  return rows[0]?.dataset ?? null;
}

/** @throws TierdError DATASET_NOT_FOUND for a name that a dataset had before */
export async function assertNotRenamed(db: Queryable, name: string): Promise<void> {
  const now = await whoHadName(db, name);
  if (now !== null) throw datasetRenamed(name, now);
}

/** Whether anything was done with a dataset, or said of it. */
export async function isNamed(db: Queryable, dataset: string): Promise<boolean> {
  const { rows } = await db.query<{ is_named: boolean }>(
    `select exists (select from tierd.runs where dataset = $1)
         or exists (select from tierd.columns where dataset = $1)
         or exists (select from tierd.holds where dataset = $1)
         or exists (select from tierd.pins where dataset = $1) as is_named`,
    [dataset],
  );
  return rows[0]?.is_named === true;
}

/** Whether the ledger has more of a dataset than that a run was begun: it can't become part of another. */
export async function isKnown(db: Queryable, dataset: string): Promise<boolean> {
  const { rows } = await db.query<{ is_known: boolean }>(
    `select exists (select from tierd.slices where dataset = $1)
         or exists (select from tierd.iceberg_metadata where dataset = $1)
         or exists (select from tierd.moves where dataset = $1
                    and state in ('exporting', 'publishing', 'committed')) as is_known`,
    [dataset],
  );
  return rows[0]?.is_known === true;
}

/** Counted by triggers, or following by a foreign key; leases are of a run and not of a dataset. */
const FOLLOWING = ['live_schemas', 'committed_moves', 'iceberg_manifests', 'leases'];

/**
 * All that the ledger has of `from` is of `to` from then on, but for the audit log, which says what was so then.
 * Inside a transaction in which no lease is held. @param to one that is not known
 */
export async function renameInLedger(db: Queryable, from: string, to: string): Promise<void> {
  // What a run that was refused has noted of the new name, and what was said of it since.
  await db.query(`delete from tierd.columns where dataset = $1`, [to]);
  await db.query(`delete from tierd.enum_labels where dataset = $1`, [to]);
  await db.query(
    `delete from tierd.paused_datasets where dataset = $1
       and exists (select from tierd.paused_datasets where dataset = $2)`,
    [from, to],
  );
  await db.query(
    `delete from tierd.streams old using tierd.streams new
     where old.dataset = $1 and new.dataset = $2 and new.stream_key = old.stream_key`,
    [from, to],
  );
  const { rows } = await db.query<{ table: string }>(
    `select c.oid::regclass::text as table from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'tierd'::regnamespace and c.relkind = 'r' and a.attname = 'dataset'
       and not a.attisdropped and c.relname <> all ($1)
     order by c.relname`,
    [FOLLOWING],
  );
  for (const { table } of rows) {
    await db.query(`update ${table} set dataset = $2 where dataset = $1`, [from, to]);
  }
  await db.query(`delete from tierd.live_schemas where dataset = $1`, [from]);
  await db.query(`delete from tierd.committed_moves where dataset = $1`, [from]);
  await db.query(`delete from tierd.former_names where name = $1`, [to]);
  await db.query(`insert into tierd.former_names (name, dataset) values ($1, $2)`, [from, to]);
}
