-- Up Migration

-- One row for each run of `tierd backup` that was told to this ledger. Its id is no number of a sequence: nothing of a
-- run is to make the next dump differ from the last.
create table tierd.backup_logs (
  id            uuid primary key,
  kind          text not null check (kind in ('dump', 'snapshot', 'verify', 'prune', 'drill')),
  state         text not null check (state in ('running', 'done', 'unchanged', 'failed', 'interrupted', 'abandoned')),
  holder        text not null,
  -- Where backups lay, and which place that was: an empty directory at the same path is a disk that is not mounted.
  place         text not null,
  place_id      uuid,
  -- The backup that was made, or that was tried.
  backup        text,
  started_at    timestamptz not null default clock_timestamp(),
  finished_at   timestamptz,
  -- Of all that the backup consists of, or that was read; and what its place grew by, or shrank.
  bytes         bigint,
  added_bytes   bigint,
  error_code    text,
  error_message text,
  check ((state = 'running') = (finished_at is null))
);
create index backup_logs_by_kind on tierd.backup_logs (kind, started_at desc);

-- Down Migration

drop table tierd.backup_logs;
