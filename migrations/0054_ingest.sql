-- Up Migration

-- Files that were ingested, each by what it holds and how it was read: the same once more moves nothing.
create table tierd.ingested_files (
  id             bigint generated always as identity primary key,
  dataset        text not null,
  -- SHA-256 of the content's own, and of all that decides what its rows are.
  reading        bytea not null,
  content_sha256 bytea not null,
  path           text not null,
  byte_count     bigint not null,
  row_count      bigint not null,
  rejected       bigint not null,
  run_id         bigint not null,
  began_at       timestamptz not null default clock_timestamp(),
  -- When the last of its slices was committed; null as long as a run has to go on.
  ended_at       timestamptz,
  unique (dataset, reading)
);

-- Time of which all rows of a file are where they belong: written in the transaction that brings them there.
create table tierd.ingested_slices (
  file_id      bigint not null references tierd.ingested_files on delete cascade,
  range_from   timestamptz not null,
  range_to     timestamptz not null,
  rows_cold    bigint not null,
  rows_hot     bigint not null,
  run_id       bigint not null,
  -- Null where no row of the slice went to the lake.
  move_id      uuid,
  committed_at timestamptz not null default clock_timestamp(),
  primary key (file_id, range_from, range_to)
);

-- Down Migration

drop table tierd.ingested_slices;
drop table tierd.ingested_files;
