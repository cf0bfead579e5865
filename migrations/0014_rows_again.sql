-- Up Migration

-- Late rows whose key the lake already had, and how many of them were not equal to what it had.
alter table tierd.runs
  add column rows_again bigint not null default 0,
  add column rows_changed bigint not null default 0;

-- Files of replaced segments wait here for the end of their grace.
create index segments_retired on tierd.segments (dataset, changed_at) where state = 'retired';

-- Down Migration

drop index tierd.segments_retired;
alter table tierd.runs
  drop column rows_again,
  drop column rows_changed;
