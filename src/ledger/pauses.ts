/** What a person has paused: in the ledger, so that every daemon and every command knows it. */
import type { Pause, Pauses } from '../domain/pause.ts';
import type { Queryable } from './queryable.ts';

/** A job of one owner's daemons, or a dataset. */
export type Pausable =
  | { readonly kind: 'job'; readonly owner: string; readonly job: string }
  | { readonly kind: 'dataset'; readonly dataset: string };

/** Who asks twice finds the first pause: since when and by whom it is does not change. */
export async function pause(db: Queryable, what: Pausable, by: string): Promise<Pause> {
  // PostgreSQL holds no NUL.
  const name = by.replaceAll('\0', '');
  const paused =
    what.kind === 'job'
      ? await db.query<Pause>(
          `insert into tierd.paused_jobs as held (owner, job, paused_by) values ($1, $2, $3)
           on conflict (owner, job) do update set paused_by = held.paused_by
           returning ${PAUSE}`,
          [what.owner, what.job, name],
        )
      : await db.query<Pause>(
          `insert into tierd.paused_datasets as held (dataset, paused_by) values ($1, $2)
           on conflict (dataset) do update set paused_by = held.paused_by
           returning ${PAUSE}`,
          [what.dataset, name],
        );
  return paused.rows[0] ?? { since: '', by };
}

/** @returns whether it was paused. */
export async function resume(db: Queryable, what: Pausable): Promise<boolean> {
  const resumed =
    what.kind === 'job'
      ? await db.query(`delete from tierd.paused_jobs where owner = $1 and job = $2`, [
          what.owner,
          what.job,
        ])
      : await db.query(`delete from tierd.paused_datasets where dataset = $1`, [what.dataset]);
  return resumed.rowCount === 1;
}

/** All pauses of datasets, and those of this owner's jobs. */
export async function listPauses(db: Queryable, owner: string): Promise<Pauses> {
  const found = await db.query<Pause & { readonly kind: 'job' | 'dataset'; readonly name: string }>(
    `select 'job' as kind, job as name, ${PAUSE} from tierd.paused_jobs where owner = $1
     union all
     select 'dataset', dataset, ${PAUSE} from tierd.paused_datasets
     order by kind, name`,
    [owner],
  );
  const of = (kind: 'job' | 'dataset'): Readonly<Record<string, Pause>> =>
    Object.fromEntries(
      found.rows
        .filter((row) => row.kind === kind)
        .map(({ name, since, by }) => [name, { since, by }]),
    );
  return { jobs: of('job'), datasets: of('dataset') };
}

/** Whether the ledger has a place for them: one that lacks a migration has none. */
export async function knowsPauses(db: Queryable): Promise<boolean> {
  const found = await db.query<{ present: boolean }>(
    `select to_regclass('tierd.paused_datasets') is not null as present`,
  );
  return found.rows[0]?.present === true;
}

export async function readDatasetPause(db: Queryable, dataset: string): Promise<Pause | null> {
  const found = await db.query<Pause>(
    `select ${PAUSE} from tierd.paused_datasets where dataset = $1`,
    [dataset],
  );
  return found.rows[0] ?? null;
}

const PAUSE = `to_char(paused_since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since,
       paused_by as by`;
