-- Up Migration

-- Tables, partitions and chunks that VACUUM skipped or could not clean after a rotation: the next one comes back for them.
create table tierd.vacuums_due (
  -- Of a dataset, as it is configured.
  root_schema text not null,
  root_name   text not null,
  part_schema text not null,
  part_name   text not null,
  -- What was in the way the last time, in words. Null once nothing is left to do: a role that rotates need not be allowed to
  -- delete from the ledger.
  reason      text,
  first_at    timestamptz not null default clock_timestamp(),
  last_at     timestamptz not null default clock_timestamp(),
  attempts    int not null default 1,
  primary key (root_schema, root_name, part_schema, part_name)
);

-- Of a rotation: the table with its indexes, partitions and chunks before it and after its VACUUM; null where not measured.
alter table tierd.runs
  add column hot_bytes_before bigint,
  add column hot_bytes_after bigint;

-- Down Migration

alter table tierd.runs drop column hot_bytes_before, drop column hot_bytes_after;
drop table tierd.vacuums_due;
