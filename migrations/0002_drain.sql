-- Up Migration

-- What a source has brought in so far. Each batch locks its row first, so that a transaction whose
-- COMMIT was sent and never answered has ended before the next batch looks at anything (I9).
create table tierd.drain_sources (
  source          text primary key,
  dataset         text not null,
  batches         bigint not null default 0,
  entries         bigint not null default 0,
  rows_written    bigint not null default 0,
  dead_letters    bigint not null default 0,
  flagged         bigint not null default 0,
  -- Came again although they had been committed, and were left out.
  repeated        bigint not null default 0,
  -- Trimmed from a stream before anybody had acknowledged them.
  lost            bigint not null default 0,
  -- Microseconds since 1970, of the dataset's time column.
  newest_time_us  bigint,
  last_batch_at   timestamptz,
  last_problem    text,
  last_problem_at timestamptz
);

-- A list that was claimed by renaming it, and up to where its entries are committed.
create table tierd.claims (
  claim      text primary key,
  source     text not null,
  list_key   text not null,
  position   bigint not null check (position >= 0),
  done       boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  -- When Redis was seen to have removed it; kept a while, for a failover may bring it back.
  removed_at timestamptz,
  check (done or removed_at is null)
);
create index claims_removed on tierd.claims (removed_at) where removed_at is not null;

-- The ids of a stream's entries that one batch committed.
create table tierd.deliveries (
  id              bigint generated always as identity primary key,
  source          text not null,
  stream_key      text not null,
  consumer_group  text not null,
  -- Zero-padded, so that they sort as Redis sorts ids.
  first_id        text collate "C" not null,
  last_id         text collate "C" not null check (last_id >= first_id),
  ids             bytea not null,
  id_count        integer not null check (id_count > 0),
  committed_at    timestamptz not null default clock_timestamp(),
  -- When Redis was told; only what it knows may be forgotten.
  acknowledged_at timestamptz
);
create index deliveries_by_id on tierd.deliveries (stream_key, consumer_group, last_id, first_id);
create index deliveries_acknowledged on tierd.deliveries (acknowledged_at) where acknowledged_at is not null;

-- Entries that could not become rows (I10).
create table tierd.dead_letters (
  id          bigint generated always as identity primary key,
  source      text not null,
  dataset     text not null,
  entry_key   text not null,
  entry_id    text,
  -- SHA-256 of what makes the entry itself: written again, it is the same letter.
  identity    bytea not null,
  payload     bytea not null,
  reason_code text not null,
  reason      text not null,
  state       text not null check (state in ('waiting', 'retried', 'discarded')),
  times_seen  bigint not null default 1,
  arrived_at  timestamptz not null default clock_timestamp(),
  changed_at  timestamptz not null default clock_timestamp(),
  unique (source, identity)
);
create index dead_letters_waiting on tierd.dead_letters (source, id) where state = 'waiting';

-- Down Migration

drop table tierd.dead_letters;
drop table tierd.deliveries;
drop table tierd.claims;
drop table tierd.drain_sources;
