/**
 * What may be there while a process works, and not once a whole run has followed on one that was killed.
 * Each thing that is left is named by what it is, so that a test fails with its name (I4).
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';

/** In the ledger, of any dataset and source; as `name` of what it belongs to. */
const IN_LEDGER: Readonly<Record<string, string>> = {
  move: `select dataset || ', ' || state as name from tierd.moves where state not in ('finished', 'abandoned')`,
  'segment that is being published': `select object_key as name from tierd.segments where state = 'publishing'`,
  'announced Iceberg object': `select object_key as name from tierd.iceberg_objects where state = 'announced'`,
  'run of a job': `select job || ' ' || dataset as name from tierd.runs where state = 'running'`,
  'run of the daemon': `select job || ' by ' || holder as name from tierd.job_runs where state = 'running'`,
  lease: `select dataset || ' by ' || holder as name from tierd.leases where expires_at > clock_timestamp()`,
  'delivery that nobody noted as told': `select source || ', ' || stream_key as name from tierd.deliveries where acknowledged_at is null`,
  'claim that nobody noted as removed': `select claim as name from tierd.claims where removed_at is null`,
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

/** A connection that was closed is gone a moment later: poll it. */
export const leftInPostgres = (db: pg.ClientBase): Promise<readonly string[]> =>
  askFor(db, IN_POSTGRES);

/** Records that `keep_deliveries` no longer asks for. */
export async function outlivedRecords(
  db: pg.ClientBase,
  keepMs: number,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select 'outlived delivery: ' || source as name from tierd.deliveries
     where acknowledged_at < clock_timestamp() - $1 * interval '1 millisecond'
     union all
     select 'outlived claim: ' || claim from tierd.claims
     where removed_at < clock_timestamp() - $1 * interval '1 millisecond'`,
    [keepMs],
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
export async function leftInSpill(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).map((entry) => `spilled: ${join(directory, entry)}`);
}
