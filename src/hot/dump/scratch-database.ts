/** A database to try a restore in, beside the one that the backup is of. What a killed drill left is known by its comment. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { postgresError } from '../postgres-error.ts';
import { quoteLiteral, quoteName } from '../quote.ts';
import { run, runOne, sql } from '../sql.ts';

const PREFIX = 'tierd_drill_';

const commentOf = (ledgerId: string): string => `a drill of tierd's, of the ledger ${ledgerId}`;

/**
 * With the encoding and the collation of the one that `db` is connected to.
 *
 * @returns its name
 * @throws TierdError PERMISSION_DENIED for a role without CREATEDB
 */
export async function createScratch(db: pg.Client, ledgerId: string, id: string): Promise<string> {
  const name = `${PREFIX}${id.replaceAll('-', '').slice(0, 16)}`;
  const own = await runOne<{ readonly encoding: string; readonly like: Like }>(
    db,
    sql`select pg_encoding_to_char(encoding) as encoding, to_jsonb(d) as like
        from pg_catalog.pg_database d where datname = current_database()`,
  );
  try {
    await db.query(
      `create database ${quoteName(name)} template template0 encoding ${quoteLiteral(own.encoding)} ${localeOf(own.like)}`,
    );
    await db.query(
      `comment on database ${quoteName(name)} is ${quoteLiteral(commentOf(ledgerId))}`,
    );
  } catch (error) {
    const told = postgresError(error, `creating the database ${name} for the drill`);
    if (told.code !== 'PERMISSION_DENIED') throw told;
    throw new TierdError({
      code: told.code,
      message: told.message,
      hint: 'a drill restores into a database of its own: alter role <role> createdb',
      cause: error,
    });
  }
  return name;
}

/** A row of pg_database, whose columns differ from version to version. */
interface Like {
  readonly datcollate: string;
  readonly datctype: string;
  readonly datlocprovider?: string;
  readonly datlocale?: string | null;
  readonly daticulocale?: string | null;
}

function localeOf(like: Like): string {
  const { datcollate, datctype, datlocprovider, datlocale, daticulocale } = like;
  const libc = `lc_collate ${quoteLiteral(datcollate)} lc_ctype ${quoteLiteral(datctype)}`;
  const locale = datlocale ?? daticulocale ?? null;
  if (locale === null) return libc;
  if (datlocprovider === 'i') {
    return `${libc} locale_provider icu icu_locale ${quoteLiteral(locale)}`;
  }
  return datlocprovider === 'b'
    ? `${libc} locale_provider builtin builtin_locale ${quoteLiteral(locale)}`
    : libc;
}

/** Of this ledger's drills alone; only with the lease of backups. @returns their names */
export async function dropScratches(db: pg.Client, ledgerId: string): Promise<readonly string[]> {
  const found = await run<{ readonly name: string }>(
    db,
    sql`select datname as name from pg_catalog.pg_database
        where datname like ${`${PREFIX.replaceAll('_', '\\_')}%`}
          and shobj_description(oid, 'pg_database') = ${commentOf(ledgerId)}`,
  );
  for (const { name } of found) await dropScratch(db, name);
  return found.map(({ name }) => name);
}

export async function dropScratch(db: pg.Client, name: string): Promise<void> {
  await db.query(`drop database if exists ${quoteName(name)} with (force)`);
}

/** The URL of another database of the same server. */
export function urlOfDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(name)}`;
  return other.href;
}
