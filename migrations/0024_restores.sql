-- Up Migration

-- One row for each slice that a restore brings back: entered before its transaction begins, and
-- 'done' in that transaction, so that whoever lost the reply to COMMIT can look.
create table tierd.restores (
  id          uuid primary key,
  run_id      bigint not null references tierd.runs (id),
  dataset     text not null,
  slice_id    bigint not null references tierd.slices (id),
  -- Null where the rows went back into the dataset's own table.
  into_table  oid,
  state       text not null check (state in ('begun', 'done', 'abandoned')),
  row_count   bigint not null,
  created_at  timestamptz not null default clock_timestamp(),
  changed_at  timestamptz not null default clock_timestamp()
);

create index restores_begun on tierd.restores (dataset) where state = 'begun';
create index restores_by_slice on tierd.restores (slice_id) where state = 'done';

-- Time of a dataset that rotations leave hot, for it was restored on purpose.
create table tierd.pins (
  id           bigint generated always as identity primary key,
  dataset      text not null,
  range_from   timestamptz not null,
  range_to     timestamptz not null check (range_to > range_from),
  -- Null is for ever.
  pinned_until timestamptz,
  created_at   timestamptz not null default clock_timestamp(),
  unique (dataset, range_from, range_to)
);

-- Down Migration

drop table tierd.pins;
drop table tierd.restores;
