-- Up Migration

-- What a move dropped of a partitioned table, parents first, so that a restore can make it again. What was dropped
-- before there was this table, or by a ledger that is gone, has no row: a restore says then which statement helps.
create table tierd.dropped_partitions (
  move_id       uuid not null references tierd.moves (id) on delete cascade,
  ordinal       integer not null,
  parent_schema text not null,
  parent_name   text not null,
  schema_name   text not null,
  name          text not null,
  bound         text not null,
  partition_key text,
  owner         text not null,
  tablespace    text,
  options       text[] not null,
  range_from    timestamptz,
  range_to      timestamptz,
  primary key (move_id, ordinal),
  check (range_to > range_from)
);

-- Down Migration

drop table tierd.dropped_partitions;
