-- Up Migration

-- One row for each run of a job by a daemon: what was due and had its run, for whoever leads next.
create table tierd.job_runs (
  id            bigint generated always as identity primary key,
  owner         text not null,
  job           text not null,
  cause         text not null check (cause in ('schedule', 'catch_up', 'manual', 'loop')),
  -- The time that it serves, by the daemon's clock; null when it serves none.
  slot          timestamptz,
  holder        text not null,
  token         bigint not null,
  state         text not null check (state in ('running', 'done', 'partly', 'failed', 'refused', 'lease_held', 'interrupted', 'cancelled', 'timeout', 'out_of_memory', 'crashed', 'abandoned')),
  started_at    timestamptz not null,
  finished_at   timestamptz,
  attempts      integer not null default 0,
  rows_moved    bigint,
  error_code    text,
  error_message text,
  check ((state = 'running') = (finished_at is null))
);
create index job_runs_by_job on tierd.job_runs (owner, job, id desc);
create index job_runs_running on tierd.job_runs (owner) where state = 'running';

-- Down Migration

drop table tierd.job_runs;
