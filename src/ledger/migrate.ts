/** Brings the schema `tierd` to the newest version, or says what is missing. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import type { Queryable } from './queryable.ts';

/** The same two levels up from src/ledger and from dist/ledger. */
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));
const SCHEMA = 'tierd';
const TABLE = 'migrations';

export interface MigrationStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

/**
 * Applies every pending migration in one transaction. Where another migration runs, waits for its
 * end and does what is then left.
 *
 * @returns the names of those applied now, oldest first; empty when there was nothing to do.
 * @throws TierdError PERMISSION_DENIED where the schema is another's and nothing may be made in it
 */
export async function migrate(client: pg.Client): Promise<readonly string[]> {
  if (!(await hasLedger(client))) await assertMayCreate(client);
  // Every job and the daemon only ask what is pending: none of them has to load this.
  const { runner } = await import('node-pg-migrate');
  // `create schema if not exists` wants the right to create one even where there is nothing to do.
  const createSchema = !(await hasSchema(client));
  const applied = await runner({
    dbClient: client,
    dir: MIGRATIONS,
    ignorePattern: '(?!.*\\.sql$).*|schema\\.sql',
    direction: 'up',
    schema: SCHEMA,
    createSchema,
    migrationsSchema: SCHEMA,
    createMigrationsSchema: createSchema,
    migrationsTable: TABLE,
    singleTransaction: true,
    advisoryLockMode: 'wait',
    log: () => undefined,
  }).catch((error: unknown) => {
    throw withoutStack(error);
  });
  return applied.map((migration) => migration.name);
}

/** The runner puts the stack of what it met into its own message. */
function withoutStack(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const [first = ''] = error.message.split('\n    at ');
  return first === error.message ? error : new Error(first, { cause: error });
}

/** True as well where there is no schema yet. */
export async function mayCreateTables(db: Queryable): Promise<boolean> {
  const found = await db.query<{ may: boolean | null }>(
    `select has_schema_privilege(n.oid, 'usage') and has_schema_privilege(n.oid, 'create') as may
     from pg_namespace n where n.nspname = '${SCHEMA}'`,
  );
  return found.rows[0]?.may !== false;
}

async function assertMayCreate(db: Queryable): Promise<void> {
  if (await mayCreateTables(db)) return;
  const { rows } = await db.query<{ role: string }>('select quote_ident(current_user) as role');
  const role = rows[0]?.role ?? '';
  throw new TierdError({
    code: 'PERMISSION_DENIED',
    message: `the role ${role} may not create tables in schema ${SCHEMA}; nothing was changed`,
    hint: `as the owner of schema ${SCHEMA}: grant usage, create on schema ${SCHEMA} to ${role}; or let tierd make the schema itself`,
    context: { role: rows[0]?.role },
  });
}

async function hasSchema(db: Queryable): Promise<boolean> {
  const found = await db.query<{ present: boolean }>(
    `select to_regnamespace('${SCHEMA}') is not null as present`,
  );
  return found.rows[0]?.present === true;
}

/** Whether the ledger is there at all. */
export async function hasLedger(db: Queryable): Promise<boolean> {
  const found = await db.query<{ present: boolean }>(
    `select to_regclass('${SCHEMA}.${TABLE}') is not null as present`,
  );
  return found.rows[0]?.present === true;
}

/** Throws LEDGER_OUTDATED when a migration is pending. */
export async function assertMigrated(db: Queryable): Promise<void> {
  const { applied, pending } = await migrationStatus(db);
  if (pending.length === 0) return;
  throw new TierdError({
    code: 'LEDGER_OUTDATED',
    message:
      applied.length === 0
        ? 'this database has no ledger yet (schema tierd); nothing was changed'
        : `the ledger lacks ${pending.join(', ')}; nothing was changed`,
    hint: 'run `tierd migrate up`',
    context: { pending },
  });
}

/** Reads only: what is applied and what is not. A database that never saw tierd has nothing applied. */
export async function migrationStatus(db: Queryable): Promise<MigrationStatus> {
  const known = (await readdir(MIGRATIONS))
    .filter((file) => /^\d+_.*\.sql$/.test(file))
    .map((file) => file.replace(/\.sql$/, ''))
    .sort();
  if (!(await hasLedger(db))) return { applied: [], pending: known };
  const rows = await db.query<{ name: string }>(
    `select name from ${SCHEMA}.${TABLE} order by run_on, id`,
  );
  const applied = rows.rows.map((row) => row.name);
  return { applied, pending: known.filter((name) => !applied.includes(name)) };
}
