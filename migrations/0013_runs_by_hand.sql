-- Up Migration

-- Whether a person's command, not a daemon, began the run: such a run has no row in tierd.job_runs.
alter table tierd.runs add column by_hand boolean not null default false;
create index runs_by_hand on tierd.runs (id desc) where by_hand;

-- Down Migration

alter table tierd.runs drop column by_hand;
