/** The database that a dump is restored into: it must be empty, and is whole or still empty afterwards. */
import type pg from 'pg';
import type { BackupManifest } from '../../domain/backup/manifest.ts';
import { TierdError } from '../../domain/errors.ts';
import { quoteLiteral, quoteName } from '../quote.ts';
import { readServerFacts } from '../server/server-facts.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { findTimescale } from '../table/chunks.ts';
import { pgConnection } from './pg-connection.ts';
import { majorOf, type PgTool } from './pg-tools.ts';
import { printedBy } from './run-program.ts';

/** What somebody has made there, if anything; what belongs to an extension is nobody's. */
export async function firstObject(db: Queryable): Promise<string | null> {
  const [found] = await run<{ readonly name: string }>(
    db,
    sql`with own as (
          select c.oid, 'pg_catalog.pg_class'::regclass as kind, n.nspname, c.relname as name
          from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
          union all
          select p.oid, 'pg_catalog.pg_proc'::regclass, n.nspname, p.proname
          from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        )
        select nspname || '.' || name as name from own
        where nspname !~ '^(pg_|_timescaledb_|timescaledb_)' and nspname <> 'information_schema'
          and not exists (
            select from pg_catalog.pg_depend d
            where d.classid = own.kind and d.objid = own.oid and d.deptype = 'e'
          )
        order by 1 limit 1`,
  );
  return found?.name ?? null;
}

/** @throws TierdError REFUSED where the server, or its TimescaleDB, is not of the dump's version */
export async function assertTakesDump(
  db: Queryable,
  { postgres }: Pick<BackupManifest, 'postgres'>,
): Promise<void> {
  const { version, versionNumber } = await readServerFacts(db);
  if (majorOf(versionNumber) < Number.parseInt(postgres.version, 10)) {
    throw refused(
      `the server is PostgreSQL ${version}, and the dump is of ${postgres.version}`,
      'restore into a server of that major version or a newer one',
    );
  }
  const { timescale } = postgres;
  if (timescale === null) return;
  const present = (await findTimescale(db))?.version;
  const offered = await run(
    db,
    sql`select from pg_catalog.pg_available_extension_versions
        where name = 'timescaledb' and version = ${timescale}`,
  );
  if ((present ?? timescale) === timescale && offered.length > 0) return;
  throw refused(
    `the dump needs TimescaleDB ${timescale}, and ${present === undefined ? 'the server does not offer that version' : `the database has ${present}`}`,
    'install that very version on the server: TimescaleDB restores into no other; update it afterwards',
  );
}

/**
 * In one transaction: killed or failed, the database is empty as before. Owners and grants are left out, for their roles
 * need not be there: all belongs to who restores.
 *
 * @param path of the dump
 * @throws TierdError DUMP_FAILED
 */
export async function restoreDump(
  { program, env: own }: PgTool,
  url: string,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const { args, env } = pgConnection(url, own);
  await printedBy({
    ...{ program, env, signal, inputPath: path },
    args: [
      ...['--format=custom', '--single-transaction', '--exit-on-error'],
      ...['--no-owner', '--no-privileges', ...args],
    ],
  });
}

/** TimescaleDB takes no dump while it looks after its tables. Does nothing without it. */
export async function beforeRestore(db: pg.Client, timescale: string | null): Promise<void> {
  if (timescale === null) return;
  await db.query(`create extension if not exists timescaledb version ${quoteLiteral(timescale)}`);
  await callTimescale(db, 'timescaledb_pre_restore');
}

/** Also of a restore that was killed before it came here. */
export async function afterRestore(db: pg.Client, timescale: string | null): Promise<void> {
  if (timescale !== null) await callTimescale(db, 'timescaledb_post_restore');
}

async function callTimescale(db: pg.Client, name: string): Promise<void> {
  const found = await findTimescale(db);
  if (found !== null) await db.query(`select ${quoteName(found.schema)}.${name}()`);
}

function refused(message: string, hint: string): TierdError {
  return new TierdError({ code: 'REFUSED', message: `${message}; nothing was changed`, hint });
}
