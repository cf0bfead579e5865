/** Checks of the server as a whole. */
import type { Check } from '../../domain/check.ts';
import { judgeConnections } from '../../domain/connections.ts';
import type { Clock } from '../../domain/time/clock.ts';
import { readConnectionLimits } from '../server/connection-limits.ts';
import { readReplicaLag, readServerFacts, type ServerFacts } from '../server/server-facts.ts';
import { findOldestSnapshot } from '../server/snapshots.ts';
import {
  missingStandbys,
  readSynchronousStandbys,
  STANDBY_ADVICE,
} from '../server/standby-wait.ts';
import { findReadOnlyReason, MAKE_WRITABLE, READ_ONLY_IS } from '../server/writable.ts';
import { type Queryable, runOne, sql } from '../sql.ts';

/** In the order in which a person would ask. Call it inside `inTransaction`. */
export async function checkServer(
  db: Queryable,
  { clock, sources }: { readonly clock: Clock; readonly sources: number },
): Promise<readonly Check[]> {
  const asked = clock.now();
  const facts = await readServerFacts(db);
  const settings = await readSettings(db);
  return [
    version(facts),
    timescale(facts),
    await primary(db, facts),
    clockSkew(facts.now - (asked + clock.now()) / 2),
    timeZone(settings),
    encoding(settings),
    await ledgerRights(db),
    vacuuming(settings),
    durability(settings),
    timeouts(settings),
    judgeConnections(await readConnectionLimits(db), sources),
    await synchronousStandbys(db),
    ...(await replicas(db)),
    await oldSnapshots(db),
  ];
}

/** The oldest that has what the statements use: hash_tid_extended, date_bin. */
const OLDEST_VERSION = 140_000;

function version({ versionNumber, version: found }: ServerFacts): Check {
  const name = 'postgres_version';
  if (versionNumber >= OLDEST_VERSION) return { name, status: 'ok', found };
  return {
    name,
    status: 'error',
    found,
    advice: 'upgrade the server: tierd needs PostgreSQL 14 or later',
  };
}

function timescale({ timescale: extension }: ServerFacts): Check {
  const name = 'timescaledb';
  if (extension === null) return { name, status: 'ok', found: 'not installed in this database' };
  const edition =
    extension.license === 'apache'
      ? 'Apache edition: no compression, continuous aggregates or policies'
      : 'Community edition';
  return { name, status: 'ok', found: `${extension.version}, ${edition}` };
}

async function primary(db: Queryable, { role, database }: ServerFacts): Promise<Check> {
  const name = 'postgres_primary';
  const reason = await findReadOnlyReason(db);
  if (reason === null) return { name, status: 'ok', found: `${database}, as ${role}` };
  const found = `this server is ${READ_ONLY_IS[reason]}: nothing can be moved from it`;
  return { name, status: 'error', found, advice: MAKE_WRITABLE[reason] };
}

/** A second is what an unsynchronised machine drifts in a day; nothing of tierd needs better. */
const SKEW_WORTH_SAYING_MS = 1_000;

function clockSkew(skewMs: number): Check {
  const name = 'clock_skew';
  const found = `the database's clock is ${String(Math.abs(Math.round(skewMs)))} ms ${skewMs < 0 ? 'behind' : 'ahead of'} this machine's`;
  if (Math.abs(skewMs) < SKEW_WORTH_SAYING_MS) return { name, status: 'ok', found };
  return { name, status: 'warning', found, advice: 'synchronise both clocks (timedatectl)' };
}

interface Settings {
  readonly time_zone: string;
  readonly encoding: string;
  readonly autovacuum: boolean;
  readonly track_counts: boolean;
  readonly fsync: boolean;
  readonly full_page_writes: boolean;
  readonly synchronous_commit: string;
  readonly transaction_timeout: string | null;
}

function readSettings(db: Queryable): Promise<Settings> {
  return runOne<Settings>(
    db,
    // reset_val is what a session has before tierd fixes its own.
    sql`select (select reset_val from pg_settings where name = 'TimeZone') as time_zone,
               current_setting('server_encoding') as encoding,
               current_setting('autovacuum')::boolean as autovacuum,
               current_setting('track_counts')::boolean as track_counts,
               current_setting('fsync')::boolean as fsync,
               current_setting('full_page_writes')::boolean as full_page_writes,
               current_setting('synchronous_commit') as synchronous_commit,
               nullif(current_setting('transaction_timeout', true), '0') as transaction_timeout`,
  );
}

function timeZone({ time_zone }: Settings): Check {
  const utc = /^(Etc\/)?(UTC|UCT|GMT|Zulu|Universal)$/i.test(time_zone);
  const found = utc ? time_zone : `${time_zone}; tierd reckons in UTC whatever it is`;
  return { name: 'time_zone', status: 'ok', found };
}

function encoding({ encoding: found }: Settings): Check {
  const name = 'encoding';
  if (found !== 'SQL_ASCII') return { name, status: 'ok', found };
  return {
    name,
    status: 'warning',
    found: 'SQL_ASCII: the server does not know how its text is written',
    advice: 'move the database to UTF8; text that is not valid UTF-8 can’t be moved',
  };
}

interface LedgerRights {
  readonly role: string;
  readonly exists: boolean;
  readonly usable: boolean | null;
  readonly creatable: boolean;
  readonly tables: number;
  /** Those that this role can't read and write. */
  readonly closed: number;
}

function readLedgerRights(db: Queryable): Promise<LedgerRights> {
  return runOne<LedgerRights>(
    db,
    sql`select quote_ident(current_user) as role, n.oid is not null as exists,
               has_schema_privilege(n.oid, 'usage') and has_schema_privilege(n.oid, 'create') as usable,
               has_database_privilege(current_database(), 'create') as creatable,
               (select count(*)::int from pg_class c
                where c.relnamespace = n.oid and c.relkind = 'r') as tables,
               (select count(*)::int from pg_class c
                where c.relnamespace = n.oid and c.relkind = 'r'
                  and not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
                       and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))) as closed
        from (select) one left join pg_namespace n on n.nspname = 'tierd'`,
  );
}

async function ledgerRights(db: Queryable): Promise<Check> {
  const name = 'ledger_rights';
  const { role, exists, usable, creatable, tables, closed } = await readLedgerRights(db);
  if (!exists) {
    return creatable
      ? { name, status: 'ok', found: 'schema tierd is not there yet, and this role may create it' }
      : {
          name,
          status: 'error',
          found: 'schema tierd is not there, and this role may not create it',
          advice: `as a superuser: create schema tierd authorization ${role}`,
        };
  }
  if (usable === true && closed === 0) {
    return { name, status: 'ok', found: 'schema tierd is there' };
  }
  const lacking = [
    ...(usable === true ? [] : ['this role may not create tables in schema tierd']),
    ...(closed === 0
      ? []
      : [`${String(closed)} of ${String(tables)} tables in it can't be read and written`]),
  ];
  return {
    name,
    status: 'error',
    found: lacking.join('; '),
    advice: `as the owner of schema tierd, who also runs \`tierd migrate\`: grant usage, create on schema tierd to ${role}; grant select, insert, update, delete on all tables in schema tierd to ${role}`,
  };
}

function vacuuming({ autovacuum, track_counts }: Settings): Check {
  const name = 'autovacuum';
  if (autovacuum && track_counts) return { name, status: 'ok', found: 'on' };
  return {
    name,
    status: 'warning',
    found: autovacuum ? 'track_counts is off, so autovacuum is blind' : 'off',
    advice:
      'turn autovacuum and track_counts on: what tierd’s own VACUUM can’t remove yet is left to it',
  };
}

function durability(settings: Settings): Check {
  const name = 'durability';
  const { fsync, full_page_writes, synchronous_commit } = settings;
  const found = `fsync ${onOff(fsync)}, full_page_writes ${onOff(full_page_writes)}, synchronous_commit ${synchronous_commit}`;
  if (!fsync || !full_page_writes) {
    const advice = 'turn both on: after a crash of the server its data may be damaged';
    return { name, status: 'error', found, advice };
  }
  if (synchronous_commit !== 'off') return { name, status: 'ok', found };
  return {
    name,
    status: 'warning',
    found,
    advice:
      'set synchronous_commit on for tierd’s role: rows drained from Redis could be lost with a crash',
  };
}

function timeouts({ transaction_timeout }: Settings): Check {
  const name = 'transaction_timeout';
  if (transaction_timeout === null) return { name, status: 'ok', found: 'none' };
  return {
    name,
    status: 'warning',
    found: transaction_timeout,
    advice:
      'alter role <role> set transaction_timeout = 0: the export of a slice is one transaction',
  };
}

async function synchronousStandbys(db: Queryable): Promise<Check> {
  const name = 'synchronous_standbys';
  const standbys = await readSynchronousStandbys(db);
  const missing = missingStandbys(standbys);
  if (missing !== null) return { name, status: 'error', found: missing, advice: STANDBY_ADVICE };
  if (standbys.names === '') return { name, status: 'ok', found: 'no commit waits for one' };
  if (standbys.answering !== null) {
    const found = `${String(standbys.answering)} of the ${String(standbys.wanted)} that are wanted`;
    return { name, status: 'ok', found };
  }
  return {
    name,
    status: 'warning',
    found: 'every commit waits for one, and whether it is there is hidden from this role',
    advice: 'grant pg_monitor to tierd’s role',
  };
}

async function replicas(db: Queryable): Promise<readonly Check[]> {
  const lags = await readReplicaLag(db);
  return lags.map(({ replica, lagMs, lagBytes }): Check => {
    const name = `replica:${replica}`;
    if (lagBytes === null && lagMs === null) {
      return {
        name,
        status: 'warning',
        found: 'its lag is hidden from this role',
        advice: 'grant pg_monitor to tierd’s role, or max_replica_lag can’t be kept',
      };
    }
    const time = lagMs === null ? 'idle' : `${String(lagMs)} ms`;
    return { name, status: 'ok', found: `${time}, ${String(lagBytes ?? 0)} bytes behind` };
  });
}

/** Transactions that see what was an hour ago keep all that was deleted since. */
const OLD_SNAPSHOT_SECONDS = 3_600;

async function oldSnapshots(db: Queryable): Promise<Check> {
  const name = 'old_snapshots';
  const oldest = await findOldestSnapshot(db);
  if (oldest === null || (oldest.seconds !== null && oldest.seconds < OLD_SNAPSHOT_SECONDS)) {
    return { name, status: 'ok', found: 'none older than an hour' };
  }
  return {
    name,
    status: 'warning',
    found: oldest.holder,
    advice: 'VACUUM can’t remove what it still sees: end it, or wait for it',
  };
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off';
}
