-- Up Migration

-- A dataset that is given another name keeps its segments where they lie: below its former names as well.
-- A name that was given up stays that dataset's: a new one of that name would find files there that are not its own.
create table tierd.former_names (
  name       text primary key,
  dataset    text not null,
  renamed_at timestamptz not null default clock_timestamp()
);

alter table tierd.iceberg_manifests
  drop constraint iceberg_manifests_dataset_fkey,
  add constraint iceberg_manifests_dataset_fkey foreign key (dataset)
    references tierd.iceberg_metadata (dataset) on update cascade;

-- Down Migration

alter table tierd.iceberg_manifests
  drop constraint iceberg_manifests_dataset_fkey,
  add constraint iceberg_manifests_dataset_fkey foreign key (dataset) references tierd.iceberg_metadata (dataset);

drop table tierd.former_names;
