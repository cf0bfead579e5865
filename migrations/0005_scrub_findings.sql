-- Up Migration

-- Segments that the last scrub of them found missing or altered. A later one that finds it sound
-- removes the row.
create table tierd.scrub_findings (
  object_key text primary key references tierd.segments (object_key),
  reason     text not null,
  found_at   timestamptz not null default clock_timestamp()
);

-- Down Migration

drop table tierd.scrub_findings;
