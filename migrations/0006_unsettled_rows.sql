-- Up Migration

-- The span of the rows that a source has committed and whose keys Redis may hand out again: microseconds
-- since 1970, both ends included. Until its pass has ended such a row is known by its key in the table
-- only, so a rotation must leave it there. Null when every key was told to Redis.
alter table tierd.drain_sources
  add column unsettled_from_us bigint,
  add column unsettled_to_us bigint,
  add check ((unsettled_from_us is null) = (unsettled_to_us is null));

-- Down Migration

alter table tierd.drain_sources
  drop column unsettled_from_us,
  drop column unsettled_to_us;
