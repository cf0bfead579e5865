-- Up Migration

-- How many rows of which interval a slice of the lake has, once an expiry has read it: what was published never
-- changes, so it is read once. By the name that the column has in the slice's own files.
create table tierd.slice_intervals (
  slice_id    bigint not null references tierd.slices on delete cascade,
  column_name text not null,
  -- [{"interval": text or null, "rows": number}, …]: of all of its rows.
  intervals   jsonb not null,
  primary key (slice_id, column_name)
);

-- Down Migration

drop table tierd.slice_intervals;
