/** What the leader has told of, and whom: in the ledger, so that it outlives a daemon. */
import type { ToldAlert } from '../domain/alert.ts';
import type { Queryable } from './queryable.ts';

export async function readToldAlerts(db: Queryable, owner: string): Promise<readonly ToldAlert[]> {
  const { rows } = await db.query<ToldAlert>(
    `select id, kind, severity, subject, message, told_to as "toldTo",
            (extract(epoch from since) * 1000)::float8 as "sinceMs",
            (extract(epoch from told_at) * 1000)::float8 as "toldAtMs"
     from tierd.alerts where owner = $1 order by id`,
    [owner],
  );
  return rows;
}

/**
 * Replaces those of `owner`. Does nothing when another daemon has taken over: it has its own word (I8).
 *
 * @returns whether the lease was still that of `token`.
 */
export async function writeToldAlerts(
  db: Queryable,
  lease: { readonly dataset: string; readonly token: string },
  owner: string,
  alerts: readonly ToldAlert[],
): Promise<boolean> {
  const texts = (of: (alert: ToldAlert) => string): readonly string[] =>
    // PostgreSQL holds no NUL.
    alerts.map((alert) => of(alert).replaceAll('\0', ''));
  const { rows } = await db.query<{ held: boolean }>(
    `with held as materialized (
       select 1 from tierd.leases where dataset = $1 and token = $2 for share
     ), told as materialized (
       select * from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                            $9::timestamptz[], $10::timestamptz[], $11::text[])
         as told (id, kind, severity, subject, message, since, told_at, told_to)
     ), gone as (
       delete from tierd.alerts a
       where a.owner = $3 and exists (select from held) and a.id not in (select told.id from told)
     ), written as (
       insert into tierd.alerts
         (owner, id, kind, severity, subject, message, since, told_at, told_to)
       select $3, id, kind, severity, subject, message, since, told_at,
              array(select jsonb_array_elements_text(told_to::jsonb))
       from told where exists (select from held)
       on conflict (owner, id) do update
         set severity = excluded.severity, message = excluded.message, since = excluded.since,
             told_at = excluded.told_at, told_to = excluded.told_to
     )
     select exists (select from held) as held`,
    [
      lease.dataset,
      lease.token,
      owner,
      texts(({ id }) => id),
      texts(({ kind }) => kind),
      texts(({ severity }) => severity),
      texts(({ subject }) => subject),
      texts(({ message }) => message),
      texts(({ sinceMs }) => new Date(sinceMs).toISOString()),
      texts(({ toldAtMs }) => new Date(toldAtMs).toISOString()),
      texts(({ toldTo }) => JSON.stringify(toldTo)),
    ],
  );
  return rows[0]?.held === true;
}
