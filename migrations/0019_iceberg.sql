-- Up Migration

-- The lake as Iceberg tables: where each dataset's current metadata lies. The row changes in the
-- transaction that makes a move true, so an engine sees a row cold exactly when PostgreSQL has it no longer.
create table tierd.iceberg_metadata (
  dataset           text primary key,
  -- Grows by one with each document.
  version           int not null check (version > 0),
  location          varchar(1000) not null,
  previous_location varchar(1000),
  -- What lies at the location.
  document          jsonb not null,
  -- The version that readers by path were shown last; behind until it is written.
  path_version      int not null check (path_version between 0 and version),
  changed_at        timestamptz not null default clock_timestamp()
);

-- Manifests of the current snapshot.
create table tierd.iceberg_manifests (
  object_key          text primary key,
  dataset             text not null references tierd.iceberg_metadata (dataset),
  bytes               bigint not null check (bytes > 0),
  spec_id             int not null,
  snapshot_id         bigint not null,
  sequence_number     int not null,
  min_sequence_number int not null,
  added_files         int not null,
  existing_files      int not null,
  deleted_files       int not null,
  added_rows          bigint not null,
  existing_rows       bigint not null,
  deleted_rows        bigint not null,
  partition_from      int,
  partition_to        int,
  check ((partition_from is null) = (partition_to is null))
);

create index iceberg_manifests_by_dataset on tierd.iceberg_manifests (dataset);

-- Which manifest lists a segment, and the snapshot that added it.
create table tierd.iceberg_files (
  segment_id      bigint primary key references tierd.segments (id),
  manifest_key    text not null references tierd.iceberg_manifests (object_key) deferrable initially deferred,
  snapshot_id     bigint not null,
  sequence_number int not null
);

create index iceberg_files_by_manifest on tierd.iceberg_files (manifest_key);

-- Every object of metadata that may lie in the lake: named before it is written.
create table tierd.iceberg_objects (
  object_key     text primary key,
  dataset        text not null,
  -- Null: of no move.
  move_id        uuid,
  state          text not null check (state in ('announced', 'in_use', 'abandoned')),
  -- The first version that has no use for it, nor has any later one.
  needless_since int,
  -- Since when no snapshot that the table keeps needs it.
  needless_at    timestamptz,
  changed_at     timestamptz not null default clock_timestamp()
);

create index iceberg_objects_to_go on tierd.iceberg_objects (dataset, needless_since)
  where state = 'abandoned' or needless_since is not null;
create index iceberg_objects_announced on tierd.iceberg_objects (dataset) where state = 'announced';

-- The name that a column had first: what it is called in segments from before there were ids.
alter table tierd.columns add column first_name text;
update tierd.columns set first_name = name;
alter table tierd.columns alter column first_name set not null;

-- Iceberg's SQL (JDBC) catalogue, for a role that may select from these two views and nothing else.
create view tierd.iceberg_tables as
  select 'tierd'::varchar(255) as catalog_name,
         'lake'::varchar(255) as table_namespace,
         dataset::varchar(255) as table_name,
         location as metadata_location,
         previous_location as previous_metadata_location,
         'TABLE'::varchar(5) as iceberg_type
  from tierd.iceberg_metadata;

create view tierd.iceberg_namespace_properties as
  select 'tierd'::varchar(255) as catalog_name,
         'lake'::varchar(255) as namespace,
         'exists'::varchar(255) as property_key,
         'true'::varchar(1000) as property_value;

-- Down Migration

drop view tierd.iceberg_namespace_properties;
drop view tierd.iceberg_tables;
alter table tierd.columns drop column first_name;
drop table tierd.iceberg_objects;
drop table tierd.iceberg_files;
drop table tierd.iceberg_manifests;
drop table tierd.iceberg_metadata;
