-- Up Migration

-- A job that no schedule starts, of the daemons of one owner, until somebody resumes it.
create table tierd.paused_jobs (
  owner        text not null,
  job          text not null,
  paused_since timestamptz not null default clock_timestamp(),
  paused_by    text not null,
  primary key (owner, job)
);

-- A dataset that no rotation and no drain touches, whoever starts them.
create table tierd.paused_datasets (
  dataset      text primary key,
  paused_since timestamptz not null default clock_timestamp(),
  paused_by    text not null
);

-- Down Migration

drop table tierd.paused_datasets;
drop table tierd.paused_jobs;
