-- Up Migration

-- A standby has its primary's system identifier and all of its rows. What tells a server that was promoted,
-- or restored to a point in time, is PostgreSQL's timeline. Null: not noted yet.
alter table tierd.lake
  add column timeline integer,
  add column follows_promotions boolean not null default false;

-- Down Migration

alter table tierd.lake
  drop column follows_promotions,
  drop column timeline;
