-- Up Migration

-- Who may work on a dataset. The token only ever grows: whoever holds an older one can't commit (I8).
create table tierd.leases (
  dataset     text primary key,
  token       bigint not null check (token > 0),
  holder      text not null,
  acquired_at timestamptz not null,
  expires_at  timestamptz not null
);

-- One row for each job that was run on a dataset.
create table tierd.runs (
  id            bigint generated always as identity primary key,
  job           text not null,
  dataset       text not null,
  holder        text not null,
  state         text not null check (state in ('running', 'done', 'partly', 'failed', 'refused', 'interrupted', 'abandoned')),
  started_at    timestamptz not null,
  finished_at   timestamptz,
  rows_moved    bigint not null default 0,
  bytes_written bigint not null default 0,
  error_code    text,
  error_message text,
  check ((state = 'running') = (finished_at is null))
);
create index runs_by_dataset on tierd.runs (dataset, started_at desc);

-- The unit of commit: one or more slices whose rows leave the hot store in one transaction.
-- exporting -> publishing -> committed -> finished, or -> abandoned from the first two.
create table tierd.moves (
  id            uuid primary key,
  run_id        bigint not null references tierd.runs,
  dataset       text not null,
  token         bigint not null,
  removal       text not null check (removal in ('drop', 'delete')),
  range_from    timestamptz not null,
  range_to      timestamptz not null check (range_to > range_from),
  state         text not null check (state in ('exporting', 'publishing', 'committed', 'finished', 'abandoned')),
  row_count     bigint,
  source_digest text,
  created_at    timestamptz not null default clock_timestamp(),
  changed_at    timestamptz not null default clock_timestamp()
);
create index moves_unfinished on tierd.moves (dataset) where state in ('exporting', 'publishing', 'committed');

-- One publication of a slice; late rows make the next generation.
create table tierd.slices (
  id           bigint generated always as identity primary key,
  move_id      uuid not null references tierd.moves,
  dataset      text not null,
  range_from   timestamptz not null,
  range_to     timestamptz not null check (range_to > range_from),
  generation   integer not null check (generation > 0),
  row_count    bigint not null check (row_count > 0),
  fingerprint  jsonb not null,
  columns      jsonb not null,
  published_at timestamptz
);
-- Only a publication counts as a generation: an abandoned attempt leaves its number free.
create unique index slices_generations on tierd.slices (dataset, range_from, range_to, generation)
  where published_at is not null;
create index slices_by_move on tierd.slices (move_id);

-- One immutable object in the lake (I3). Its row is written before the object is.
create table tierd.segments (
  id           bigint generated always as identity primary key,
  slice_id     bigint not null references tierd.slices,
  dataset      text not null,
  object_key   text not null unique,
  state        text not null check (state in ('publishing', 'live', 'retired', 'removed', 'abandoned')),
  bytes        bigint not null check (bytes > 0),
  sha256       text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  row_count    bigint not null check (row_count > 0),
  -- Microseconds since 1970: exact, and the same for every kind of time column.
  min_time_us  bigint not null,
  max_time_us  bigint not null check (max_time_us >= min_time_us),
  statistics   jsonb not null,
  published_at timestamptz,
  changed_at   timestamptz not null default clock_timestamp()
);
create index segments_by_slice on tierd.segments (slice_id);
create index segments_live on tierd.segments (dataset, min_time_us, max_time_us) where state = 'live';
create index segments_abandoned on tierd.segments (dataset) where state = 'abandoned';

-- Which lake this ledger speaks of: an empty mount point in its place must not pass for it.
create table tierd.lake (
  only_row boolean primary key default true check (only_row),
  lake_id  uuid not null
);

-- Down Migration

drop table tierd.lake;
drop table tierd.segments;
drop table tierd.slices;
drop table tierd.moves;
drop table tierd.runs;
drop table tierd.leases;
