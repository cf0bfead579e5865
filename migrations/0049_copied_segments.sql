-- Up Migration

-- Segments that lie in a copy of the lake as well, each read back from there. The copy's own id is in its marker;
-- the lake becomes it by a switch.
create table tierd.copied_segments (
  lake_id     uuid not null,
  object_key  text not null,
  verified_at timestamptz not null default clock_timestamp(),
  primary key (lake_id, object_key)
);

-- Down Migration

drop table tierd.copied_segments;
