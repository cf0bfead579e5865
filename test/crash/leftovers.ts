/**
 * What may be there while a process works, and not once a whole run has followed on one that was killed.
 * Each thing that is left is named by what it is, so that a test fails with its name (I4). Rows that are
 * kept for a while, as `keep_deliveries` has it, are left over when that is past.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';

/** Where else than in PostgreSQL a job leaves something. */
export interface Places {
  /** A lake on the disk; of one in a bucket, how to look. */
  readonly lake?: string | (() => Promise<readonly string[]>);
  /** What `maintenance.temp_dir` names. */
  readonly spill?: string;
  /** Of a drain: what its last run had to forget. */
  readonly outlived?: { readonly keepMs: number; readonly asOf: string };
}

/** All that is left, anywhere. @param looks how often connections that were closed are looked for again */
export async function findLeft(
  db: pg.ClientBase,
  { lake, spill, outlived }: Places,
  looks = 1_200,
): Promise<readonly string[]> {
  return [
    ...(await leftInLedger(db)),
    ...(outlived === undefined ? [] : await outlivedRecords(db, outlived)),
    ...(typeof lake === 'string' ? await leftInLake(lake) : ((await lake?.()) ?? [])),
    ...(spill === undefined ? [] : await leftInSpill(spill)),
    ...(await leftInPostgres(db, looks)),
  ];
}

/**
 * Of the server's clock, by which records are dated: before the run that has to forget them. As the
 * server writes it: its date style may be one that nobody else reads right.
 */
export async function clockOf(db: pg.ClientBase): Promise<string> {
  const { rows } = await db.query<{ now: string }>('select clock_timestamp()::text as now');
  return rows[0]?.now ?? '';
}

/** In the ledger, of any dataset and source; as `name` of what it belongs to. */
const IN_LEDGER: Readonly<Record<string, string>> = {
  move: `select dataset || ', ' || state as name from tierd.moves where state not in ('finished', 'abandoned')`,
  'segment that is being published': `select object_key as name from tierd.segments where state = 'publishing'`,
  restore: `select dataset || ', slice ' || slice_id as name from tierd.restores where state = 'begun'`,
  'announced Iceberg object': `select object_key as name from tierd.iceberg_objects where state = 'announced'`,
  'run of a job': `select job || ' ' || dataset as name from tierd.runs where state = 'running'`,
  'run of the daemon': `select job || ' by ' || holder as name from tierd.job_runs where state = 'running'`,
  lease: `select dataset || ' by ' || holder as name from tierd.leases where expires_at > clock_timestamp()`,
  'delivery that nobody noted as told': `select source || ', ' || stream_key as name from tierd.deliveries where acknowledged_at is null`,
  'claim that nobody noted as removed': `select claim as name from tierd.claims where removed_at is null`,
  'move without its entry in the audit log': `select dataset || ' ' || id as name from tierd.moves m where state in ('committed', 'finished')
     and (select count(*) from tierd.audit a where a.entry::jsonb ->> 'id' = m.id::text
          and (a.chain = m.dataset or a.chain in (select name from tierd.former_names f where f.dataset = m.dataset))) <> 1`,
  'entry in the audit log of what was never done': `select chain || ' ' || number as name from tierd.audit a
     where entry::jsonb ->> 'action' in ('moved', 'merged', 'expired', 'deleted', 'corrected', 'ingested')
       and not exists (select from tierd.moves m where m.id::text = a.entry::jsonb ->> 'id' and m.state in ('committed', 'finished'))`,
  'count of live segments that is none': `select coalesce(k.dataset, c.dataset) as name
     from (select dataset, schema_id, segments from tierd.live_schemas where segments <> 0) k
     full join (select dataset, schema_id, count(*) as segments from tierd.segments where state = 'live' group by 1, 2) c
       using (dataset, schema_id)
     where k.segments is distinct from c.segments`,
  'count of committed moves that is none': `select coalesce(k.dataset, c.dataset) as name
     from (select dataset, moves from tierd.committed_moves where moves <> 0) k
     full join (select dataset, count(*) as moves from tierd.moves where state in ('committed', 'finished') group by 1) c
       using (dataset)
     where k.moves is distinct from c.moves`,
  'unsettled rows': `select source as name from tierd.drain_sources where unsettled_from_us is not null`,
};

/** In the rest of PostgreSQL: of this database, and by tierd. */
const IN_POSTGRES: Readonly<Record<string, string>> = {
  'prepared transaction': `select gid as name from pg_prepared_xacts where database = current_database()`,
  'temporary table': `select relname as name from pg_class where relpersistence = 't' and relkind = 'r'`,
  connection: `select application_name || ', ' || coalesce(state, '') || ': ' || left(query, 80) as name
               from pg_stat_activity where datname = current_database() and application_name like 'tierd/%'`,
};

async function askFor(
  db: pg.ClientBase,
  questions: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const [what, question] of Object.entries(questions)) {
    const { rows } = await db.query<{ name: string }>(question);
    left.push(...rows.map(({ name }) => `${what}: ${name}`));
  }
  return left;
}

export const leftInLedger = (db: pg.ClientBase): Promise<readonly string[]> =>
  askFor(db, IN_LEDGER);

/** A connection that was closed is gone a moment later: for that long it is looked at again. */
async function leftInPostgres(db: pg.ClientBase, looks: number): Promise<readonly string[]> {
  for (let look = 1; ; look += 1) {
    const left = await askFor(db, IN_POSTGRES);
    if (left.length === 0 || look === looks) return left;
    await pause(50);
  }
}

/** Records that `keep_deliveries` no longer asked for at that instant. */
async function outlivedRecords(
  db: pg.ClientBase,
  { keepMs, asOf }: NonNullable<Places['outlived']>,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select 'outlived delivery: ' || source as name from tierd.deliveries
     where acknowledged_at < $2::timestamptz - $1 * interval '1 millisecond'
     union all
     select 'outlived claim: ' || claim from tierd.claims
     where removed_at < $2::timestamptz - $1 * interval '1 millisecond'`,
    [keepMs, asOf],
  );
  return rows.map(({ name }) => name);
}

/** Of a lake on the disk: where files wait until they are published, also an empty folder of it. */
export async function leftInLake(lake: string): Promise<readonly string[]> {
  const entries = await readdir(lake, { recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.startsWith('_staging'))
    .map((entry) => `in the lake: ${entry}`);
}

/** Of a directory for what DuckDB spills. */
async function leftInSpill(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).map((entry) => `spilled: ${join(directory, entry)}`);
}
