-- Up Migration

-- Nulls and NaNs of a segment by column, those that there are: {"nulls": {"bid": 3}, "nans": {}}. Null of segments from before.
alter table tierd.segments add column value_counts jsonb;

-- Down Migration

alter table tierd.segments drop column value_counts;
