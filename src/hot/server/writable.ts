/** Whether the server takes writes from us at all. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { type Queryable, runOne, sql } from '../sql.ts';
import { describeClient } from './connect.ts';

/** Why nothing can be written: a server that only replays, or a setting. Null when it can. */
export type ReadOnlyReason = 'standby' | 'setting';

export async function findReadOnlyReason(db: Queryable): Promise<ReadOnlyReason | null> {
  const { in_recovery, read_only } = await runOne<{
    readonly in_recovery: boolean;
    readonly read_only: boolean;
  }>(
    db,
    sql`select pg_is_in_recovery() as in_recovery,
               current_setting('default_transaction_read_only')::boolean as read_only`,
  );
  if (in_recovery) return 'standby';
  return read_only ? 'setting' : null;
}

export const READ_ONLY_IS: Readonly<Record<ReadOnlyReason, string>> = {
  standby: 'a standby, which only replays what its primary does',
  setting: 'read-only for this role (default_transaction_read_only is on)',
};

export const MAKE_WRITABLE: Readonly<Record<ReadOnlyReason, string>> = {
  standby: 'let postgres.url name the primary, or promote this server',
  setting:
    "find where it is set with `select setting, source, sourcefile from pg_settings where name = 'default_transaction_read_only'`, and turn it off for tierd: alter role <role> set default_transaction_read_only = off",
};

/**
 * Throws POSTGRES_READ_ONLY. Asked before anything is written: a transaction of ours says for itself
 * that it writes, so a setting that somebody made to keep all writers out would not keep us out.
 */
export async function assertWritable(client: pg.Client): Promise<void> {
  const reason = await findReadOnlyReason(client);
  if (reason === null) return;
  throw new TierdError({
    code: 'POSTGRES_READ_ONLY',
    message: `PostgreSQL at ${describeClient(client)} is ${READ_ONLY_IS[reason]}; nothing was changed`,
    hint: MAKE_WRITABLE[reason],
    context: { reason },
  });
}
